"""Learning rates that are usual: of an optimizer, and of another batch."""

from __future__ import annotations

import math

DEFAULTS = {"SGD": 0.01}  # Keras 3, what each class starts from
USUAL = 0.001  # its other optimizers
MOST = 4.0  # times: further than that neither rule has been shown to hold


def default_rate(optimizer: str) -> float:
    """The learning rate that Keras gives an optimizer, by its class name."""
    return DEFAULTS.get(optimizer, USUAL)


def scaled(optimizer: str, times: float) -> float:
    """Factor on the rate where a batch is `times` as large: in proportion for SGD, else its root.

    Goyal et al., *Accurate, Large Minibatch SGD*, 2017; Malladi et al., *On the SDEs and Scaling
    Rules for Adaptive Gradient Algorithms*, 2022.
    """
    return times if optimizer == "SGD" else math.sqrt(times)


def scaled_within(optimizer: str, times: float) -> float:
    """The same, no further than the rules have been shown to hold."""
    return min(MOST, max(1 / MOST, scaled(optimizer, times)))
