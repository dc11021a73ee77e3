"""Writes perturbed copies of labelled cases: the same fault in other clothes.

    python benchmarks/diagnosis/perturb.py --out COPIES CASES…

A rewrite is made when it is safe for all scripts of a case; what was not made, and why, is printed
and kept in the copy's `perturbed.json`. `--each` writes one copy a rewrite, not one with all.
The label is copied as it is: its figures are those of the original.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import libcst as cst

sys.path.insert(0, str(Path(__file__).parent))

from cases import Case, find_cases
from rewrite import Draw, Refused, Rewrite, batches, datasets, names, seeds, widths
from unroll import functional

# Batch sizes before data sets, which move them into the pipeline.
REWRITES: dict[str, Rewrite] = {
    "seeds": seeds,
    "names": names,
    "widths": widths,
    "batches": batches,
    "functional": functional,
    "datasets": datasets,
}
LEFT_ALONE = {"make_data.py"}


def main(given: list[str] | None = None) -> int:
    """Write the copies; exit status 1 when nothing could be rewritten in any case."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(REWRITES), help="rewrites, with commas between")
    parser.add_argument("--each", action="store_true", help="one copy a rewrite")
    asked = parser.parse_args(given)
    only = asked.only.split(",")
    unknown = sorted(set(only) - set(REWRITES))
    if unknown:
        parser.error(f"no rewrite is called {', '.join(unknown)}: there are {', '.join(REWRITES)}")
    wanted = {name: rewrite for name, rewrite in REWRITES.items() if name in only}
    groups = [{name: rewrite} for name, rewrite in wanted.items()] if asked.each else [wanted]
    made = 0
    for case in find_cases(asked.cases):
        for group in groups:
            mark = f"{asked.seed}-{next(iter(group))}" if asked.each else str(asked.seed)
            made += write_copy(case, asked.out / f"{case.id}~{mark}", asked.seed, group)
    return 0 if made else 1


def write_copy(case: Case, place: Path, seed: int, rewrites: dict[str, Rewrite]) -> bool:
    """Write one copy; nothing is written, and False returned, when no rewrite applies."""
    sources = sorted(p for p in case.folder.glob("*.py") if p.name not in LEFT_ALONE)
    scripts = {path.name: path.read_text() for path in sources}
    scripts, applied, refused = perturb(scripts, Draw(seed, _causes(case)), rewrites)
    print(f"{place.name}: {', '.join(applied) or 'nothing'}")
    for name, reason in refused.items():
        print(f"    no {name}: {reason}")
    if not applied:
        return False
    place.mkdir(parents=True)
    for path in case.folder.iterdir():
        if path.name in scripts:
            (place / path.name).write_text(scripts[path.name])
        elif path.is_file():
            shutil.copy(path, place / path.name)
    record = {"of": case.id, "seed": seed, "applied": applied, "refused": refused}
    (place / "perturbed.json").write_text(json.dumps(record, indent=1) + "\n")
    return True


def perturb(
    scripts: dict[str, str], draw: Draw, rewrites: dict[str, Rewrite]
) -> tuple[dict[str, str], list[str], dict[str, str]]:
    """Rewrite the scripts of a case alike: each rewrite in all of them, or in none.

    Returns:
        The scripts, the names of the rewrites made, and the reason for each that was not.
    """
    trees = {name: cst.parse_module(text) for name, text in scripts.items()}
    applied, refused = [], {}
    for name, rewrite in rewrites.items():
        anew = {script: rewrite(tree, draw) for script, tree in trees.items()}
        against = {s: made.reason for s, made in anew.items() if isinstance(made, Refused)}
        if against:
            script, reason = next(iter(against.items()))
            refused[name] = f"{reason} ({script})"
        else:
            trees = {s: made for s, made in anew.items() if isinstance(made, cst.Module)}
            applied.append(name)
    return {name: tree.code for name, tree in trees.items()}, applied, refused


def _causes(case: Case) -> frozenset[str]:
    planted = [cause for ids in case.accepted for cause in ids]
    return frozenset(planted + list(case.label.get("also_true", [])))


if __name__ == "__main__":
    raise SystemExit(main())
