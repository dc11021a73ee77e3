"""A mend that workers of a real Ray verify is the one that this process verifies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

from convalesce import core
from convalesce.diagnose import diagnose
from convalesce.lab.crew import crew_of
from convalesce.lab.ray.cluster import Machines, connected
from convalesce.treat import treat
from tests.confirm.bench import finding
from tests.lab.ray.test_crew import cnn, trained

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray's own processes
]


@pytest.fixture(autouse=True)
def ray(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("RAY_worker_niceness", "0")
    with connected(Machines(workers=2)):
        yield


def test_workers_verify_what_this_process_verifies_and_it_keeps_the_model(tmp_path: Path) -> None:
    lab = trained(cnn(), rate=1e-4)
    proven = replace(finding("hp.lr_low"), verdict=core.Verdict.CONFIRMED)
    sick = core.Diagnosis(health=core.Health.UNHEALTHY, findings=(proven,))
    with lab.open():
        here = treat(sick, lab, diagnose=diagnose)
        there = treat(
            sick, lab, diagnose=diagnose, hire=lambda fit: crew_of(lab, fit, Machines(workers=2))
        )
        lab.save(0, there.changes, tmp_path / "mended.keras")
    assert there.proven
    assert there.verified is not None
    assert there.verified.pairs == 3
    assert there == here
