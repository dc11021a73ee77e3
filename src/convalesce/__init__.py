"""convalesce: why a Keras training goes wrong, and what mends it.

`Monitor` is loaded when it is asked for: importing this package loads no TensorFlow and no NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce.lab.tools.balanced_batches import balanced_batches as balanced_batches
    from convalesce.lab.tools.class_weights import class_weights as class_weights
    from convalesce.lab.tools.compare_optimizers import compare_optimizers as compare_optimizers
    from convalesce.lab.tools.find_batch_size import find_batch_size as find_batch_size
    from convalesce.lab.tools.find_learning_rate import find_learning_rate as find_learning_rate
    from convalesce.lab.tools.losses import CostSensitiveLoss as CostSensitiveLoss
    from convalesce.lab.tools.losses import FocalLoss as FocalLoss
    from convalesce.lab.tools.oversample import oversample as oversample
    from convalesce.lab.tools.patience import early_stopping as early_stopping
    from convalesce.lab.tools.patience import reduce_on_plateau as reduce_on_plateau
    from convalesce.lab.tools.transfer import transfer as transfer
    from convalesce.session import monitor as Monitor  # noqa: N812 - it makes a Keras callback

__version__ = "0.1.0"

# Where each tool of the library is, by its file in `lab/tools`.
TOOLS = {
    "CostSensitiveLoss": "losses",
    "FocalLoss": "losses",
    "balanced_batches": "balanced_batches",
    "class_weights": "class_weights",
    "compare_optimizers": "compare_optimizers",
    "early_stopping": "patience",
    "find_batch_size": "find_batch_size",
    "find_learning_rate": "find_learning_rate",
    "oversample": "oversample",
    "reduce_on_plateau": "patience",
    "transfer": "transfer",
}
__all__ = [
    "CostSensitiveLoss",
    "FocalLoss",
    "Monitor",
    "__version__",
    "balanced_batches",
    "class_weights",
    "compare_optimizers",
    "early_stopping",
    "find_batch_size",
    "find_learning_rate",
    "oversample",
    "reduce_on_plateau",
    "transfer",
]


def __getattr__(name: str) -> Any:
    if name == "Monitor":
        from convalesce.session import monitor  # noqa: PLC0415

        return monitor
    if name in TOOLS:
        from importlib import import_module  # noqa: PLC0415

        return getattr(import_module(f"convalesce.lab.tools.{TOOLS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
