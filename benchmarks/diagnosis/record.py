"""Runs every labelled case once under `convalesce run` and keeps its signals.

    python benchmarks/diagnosis/record.py --out RECORDS CASES…

CASES are folders of cases, or cases. Recorded cases are left alone; `--again` records them anew.
`score.py` then repeats the reasoning in seconds, as often as wanted. With `--command fix` the
faulty ones are mended as well, for `benchmarks/repair.py`. `--shuffle SEED` takes them in a random
order, so that what is recorded at any moment is a random sample. `--ray ADDRESS` runs them on a Ray
cluster; one that loses its worker is run again. Times of cases that share a machine are longer.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.diagnosis.cases import Case, find_cases
from benchmarks.diagnosis.scripts import Ran, run
from benchmarks.on_ray import each
from convalesce.lab.ray.cluster import Machines

LIMIT_S = 600

Job = tuple[Case, str]
Tried = tuple[dict[str, Any], bytes]  # what is told of it, and its record; empty for none


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
    parser.add_argument("--ray", metavar="ADDRESS", help="on a Ray cluster; `local` for one here")
    parser.add_argument("--shuffle", type=int, help="seed of a random order")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    wanted = asked.arms.split(",")
    jobs = [(c, arm) for c in find_cases(asked.cases) for arm in c.arms if arm in wanted]
    jobs = [j for j in jobs if asked.again or not _meta(asked.out, *j).exists()]
    if asked.shuffle is not None:
        random.Random(asked.shuffle).shuffle(jobs)  # noqa: S311 - no secret
    done = [_keep(asked.out, jobs[place], *found) for place, found in _tried(jobs, asked)]
    return 0 if all(done) else 1


def _tried(jobs: list[Job], asked: argparse.Namespace) -> Iterator[tuple[int, Tried]]:
    """Each case's place and what it left, here or on a cluster, as they end."""
    command = [asked.command, *(["--budget", asked.budget] if asked.budget else [])]
    if asked.ray is not None:
        given = [(packed(*job), command, asked.plain) for job in jobs]
        yield from each(attempt, given, Machines(address=asked.ray, workers=asked.jobs))
        return
    with ThreadPoolExecutor(asked.jobs) as pool:
        runs = {
            pool.submit(lambda j=job: attempt(packed(*j), command, asked.plain)): place
            for place, job in enumerate(jobs)
        }
        for one in as_completed(runs):
            yield runs[one], one.result()


def _meta(out: Path, case: Case, arm: str) -> Path:
    return out / f"{case.id}.{arm}.json"


def packed(case: Case, arm: str) -> bytes:
    """The script of one arm and its data, as a tar archive."""
    with tempfile.TemporaryDirectory(prefix="job") as folder:
        case.prepare(arm, Path(folder))
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            tar.add(folder, arcname=".")
        return archive.getvalue()


def attempt(archive: bytes, command: Sequence[str], plain: bool) -> Tried:  # noqa: FBT001
    """Run what was packed, in a folder of its own: what is told of it, and its record.

    Args:
        archive: Of `packed`.
        command: Of convalesce, with its options.
        plain: Time plain python as well.
    """
    with tempfile.TemporaryDirectory(prefix="job") as folder:
        place = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(place, filter="data")
        store = place.with_name(f"{place.name}-store")
        report = store / "report.json"
        options = ["--quiet", "--store", str(store), "--json", str(report)]
        ran = _timed(["-m", "convalesce", *command, *options, "train.py"], place)
        alone = _timed(["train.py"], place) if plain else None
        records = sorted(store.glob("runs/*/run.msgpack"))
        meta = {
            "status": ran.status,
            "seconds": ran.seconds,
            "plain_seconds": alone.seconds if alone else None,
            "stdout_equal": ran.stdout == alone.stdout if alone else None,
            "stdout": ran.stdout[-2000:],
            "stderr": ran.stderr[-4000:],
            "report": json.loads(report.read_text()) if report.exists() else None,
        }
        record = records[0].read_bytes() if records else b""
        shutil.rmtree(store, ignore_errors=True)
    return meta, record


def _keep(out: Path, job: Job, meta: dict[str, Any], record: bytes) -> bool:
    """Write what one case left; whether there was a report."""
    case, arm = job
    if record:
        (out / f"{case.id}.{arm}.msgpack").write_bytes(record)
    _meta(out, case, arm).write_text(json.dumps(meta, indent=1))
    reported = meta["report"] is not None
    verdict = meta["report"]["verdict"] if reported else "NO REPORT"
    print(f"{case.id:40s} {arm:8s} {meta['seconds']:6.1f} s  {verdict}", flush=True)
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
