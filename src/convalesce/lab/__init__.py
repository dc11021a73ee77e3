"""Experiments on Keras: from the snapshot of a fit, changed, to what its training showed.

With `observe` the only room that knows TensorFlow. It runs what it is asked to and concludes
nothing. One applier a `Change` lies in `apply`, found by its file's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce.lab.bench import KerasLab as KerasLab


def __getattr__(name: str) -> Any:
    """`KerasLab`, loaded when it is asked for."""
    if name == "KerasLab":
        from convalesce.lab.bench import KerasLab

        return KerasLab
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
