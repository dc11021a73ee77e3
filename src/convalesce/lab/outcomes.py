"""What whole trainings left of a model, so that the mended one can be saved afterwards."""

from __future__ import annotations

from collections.abc import Hashable

from convalesce.observe.kept import State

BYTES = 1 << 30  # of all that are held; the latest is, whatever its size


class Outcomes:
    """States by the training that left them; the oldest go when they take too much memory.

    Arms whose changes rebuild no model share the user's own object: after the next arm, its
    weights are another's.
    """

    def __init__(self) -> None:
        self._states: dict[Hashable, State] = {}

    def keep(self, key: Hashable, state: State) -> None:
        """Of the latest training of this kind."""
        self._states.pop(key, None)
        self._states[key] = state
        while len(self._states) > 1 and sum(map(_size, self._states.values())) > BYTES:
            del self._states[next(iter(self._states))]

    def get(self, key: Hashable) -> State | None:
        """What the latest training of this kind left; None where it is not held."""
        return self._states.get(key)


def _size(state: State) -> int:
    return sum(a.nbytes for a in (*state.model, *state.optimizer))
