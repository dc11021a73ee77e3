"""What tracking costs, what it loses under kill -9, and how fast runs are listed.

    python benchmarks/tracking.py --kills 50 --steps 100 --seconds 200 --runs 200
    python benchmarks/tracking.py --kills 0 --runs 0     # the cost alone, in about four minutes

The cost is told three times, all within one training: as the share of the CPU time of its epochs
that is spent on telling; as the ratio of epochs that are told of to their neighbours that are not;
and as the same ratio of what is left of them without the telling, which shows what telling does to
the training beside it. A killed training is compared with what the script itself had printed
before its end.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from numpy.typing import NDArray

from convalesce import core, keeping
from convalesce.core.codec import decode
from convalesce.observe.fit import Course
from convalesce.observe.options import Options
from convalesce.observe.telling import Told
from convalesce.track import disk, importer, index
from convalesce.track.folder import RunFolder, Start, begin
from convalesce.track.live import Live
from convalesce.track.replay import read_run

RESAMPLES = 2000
SCRIPT = """
import keras, numpy as np
keras.utils.set_random_seed(1)
x = np.random.rand(256, 8, 8, 1).astype("float32")
net = [keras.layers.Conv2D(4, 3, activation="relu"), keras.layers.Flatten(), keras.layers.Dense(1)]
model = keras.Sequential([keras.Input((8, 8, 1)), *net])
model.compile("sgd", "mse")

