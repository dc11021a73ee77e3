"""Loss that an untrained model ought to start at, by its loss and its targets.

Before any update the answers hardly depend on the input: a softmax gives each of C classes 1/C, a
sigmoid ½, a linear output 0. From that the loss follows, e.g. ln C for one of many.

Source: A. Karpathy, 2019, "A recipe for training neural networks" ("verify loss @ init").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MIDDLES = {"sigmoid": 0.5, "hard_sigmoid": 0.5, "softplus": math.log(2)}


def expected_loss(
    loss: str,
    targets: Floats,
    *,
    classes: int = 0,
    activation: str = "linear",
    settings: Mapping[str, float] | None = None,
) -> float:
    """Loss where all answers stand at the middle; nan where it is not known.

    Args:
        loss: Name of the loss's function in Keras, e.g. `sparse_categorical_crossentropy`.
        targets: Shape `(examples, ...)`.
        classes: Units of the output.
        activation: Of the output.
        settings: Of the loss, where they are not Keras's: `gamma`, `alpha`, `delta`,
            `label_smoothing`.
    """
    own = settings or {}
    if loss in _OF_CLASSES and classes > 1:
        return _OF_CLASSES[loss](classes, targets, own)
    if loss in _OF_UNITS:
        return _OF_UNITS[loss](own)
    middle = 1 / classes if activation == "softmax" and classes else MIDDLES.get(activation, 0.0)
    if loss in _OF_NUMBERS and targets.size:
        return float(np.mean(_OF_NUMBERS[loss](np.asarray(targets, np.float64), middle, own)))
    return math.nan


def _many(classes: int, _: Floats, own: Mapping[str, float]) -> float:
    del own
    return math.log(classes)


def _focal(classes: int, _: Floats, own: Mapping[str, float]) -> float:
    left = (1 - 1 / classes) ** own.get("gamma", 2.0)
    return float(own.get("alpha", 0.25) * left * math.log(classes))


def _divergence(classes: int, targets: Floats, own: Mapping[str, float]) -> float:
    """Logarithm of C less the entropy of the targets, in mean over the examples."""
    del own
    shares = np.clip(np.asarray(targets, np.float64), 1e-7, 1)
    return math.log(classes) + float((shares * np.log(shares)).sum(-1).mean())


_OF_CLASSES: dict[str, Callable[[int, Floats, Mapping[str, float]], float]] = {
    "categorical_crossentropy": _many,
    "sparse_categorical_crossentropy": _many,
    "categorical_focal_crossentropy": _focal,
    "kl_divergence": _divergence,
    "categorical_hinge": lambda *_: 1.0,
}
_OF_UNITS: dict[str, Callable[[Mapping[str, float]], float]] = {
    "binary_crossentropy": lambda _: math.log(2),
    "binary_focal_crossentropy": lambda own: 0.5 ** own.get("gamma", 2.0) * math.log(2),
}


def _huber(y: Floats, middle: float, own: Mapping[str, float]) -> Floats:
    delta, off = own.get("delta", 1.0), np.abs(y - middle)
    return np.where(off <= delta, off**2 / 2, delta * off - delta**2 / 2)


def _signs(y: Floats) -> Floats:
    """Labels 0 and 1 as −1 and 1, as Keras's hinge losses take them."""
    return 2 * y - 1 if np.isin(y, (0.0, 1.0)).all() else y


_OF_NUMBERS: dict[str, Callable[[Floats, float, Mapping[str, float]], Floats]] = {
    "mean_squared_error": lambda y, middle, _: (y - middle) ** 2,
    "mean_absolute_error": lambda y, middle, _: np.abs(y - middle),
    "huber": _huber,
    "log_cosh": lambda y, middle, _: np.logaddexp(y - middle, middle - y) - math.log(2),
    "hinge": lambda y, middle, _: np.maximum(1 - _signs(y) * middle, 0),
    "squared_hinge": lambda y, middle, _: np.maximum(1 - _signs(y) * middle, 0) ** 2,
    "mean_squared_logarithmic_error": lambda y, middle, _: (
        (np.log1p(np.maximum(y, 0)) - math.log1p(max(middle, 0))) ** 2
    ),
}
