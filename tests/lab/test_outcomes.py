"""What is held of trainings, and what goes when it takes too much."""

import numpy as np
import pytest

from convalesce.lab import outcomes
from convalesce.lab.outcomes import Outcomes
from convalesce.observe.kept import State


def test_the_oldest_go_and_the_latest_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "BYTES", 20)
    small, large = State([np.zeros(1)], [np.zeros(1)]), State([np.zeros(9)], [])
    held = Outcomes()
    held.keep("a", small)
    held.keep("b", small)
    assert held.get("a") is None
    assert held.get("b") is small
    held.keep("c", large)
    assert held.get("b") is None
    assert held.get("c") is large
