"""The charts of one fit: curves with their decisive moments, and the flow through the layers."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from markupsafe import Markup

from convalesce import core
from convalesce.report import charts, words
from convalesce.report.svg import Floats

METRICS = 5  # charts of metrics beside that of the loss
CUT = 0.75  # a rate that falls below this share of the last epoch's was cut
CUTS = 4  # more cuts than this are a schedule: its own chart shows it
BESIDE = ("bias", "gamma", "beta", "embeddings_bias")  # variables that follow their kernel
FLOWS = (
    (core.GRADIENT_NORM, "Gradient norm by variable", True),
    (core.UPDATE_RATIO, "Update over weight by variable", True),
    (core.ACTIVATION_STD, "Spread of activations by layer", True),
    (core.DEAD_UNITS, "Share of dead units by layer", False),
    (core.ACTIVATION_ZERO_SHARE, "Share of zero activations by layer", False),
    (core.ACTIVATION_SATURATED_SHARE, "Share of saturated activations by layer", False),
)


def curves(signals: core.Signals) -> list[Markup]:
    """Loss and metrics over epochs, loss and rate over steps."""
    found = [*_epochs(signals), _steps(signals), _rate(signals)]
    return [f for f in found if f]


def _epochs(signals: core.Signals) -> Iterable[Markup]:
    if core.HISTORY not in signals:
        return
    history = signals[core.HISTORY]
    names = [n for n in history.metrics if not n.startswith("val_")]
    names += [n[4:] for n in history.metrics if n.startswith("val_") and n[4:] not in names]
    names.sort(key=lambda n: n != "loss")
    for name in names[: METRICS + 1]:
        if name in {"learning_rate", "lr"}:
            continue
        drawn = [
            charts.Line(said, *_counted(history.curve(key)), tone)
            for key, said, tone in ((name, "training", 0), (f"val_{name}", "validation", 1))
        ]
        if max((len(line.x) for line in drawn), default=0) < 2:
            continue  # one value is no curve; it stands in the summary
        marks = decisive(signals) if name == "loss" else []
        yield charts.lines(f"{words.plain(name, 60)} per epoch", drawn, marks)


def _counted(values: tuple[float, ...]) -> tuple[Floats, Floats]:
    return np.arange(1, len(values) + 1, dtype=np.float64), np.array(values, np.float64)


def decisive(signals: core.Signals) -> list[charts.Mark]:
    """Best validation epoch, cuts of the rate, the end before its time, the first NaN."""
    history = signals[core.HISTORY]
    marks = []
    held = np.array(history.curve("val_loss"), np.float64)
    if len(held) > 1 and np.isfinite(held).any():
        best = int(np.nanargmin(np.where(np.isfinite(held), held, np.nan))) + 1
        restored = ", restored" if history.best_restored else ""
        marks.append(charts.Mark(best, f"best val_loss: epoch {best}{restored}"))
    marks += cuts(history.learning_rate)
    if history.stopped and history.epochs > 1:
        marks.append(charts.Mark(history.epochs, words.plain(history.stopped, 40)))
    if core.ORIGIN in signals and history.epochs > 1:
        at = min(signals[core.ORIGIN].epoch + 1, history.epochs)
        marks.append(charts.Mark(at, "first non-finite value"))
    return marks


def cuts(rates: tuple[float, ...]) -> list[charts.Mark]:
    """Epochs after which the learning rate was cut, where that happened a few times."""
    found = [
        charts.Mark(epoch, f"rate cut to {words.number(now)}")
        for epoch, (before, now) in enumerate(pairwise(rates), 2)
        if 0 < now < CUT * before
    ]
    return found if len(found) <= CUTS else []


def _steps(signals: core.Signals) -> Markup:
    """Loss of each recorded step, with the penalty where there is one."""
    if core.LOSS not in signals:
        return Markup("")
    loss = signals[core.LOSS]
    drawn = [charts.Line("training", *_one(loss), 0)]
    if core.PENALTY in signals and np.nan_to_num(signals[core.PENALTY].values).any():
        drawn.append(charts.Line("penalty", *_one(signals[core.PENALTY]), 2))
    marks = []
    if core.ORIGIN in signals:
        origin = signals[core.ORIGIN]
        what = f"{origin.first} in {words.plain(origin.name, 24)}"
        marks.append(charts.Mark(origin.step, f"step {origin.step}: {what} not finite"))
    return charts.lines("loss per step", drawn, marks, "step")


def _rate(signals: core.Signals) -> Markup:
    """The learning rate, where it changes."""
    if core.LEARNING_RATE not in signals:
        return Markup("")
    steps, rate = _one(signals[core.LEARNING_RATE])
    finite = rate[np.isfinite(rate)]
    if not finite.size or math.isclose(finite.min(), finite.max(), rel_tol=1e-6):
        return Markup("")
    return charts.lines("learning rate per step", [charts.Line("rate", steps, rate, 3)], (), "step")


def _one(series: core.Series) -> tuple[Floats, Floats]:
    values = np.asarray(series.values, np.float64)
    flat = values.reshape(len(values), -1)
    return np.asarray(series.steps, np.float64), flat[:, 0] if flat.size else np.zeros(0)


def flow(signals: core.Signals) -> list[Markup]:
    """How gradients, updates and activations run through the layers over time."""
    found = []
    for signal, title, log in FLOWS:
        if signal not in signals or not len(signals[signal]):
            continue
        labels, values = kernels(signals[signal])
        if not log and not (np.nan_to_num(values, nan=1.0) > 0).any():
            continue  # nothing dead, nothing saturated
        steps = np.asarray(signals[signal].steps, np.float64)
        found.append(charts.heat(title, steps, values, brief(labels), log=log))
    return [f for f in found if f]


def brief(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Paths cut to as few of their last parts as still tell them apart."""
    for parts in range(1, 5):
        tails = tuple("/".join(label.split("/")[-parts:]) for label in labels)
        if len(set(tails)) == len(labels):
            return tails
    return labels


def kernels(series: core.Series) -> tuple[tuple[str, ...], Floats]:
    """Columns without biases and scales, and without layers that were never recorded."""
    values = np.asarray(series.values, np.float64)
    if values.ndim != 2 or len(series.labels) != values.shape[1]:
        return (), np.zeros((0, 0))
    keep = [
        i
        for i, label in enumerate(series.labels)
        if label.rpartition("/")[2] not in BESIDE and not np.isnan(values[:, i]).all()
    ]
    if not keep:
        keep = list(range(values.shape[1]))
    return tuple(series.labels[i] for i in keep), values[:, keep]
