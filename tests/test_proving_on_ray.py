"""What workers of a real Ray prove and mend is what this process proves and mends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

import keras

from convalesce import core, proving
from convalesce.keeping import conclude
from convalesce.lab.ray.cluster import Machines, connected
from tests.lab.ray.test_crew import observed

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray's own processes
]


@pytest.fixture(autouse=True)
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RAY_worker_niceness", "0")
    with connected(Machines(workers=2)):
        yield


def test_workers_prove_and_mend_what_this_process_does_and_it_keeps_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convalesce.treat.refining.TRIES", 0)  # no better course is looked for
    keras.utils.set_random_seed(1)
    dense = [keras.layers.Flatten(), keras.layers.Dense(16, activation="relu")]
    last = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((8, 8, 1)), *dense, last])
    course, shelf = observed(model, rate=1e-3, every=1, epochs=4)
    examined = conclude(core.Run(script="train.py", fits=tuple(course.fits)), (), "2026-01-01")
    asked: list[str] = []

    def treated(machines: Machines | None) -> core.Examined:
        script = proving.Script(path=tmp_path / "train.py", original=None)
        proven = proving.prove(examined, shelf, 100.0, (), asked.append, machines)
        return proving.mend(proven, shelf, script, (), asked.append, machines)

    here = treated(None)
    made = shelf.lab
    shelf.lab = None
    (tmp_path / "train-mended.keras").unlink()
    there = treated(Machines(workers=2, tell=asked.append))
    assert not [line for line in asked if "trained here" in line and "keep it" not in line]
    assert len(shelf.lab.lab._prepared) < len(made.lab._prepared)  # the workers have made the rest
    shelf.close()
    assert there.diagnosis == here.diagnosis
    assert there.treatment == here.treatment
    assert here.diagnosis.findings[0].verdict is core.Verdict.CONFIRMED
    assert there.treatment is not None and there.treatment.verified is not None
    assert there.treatment.verified.pairs == 3
    assert keras.saving.load_model(tmp_path / "train-mended.keras").built
    assert there.run.probes_s > 1.0  # the time that was waited for them
