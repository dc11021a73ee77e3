"""convalesce: why a Keras training goes wrong, and what mends it.

`Monitor` is loaded when it is asked for: importing this package loads no TensorFlow and no NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce.session import monitor as Monitor  # noqa: N812 - it makes a Keras callback

__version__ = "0.1.0"
__all__ = ["Monitor", "__version__"]


def __getattr__(name: str) -> Any:
    if name == "Monitor":
        from convalesce.session import monitor  # noqa: PLC0415

        return monitor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
