"""From Keras to signals. The only room, with the lab, that knows TensorFlow.

Here live the runner that catches fit calls, the scan of the data, the reading of the model and
its set-up, and the statistics taken in the graph. Nothing here concludes anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce.observe.script import UnusableScript as UnusableScript
    from convalesce.observe.script import observe_script as observe_script


def __getattr__(name: str) -> Any:
    """`observe_script` and `UnusableScript`, loaded when they are asked for."""
    if name in {"observe_script", "UnusableScript"}:
        from convalesce.observe import script

        return getattr(script, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
