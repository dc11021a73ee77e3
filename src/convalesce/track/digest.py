"""The figures of a run that lists, comparisons and MLflow show."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from convalesce import core

FALLING = ("loss", "error", "mse", "mae", "rmse", "divergence", "learning_rate")


def figures(examined: core.Examined, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a summary says beyond who, where and when.

    Args:
        examined: The run and what is concluded from it.
        lines: What was written while it trained; its seeds stand there alone.
    """
    run = examined.run
    standing = [f for f in examined.diagnosis.findings if f.verdict is not core.Verdict.REFUTED]
    histories = [fit.signals[core.HISTORY] for fit in run.fits if core.HISTORY in fit.signals]
    last = histories[-1] if histories else core.History(metrics={})
    return {
        "causes": [f.cause for f in standing],
        "findings": [
            {"cause": f.cause, "severity": f.severity.value, "verdict": f.verdict.value}
            for f in standing
        ],
        "fits": len(run.fits),
        "epochs": sum(history.epochs for history in histories),
        "steps": sum(history.steps for history in histories),
        "seconds": round(
            sum(fit.cost.training_s for fit in run.fits) or sum(h.seconds for h in histories), 3
        ),
        "metrics": {name: values[-1] for name, values in last.metrics.items() if values},
        "best": {name: best(name, values) for name, values in last.metrics.items() if values},
        "setting": setting(run),
        "data": fingerprint(run),
        "seeds": next((line["seeds"] for line in lines if line.get("seeds")), {}),
    }


def best(name: str, values: Iterable[float]) -> float:
    """The lowest of a loss or an error, the highest of a score; nan where none is finite."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return math.nan
    return min(finite) if falls(name) else max(finite)


def falls(name: str) -> bool:
    """Whether less is better, by the name of a metric."""
    return any(word in name for word in FALLING)


def setting(run: core.Run) -> dict[str, str | float | int]:
    """Model, loss and optimizer of the last fit, as far as they are known."""
    for fit in reversed(run.fits):
        setup = fit.signals.recorded.get(core.SETUP)
        model = fit.signals.recorded.get(core.MODEL)
        found: dict[str, str | float | int] = {}
        if model is not None:
            found |= {"model": model.name, "parameters": model.parameters}
        if setup is not None:
            found |= {"loss": ", ".join(loss.name for loss in setup.losses)}
            found |= {"epochs": setup.epochs}
            if setup.batch_size is not None:
                found["batch_size"] = setup.batch_size
            if setup.optimizer is not None:
                found["optimizer"] = setup.optimizer.name
                found["learning_rate"] = setup.optimizer.learning_rate
        if found:
            return found
    return {}


def fingerprint(run: core.Run) -> dict[str, Any]:
    """A hash of what the scan found in each split of the first fit: equal data, equal hashes.

    It is of shapes, types, ranges, means and counts, not of each byte; `whole` says whether every
    example was read. Of data that are read in part and in random order it differs by itself.
    """
    found: dict[str, Any] = {}
    for fit in run.fits[:1]:
        for name, signal in (("train", core.TRAIN), ("validation", core.VALIDATION)):
            split = fit.signals.recorded.get(signal)
            if split is not None:
                found[name] = {
                    "hash": _hash(split),
                    "examples": split.examples,
                    "whole": split.whole,
                }
    return found


def _hash(split: core.Split) -> str:
    parts = [repr((split.examples, split.scanned))]
    tensors: tuple[core.Inputs | core.Targets, ...] = (*split.inputs, *split.targets)
    for tensor in tensors:
        parts += [f"{f.name}={_short(getattr(tensor, f.name))}" for f in fields(tensor)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _short(value: Any) -> str:
    """Sums in another order end in other last digits."""
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, tuple):
        return f"({','.join(_short(v) for v in value)})"
    return str(value)
