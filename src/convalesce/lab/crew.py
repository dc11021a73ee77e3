"""Many arms on one machine: one after another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convalesce import core


class Alone:
    """A crew of one lab, which trains each arm in turn.

    Args:
        lab: Opened by the caller.
    """

    width = 1

    def __init__(self, lab: core.Lab) -> None:
        self._lab = lab

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        """Each arm's place and what it showed, or why not; see `core.Crew`."""
        for place, arm in enumerate(arms):
            try:
                yield place, self._lab.train(fit, arm, seconds=seconds)
            except Exception as error:  # noqa: BLE001 - one arm's end is not the others'
                yield place, error
