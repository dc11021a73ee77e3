"""Optimizers to compare: the script's own as it is set up, and the usual ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from convalesce import core
from convalesce.readings.rates import default_rate

MOMENTUM = 0.9
USUAL: tuple[tuple[str, float | None, bool], ...] = (  # name, momentum of SGD, after Nesterov
    ("SGD", 0.0, False),
    ("SGD", MOMENTUM, False),
    ("SGD", MOMENTUM, True),
    ("RMSprop", None, False),
    ("Adam", None, False),
    ("AdamW", None, False),
    ("Lion", None, False),
)
PLAIN = {"RMSprop": 0.0, "Adam": 0.9, "AdamW": 0.9, "Lion": 0.9}  # Keras's momentum or beta_1
SETS_RATE = "LearningRateScheduler"


@dataclass(frozen=True, slots=True)
class Rival:
    """An optimizer that is tried over rates.

    Attributes:
        changes: That put it in place of the script's; none for the script's own.
        usual: The rate around which it is tried.
    """

    name: str
    changes: tuple[core.Change, ...]
    usual: float


def rivals(signals: core.Signals) -> Iterator[Rival]:
    """The script's own first; a usual one that is the same is not tried twice."""
    setup = signals.recorded.get(core.SETUP)
    own = setup.optimizer if isinstance(setup, core.Setup) else None
    rate = highest(own) if own is not None else 0.0
    if own is not None and rate > 0:
        yield Rival(f"{_named(own)} (the script's)", (), rate)
    scheduled = own is not None and own.schedule is not None
    for name, momentum, nesterov in USUAL:
        if own is not None and rate > 0 and _same(own, name, momentum, nesterov=nesterov):
            continue
        changes: tuple[core.Change, ...] = (core.SetOptimizer(name, scheduled=scheduled),)
        if momentum == 0 or nesterov:
            changes = (*changes, core.SetMomentum(momentum or 0.0, nesterov or None))
        yield Rival(_title(name, momentum, nesterov=nesterov), changes, default_rate(name))


def schedule_of(signals: core.Signals) -> str:
    """Name of the schedule that sets the script's rate; empty for a constant rate."""
    setup = signals.recorded.get(core.SETUP)
    if not isinstance(setup, core.Setup):
        return ""
    if any(c.name == SETS_RATE for c in setup.callbacks):
        return SETS_RATE
    schedule = setup.optimizer.schedule if setup.optimizer is not None else None
    return schedule.name if schedule is not None else ""


def highest(optimizer: core.Optimizer) -> float:
    """The rate, or the highest one of its schedule."""
    planned = optimizer.schedule.planned if optimizer.schedule is not None else ()
    return max(optimizer.learning_rate, *planned) if planned else optimizer.learning_rate


def is_nesterov(optimizer: core.Optimizer) -> bool:
    """Its momentum is set to be Nesterov's."""
    return bool(optimizer.settings.get("nesterov"))


def _title(name: str, momentum: float | None, *, nesterov: bool) -> str:
    return f"{name}{f', momentum {momentum:g}' if momentum else ''}{', Nesterov' * nesterov}"


def _named(own: core.Optimizer) -> str:
    """With what it sets otherwise than Keras does."""
    momentum, nesterov = _momentum(own), is_nesterov(own)
    if own.name == "SGD":
        return _title(own.name, momentum, nesterov=nesterov)
    usual = PLAIN.get(own.name)
    return own.name if momentum in {usual, None} else f"{own.name}, momentum {momentum:g}"


def _same(own: core.Optimizer, name: str, momentum: float | None, *, nesterov: bool) -> bool:
    if own.name != name:
        return False
    if name == "SGD":
        known = (own.momentum or 0.0, is_nesterov(own) and bool(own.momentum))
        return known == (momentum, nesterov)
    return _momentum(own) in {PLAIN.get(name), None}


def _momentum(own: core.Optimizer) -> float | None:
    return None if own.momentum is None else float(f"{own.momentum:.4g}")
