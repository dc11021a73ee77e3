"""Runs every labelled case once under `convalesce run` and keeps its signals.

    python benchmarks/diagnosis/record.py --out RECORDS CASES…

CASES are folders of cases, or cases. Recorded cases are left alone; `--again` records them anew.
`score.py` then repeats the reasoning in seconds, as often as wanted. With `--command fix` the
faulty ones are mended as well, for `benchmarks/repair.py`. `--shuffle SEED` takes them in a random
order, so that what is recorded at any moment is a random sample.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.diagnosis.cases import Case, find_cases
from benchmarks.diagnosis.scripts import Ran, run

LIMIT_S = 600


def main() -> int:
    """Record all cases; exit status 1 when a run left no report."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--arms", default="faulty,fixed,healthy")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="time plain python as well")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--command", default="run", choices=["run", "check", "fix"])
    parser.add_argument("--budget", help="of experiments, as the command takes it")
    parser.add_argument("--shuffle", type=int, help="seed of a random order")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = asked.arms.split(",")
    jobs = [(c, arm) for c in find_cases(asked.cases) for arm in c.arms if arm in wanted]
    jobs = [j for j in jobs if asked.again or not _meta(asked.out, *j).exists()]
    if asked.shuffle is not None:
        random.Random(asked.shuffle).shuffle(jobs)  # noqa: S311 - no secret
    with ThreadPoolExecutor(asked.jobs) as pool:
        done = list(pool.map(lambda job: _record(*job, asked), jobs))
    return 0 if all(done) else 1


def _meta(out: Path, case: Case, arm: str) -> Path:
    return out / f"{case.id}.{arm}.json"


def _record(case: Case, arm: str, asked: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="job") as folder:
        place = Path(folder)
        case.prepare(arm, place)
        store = place.with_name(f"{place.name}-store")
        report = store / "report.json"
        command = ["-m", "convalesce", asked.command, "--quiet"]
        command += ["--budget", asked.budget] if asked.budget else []
        command += ["--store", str(store), "--json", str(report), "train.py"]
        ran = _timed(command, place)
        plain = _timed(["train.py"], place) if asked.plain else None
        records = sorted(store.glob("runs/*/run.msgpack"))
        if records:
            shutil.copy(records[0], asked.out / f"{case.id}.{arm}.msgpack")
        meta = {
            "status": ran.status,
            "seconds": ran.seconds,
            "plain_seconds": plain.seconds if plain else None,
            "stdout_equal": ran.stdout == plain.stdout if plain else None,
            "stdout": ran.stdout[-2000:],
            "stderr": ran.stderr[-4000:],
            "report": json.loads(report.read_text()) if report.exists() else None,
        }
        _meta(asked.out, case, arm).write_text(json.dumps(meta, indent=1))
        shutil.rmtree(store, ignore_errors=True)
    reported = meta["report"] is not None
    verdict = meta["report"]["verdict"] if reported else "NO REPORT"
    print(f"{case.id:40s} {arm:8s} {ran.seconds:6.1f} s  {verdict}", flush=True)
    return reported


def _timed(arguments: list[str], place: Path) -> Ran:
    environment = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        "CONVALESCE_MLFLOW": "0",  # thousands of runs would be kept for nobody
    }
    return run(arguments, place, limit_s=LIMIT_S, environment=environment)


if __name__ == "__main__":
    sys.exit(main())