class Says(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(len(told), logs["loss"], flush=True)
        told.append(1)

told = []
while True:
    model.fit(x, x.mean((1, 2)), epochs=4, validation_split=0.2, verbose=0, callbacks=[Says()])
"""


# ---- kill -9 -------------------------------------------------------------------------------------


def killed_once(folder: Path, latest: float, rng: random.Random) -> tuple[bool, bool, int, int]:
    """One training killed at a random moment: one in five since it began, others since it trains.

    Returns:
        The folder is listed and its record opens; every whole epoch that the script printed before
        its last is there, with its figures; epochs printed; epochs kept.
    """
    script = folder / "train.py"
    script.write_text(SCRIPT)
    child = subprocess.Popen(
        [sys.executable, "-m", "convalesce", "run", "--quiet", "train.py"],
        cwd=folder,
        env={**os.environ, "CONVALESCE_MLFLOW": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    early, moment = rng.random() < 0.2, rng.uniform(0.0, latest)
    first = "" if early or child.stdout is None else child.stdout.readline()
    time.sleep(moment)
    child.send_signal(signal.SIGKILL)
    out = first + child.communicate()[0]
    said = [float(x.split()[1]) for x in out.splitlines(keepends=True) if x.endswith("\n")]
    listing = index.entries(folder / ".convalesce")
    if not listing.entries:
        return not listing.complaints and not said, not said, len(said), 0
    run = read_run(listing.entries[0].folder)
    histories = [f.signals.recorded.get(core.HISTORY) for f in run.fits]
    kept = [v for h in histories if h is not None for v in h.curve("loss")]
    # The script's callback runs before ours, so its last line may not have been told yet.
    expected = said[:-1]
    whole = kept[: len(expected)] == expected and not listing.complaints
    return listing.entries[0].status == "interrupted", whole, len(said), len(kept)


def killed_import(store: Path, rng: random.Random) -> bool:
    """One import killed at a random moment; MLflow's store opens afterwards, if it is there."""
    child = subprocess.Popen(
        keeping.command(store), env=environment(), stderr=subprocess.DEVNULL, start_new_session=True
    )
    time.sleep(rng.uniform(0.0, 12.0))
    child.kill()
    child.wait()
    database = store / "mlflow.db"
    if not database.exists():
        return True
    with closing(sqlite3.connect(database)) as base:
        return bool(base.execute("PRAGMA integrity_check").fetchall() == [("ok",)])


def environment() -> dict[str, str]:
    """That of an import into the store's own database."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    return keeping.calm(plain)


def kills(count: int, imports: int, latest: float) -> list[str]:
    """Rows of the table of kills."""
    rng = random.Random(0)  # noqa: S311 - moments, not secrets
    found = []
    with tempfile.TemporaryDirectory() as place:
        store = Path(place, "store")
        for i in range(count):
            folder = Path(place, str(i))
            folder.mkdir()
            found.append(killed_once(folder, latest, rng))
            print(f"kill {i + 1} of {count}: {found[-1]}", file=sys.stderr, flush=True)
            for run in folder.glob(".convalesce/runs/*"):
                (store / "runs").mkdir(parents=True, exist_ok=True)
                run.rename(store / "runs" / f"{run.name}-{i}")
        sound = [killed_import(store, rng) for _ in range(imports)]
        subprocess.run(keeping.command(store), env=environment(), check=False)
        whole = consistent(store)
    trained = [f for f in found if f[2]]
    return [
        f"| trainings killed | {count}, {len(trained)} of them after an epoch |",
        f"| folder is listed, record opens | {sum(f[0] for f in found)} of {count} |",
        f"| all that was flushed is there | {sum(f[1] for f in found)} of {count} |",
        f"| epochs printed, epochs kept | {sum(f[2] for f in found)}, {sum(f[3] for f in found)} |",
        f"| imports into MLflow killed, store opens | {sum(sound)} of {imports} |",
        f"| each run once in MLflow after the last import | {'yes' if whole else 'no'} |",
    ]


def consistent(store: Path) -> bool:
    """MLflow's store holds each folder's run once, ended, with the metrics of its record."""
    listed = index.entries(store).entries
    with closing(sqlite3.connect(store / "mlflow.db")) as base:
        ended = dict(base.execute("SELECT run_uuid, status FROM runs").fetchall())
        count = "SELECT count(*) FROM metrics WHERE run_uuid = ?"
        for one in listed:
            run_id = importer.brought(one.folder).get(importer.OWN, "")
            histories = [f.signals.recorded.get(core.HISTORY) for f in record(one.folder).fits]
            told = [h for h in histories if h is not None]
            values = sum(len(v) for h in told for v in h.metrics.values())
            values += sum(len(h.learning_rate) for h in told)
            if (
                ended.get(run_id) != "KILLED"
                or base.execute(count, (run_id,)).fetchone()[0] != values
            ):
                return False
    return len(ended) == len(listed)


def record(folder: RunFolder) -> core.Run:
    """The whole record, which the import concluded."""
    return decode(folder.record.read_bytes())


# ---- overhead ------------------------------------------------------------------------------------


KINDS = ("plain", "control", "tracked")
Spent = NDArray[np.float64]  # seconds of CPU of the whole process, and of wall


def now() -> Spent:
    """CPU of all threads: TensorFlow's work is in it, and so is ours, wherever it is done."""
    return np.array([time.process_time(), time.perf_counter()])


@dataclass(slots=True)
class Turns:
    """Epochs of one fit that are told of or not, in turn; what each took, and the telling in it.

    Attributes:
        order: Kind of each epoch: blocks of all kinds, shuffled within.
        epochs: What each took, from the end of the telling before to the end of its own.
        inside: Of it, the telling.
        once: What telling of the fit's begin and end took.
    """

    order: list[str]
    live: Live
    epochs: list[Spent] = field(default_factory=list)
    inside: list[Spent] = field(default_factory=list)
    once: Spent = field(default_factory=lambda: np.zeros(2))
    since: Spent = field(default_factory=now)

    def wrap(self, told: type[Told]) -> None:
        """Time all that is done to tell; epochs that are not to be told are let go by."""
        epoch = told.epoch

        def timed(this: Told, *given: Any) -> None:
            begun = now()
            place = len(self.epochs)
            if place < len(self.order) and self.order[place] == "tracked":
                epoch(this, *given)
            else:
                for one in (self.live._records, self.live._syncs, self.live._findings):  # noqa: SLF001
                    one._began += (begun - self.since)[1]  # noqa: SLF001
            ended = now()
            self.inside.append(ended - begun)
            self.epochs.append(ended - self.since)
            self.since = now()

        told.epoch = timed  # type: ignore[method-assign]
        for name in ("begins", "ends"):
            setattr(told, name, self._once(getattr(told, name)))

    def _once(self, tell: Callable[..., None]) -> Callable[..., None]:
        def timed(this: Told, *given: Any) -> None:
            begun = now()
            tell(this, *given)
            self.once += now() - begun
            self.since = now()

        return timed


def overhead(steps: int, seconds: float) -> list[str]:
    """Rows of the table of costs: one fit, watched throughout, told of in every third epoch.

    An epoch is compared with its neighbours: a load that comes and goes weighs on all alike. For
    what is done as often as a share of the time allows, time stands still while nothing is told.
    """
    import keras  # noqa: PLC0415 - the other parts do without

    layers = keras.layers
    rng = np.random.default_rng(0)
    x, y = rng.random((32 * steps, 28, 28, 1), np.float32), rng.integers(0, 10, 32 * steps)
    net = [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    model = keras.Sequential([keras.Input((28, 28, 1)), *net, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=2, verbose=0)
    begun = time.perf_counter()
    model.fit(x, y, epochs=2, verbose=0)
    blocks = max(4, round(seconds / (time.perf_counter() - begun) * 2 / len(KINDS)))
    order = [str(kind) for _ in range(blocks) for kind in rng.permutation(KINDS)]
    with tempfile.TemporaryDirectory() as place:
        folder = begin(Path(place), Start(script="train.py"), datetime.now(UTC))
        live = Live(folder, keeping._judge(()))  # noqa: SLF001 - what a run gets
        turns = Turns(order, live)
        turns.wrap(Told)
        arguments = {"x": x, "y": y, "epochs": len(order), "verbose": 0}
        Course(Options(quiet=True, tell=live)).fit(keras.Model.fit, model, (), arguments, None)
    first = len(KINDS)  # of the first block, traced and loaded for the first time
    taken, inside = np.array(turns.epochs)[first:], np.array(turns.inside)[first:]
    of = {kind: np.array(order[first:]) == kind for kind in KINDS}
    share = inside[of["tracked"]].sum(0) / taken[of["tracked"]].sum(0)
    once, each = turns.once, np.median(taken[of["plain"]], axis=0)
    rows = [
        f"| telling, of epochs that are told | {share[0]:.2%} of CPU | {share[1]:.2%} of wall |",
        f"| telling of begin and end, once | {once[0]:.3f} s of CPU | {once[1]:.3f} s of wall |",
    ]
    for name in KINDS[1:]:
        cpu, wall = (ratio(taken[of[name], k], taken[of["plain"], k]) for k in (0, 1))
        rows.append(f"| {name} over plain epochs, {blocks - 1} of each | {cpu} CPU | {wall} wall |")
    rest = taken - inside
    for name in KINDS[1:]:
        cpu, wall = (ratio(rest[of[name], k], rest[of["plain"], k], np.median) for k in (0, 1))
        rows.append(f"| {name} over plain, telling left out, medians | {cpu} CPU | {wall} wall |")
    rows.append(
        f"| a plain epoch of {steps} steps | {each[0]:.3f} s of CPU | {each[1]:.3f} s of wall |"
    )
    return rows


def ratio(values: Spent, plain: Spent, of: Callable[..., Any] = np.sum) -> str:
    """Ratio of the sums, and its 95 % interval from bootstrapped blocks.

    Of sums, since much of the telling falls on few epochs; of medians for what does not.
    """
    drawn = np.random.default_rng(0).integers(0, values.size, (RESAMPLES, values.size))
    ratios = of(values[drawn], axis=1) / of(plain[drawn], axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return f"{of(values) / of(plain):.4f} ({low:.4f} to {high:.4f})"


# ---- the list ------------------------------------------------------------------------------------


def listing(count: int) -> list[str]:
    """Rows of the table of the list: the command, from its call to its end, and reading alone."""
    with tempfile.TemporaryDirectory() as place:
        for i in range(count):
            now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=i)
            folder = begin(Path(place), Start(script=f"train_{i % 7}.py"), now)
            done = {
                "status": "finished",
                "verdict": ("healthy", "unhealthy", "undecided")[i % 3],
                "causes": ["hp.lr_high", "data.labels"][: i % 3],
                "epochs": 20,
                "metrics": {"loss": 0.1 + i, "val_loss": 0.2 + i},
            }
            disk.write_json(folder.summary, disk.read_json(folder.summary) | done)
        command = [sys.executable, "-m", "convalesce", "runs", "--store", place]
        whole = [
            _seconds(lambda: subprocess.run(command, capture_output=True, check=True))
            for _ in range(5)
        ]
        alone = [_seconds(lambda: index.entries(Path(place))) for _ in range(5)]
    return [
        f"| `convalesce runs` on {count} runs, whole command | {np.median(whole):.2f} s |",
        f"| reading the summaries alone | {np.median(alone):.3f} s |",
    ]


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--latest", type=float, default=8.0, help="seconds until a kill at most")
    parser.add_argument("--imports", type=int, default=5, help="imports into MLflow to kill")
    parser.add_argument("--steps", type=int, default=100, help="steps an epoch")
    parser.add_argument("--seconds", type=float, default=200.0, help="of training, for the cost")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--out", type=Path, help="also write the tables here")
    asked = parser.parse_args()
    lines = [
        "# Tracking",
        "",
        (
            f"`python benchmarks/tracking.py --kills {asked.kills} --steps {asked.steps} --seconds "
            f"{asked.seconds:g} --runs {asked.runs}`: {os.cpu_count()} CPU cores."
        ),
    ]
    if asked.runs:
        lines += ["", "| listing | |", "| --- | --- |", *listing(asked.runs)]
    if asked.seconds:
        lines += ["", "| cost | | |", "| --- | --- | --- |"]
        lines += overhead(asked.steps, asked.seconds)
    if asked.kills:
        lines += ["", "| kill -9 | |", "| --- | --- |"]
        lines += kills(asked.kills, asked.imports, asked.latest)
    print("\n".join(lines))
    if asked.out is not None:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
