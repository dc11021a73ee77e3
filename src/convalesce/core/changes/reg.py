"""Changes to the regularisation."""

from __future__ import annotations

from dataclasses import dataclass

from convalesce.core.change import Change


@dataclass(frozen=True)
class SetDropout(Change):
    """Dropout in front of the last layer, or another rate where there is one."""

    rate: float
    layers: tuple[str, ...] = ()
    reads = "use a dropout rate of {rate}"


@dataclass(frozen=True)
class SetWeightPenalty(Change):
    """L1 and L2 factors of the kernels."""

    l1: float = 0.0
    l2: float = 0.0
    reads = "use weight penalties l1={l1}, l2={l2}"


@dataclass(frozen=True)
class SetWeightDecay(Change):
    """The optimizer's decoupled weight decay."""

    value: float
    reads = "set the optimizer's weight_decay to {value}"


@dataclass(frozen=True)
class StopEarly(Change):
    """EarlyStopping that gives back the best weights."""

    patience: int = 5
    monitor: str = "val_loss"
    reads = "use EarlyStopping(monitor='{monitor}', patience={patience}, restore_best_weights=True)"
    safe = True
