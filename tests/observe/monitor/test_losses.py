"""Batch losses from running means, and which steps are monitored."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce.observe.monitor.losses import batch_losses, running
from convalesce.observe.monitor.schedule import Schedule


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=50), st.integers(1, 7))
def test_running_means_give_their_batches_back(losses: list[float], rest: int) -> None:
    sizes = [8.0] * (len(losses) - 1) + [float(rest)]
    means = np.cumsum(np.array(losses) * sizes) / np.cumsum(sizes)
    np.testing.assert_allclose(batch_losses(means, sizes), losses, rtol=1e-6)


@pytest.mark.parametrize("means", [True, False])
def test_monitored_steps_tell_means_from_raw_values(means: bool) -> None:  # noqa: FBT001
    losses = np.linspace(3, 1, 12)
    sizes = [4.0] * 12
    logged = np.cumsum(losses) / np.arange(1, 13) if means else losses
    exact = [(3, float(losses[3])), (9, float(losses[9]))]
    assert running(exact, logged.tolist(), sizes) is means
    assert running([], logged.tolist(), sizes) is None


def test_the_default_schedule_is_dense_at_first_and_sparse_later() -> None:
    due = [step for step in range(300) if Schedule().due(step)]
    assert due == [*range(16), 16, 32, 50, 64, 100, 128, 150, 200, 250, 256]
    settled = [step for step in range(120) if Schedule(settled=True).due(step)]
    assert settled == [0, 16, 32, 50, 64, 100]


def test_several_steps_an_execution_are_due_when_one_of_them_is() -> None:
    assert Schedule(10).due(8, 4)
    assert not Schedule(10).due(1, 4)
    assert not Schedule(0).due(0)
