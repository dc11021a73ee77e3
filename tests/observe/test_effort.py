"""Seconds of work between two points in time."""

import pytest

from convalesce.observe.effort import Moment, now


@pytest.mark.parametrize(
    ("wall", "cpu", "work"),
    [
        (10.0, 17.0, 10.0),  # on several cores, and nothing else runs
        (10.0, 6.0, 6.0),  # others had the rest
        (10.0, 0.5, 2.5),  # it waited for a disk or an accelerator
        (0.0, 0.0, 0.0),
    ],
)
def test_others_programs_do_not_count(wall: float, cpu: float, work: float) -> None:
    assert Moment(100.0 + wall, 40.0 + cpu) - Moment(100.0, 40.0) == work


def test_the_clocks_go_forward() -> None:
    begun = now()
    assert sum(range(100_000)) > 0
    assert 0 <= begun.since <= now().wall - begun.wall
