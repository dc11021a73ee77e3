"""A study by workers of a real Ray is the study of one process."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

from convalesce import core, studying
from convalesce.keeping import conclude
from convalesce.lab.ray.cluster import Machines, connected
from tests.lab.ray.test_crew import cnn, observed

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray's own processes
]
TRIALS = 5  # more than one round of four


@pytest.fixture(autouse=True)
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RAY_worker_niceness", "0")
    with connected(Machines(workers=2)):
        yield


def test_a_study_by_workers_is_the_study_of_one_process(tmp_path: Path) -> None:
    course, shelf = observed(cnn(), rate=1e-4)
    examined = conclude(core.Run(script="train.py", fits=tuple(course.fits)), (), "2026-01-01")
    asked = studying.Asked(
        trials=TRIALS,
        seconds=None,
        seed=3,
        script=tmp_path / "train.py",
        original=None,
        place=tmp_path / "here",
    )
    here = studying.study(examined, shelf, asked, print)
    told: list[str] = []
    machines = Machines(workers=2, tell=told.append)
    asked = replace(asked, place=tmp_path / "there", machines=machines)
    there = studying.study(examined, shelf, asked, print)
    assert told == []
    # As texts: of those that failed, the value is nan, which equals nothing.
    assert [repr(replace(t, seconds=0.0)) for t in there.trials] == [
        repr(replace(t, seconds=0.0)) for t in here.trials
    ]
    assert len(here.trials) == TRIALS
    assert len({type(c) for t in here.trials for c in t.changes}) > 5
    assert repr(there.finalists) == repr(here.finalists)
