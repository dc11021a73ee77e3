"""Readings of how gradients and signals flow through the layers of a net."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convalesce.core.course import Predictions
from convalesce.core.model import Layer, Model
from convalesce.core.signal import Series
from convalesce.readings.curves import skill
from convalesce.readings.structure import RECTIFIERS, count, hidden, weighted

Floats = NDArray[np.float64]

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")
_CALL = re.compile(r" \(\d+\)$")  # behind the path of a layer: which of its calls


def typical(values: ArrayLike) -> float:
    """Median of the finite values; nan where there is none."""
    flat = np.asarray(values, np.float64).reshape(-1)
    flat = flat[np.isfinite(flat)]
    return float(np.median(flat)) if flat.size else math.nan


def ending(values: Floats) -> Floats:
    """The last quarter of the looks, one at least."""
    return values[-max(1, len(values) // 4) :]


def opening(series: Series) -> Series:
    """The first quarter of the looks, three at least: what the initial weights make of it."""
    some = slice(max(3, len(series) // 4))
    return Series(series.steps[some], series.values[some], series.labels)


def owner(label: str, layers: Sequence[Layer]) -> Layer | None:
    """The layer that a variable's or a layer's path belongs to.

    The longest path in front of it wins; failing that, the layer whose name is one of its parts.
    """
    parts = label.split("/")
    best: Layer | None = None
    for layer in layers:
        path = layer.path
        fits = bool(path) and (label == path or label.startswith(f"{path}/"))
        if fits and (best is None or len(path) > len(best.path)):
            best = layer
    if best is not None:
        return best
    return next((layer for layer in layers if layer.name and layer.name in parts), None)


def of_kernels(model: Model, series: Series) -> dict[str, Floats]:
    """Columns of the layers' main weights: layer name to values over time, in order of calls."""
    if series.values.ndim != 2:
        return {}
    layers = weighted(model)
    found: dict[str, Floats] = {}
    for i, label in enumerate(series.labels):
        if label.rsplit("/", 1)[-1] not in KERNELS:
            continue
        layer = owner(label, layers)
        if layer is not None:
            found.setdefault(layer.name, series.values[:, i])
    return {layer.name: found[layer.name] for layer in layers if layer.name in found}


# ---- gradients -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """Typical gradient of each weighted layer, front to back.

    Attributes:
        layers: Names, in the order of calls.
        levels: Root mean square of the gradient of one weight, median over the looks.
    """

    layers: tuple[str, ...]
    levels: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Level of the first layer over the highest of the last two; nan for under three layers."""
        if len(self.levels) < 3:
            return math.nan
        late = max(self.levels[-2:])
        return self.levels[0] / late if late > 0 and math.isfinite(late) else math.nan

    @property
    def order(self) -> float:
        """Rank correlation of depth and level: 1 where each layer gets more than the one before."""
        if len(self.levels) < 3:
            return math.nan
        ranks = np.argsort(np.argsort(self.levels, kind="stable"), kind="stable")
        return float(np.corrcoef(np.arange(len(ranks)), ranks)[0, 1])

    def under(self, share: float) -> tuple[str, ...]:
        """Layers that get less than `share` of the highest level."""
        top = max(self.levels, default=0.0)
        return tuple(n for n, v in zip(self.layers, self.levels, strict=True) if v < share * top)


def profile(model: Model, gradient_norm: Series) -> Profile:
    """Gradients of the layers on a scale that does not depend on their size.

    The norm is divided by the root of the number of weights, as Glorot and Bengio (2010,
    section 4.2) compare the spread of back-propagated gradients across layers. An output layer
    with a bias counts by the larger of both: the gradient of a bias shows how much comes
    in from the loss, whatever is left of the signal.
    """
    columns = of_kernels(model, gradient_norm)
    layers = {layer.name: layer for layer in weighted(model)}
    levels: dict[str, float] = {}
    for name, values in columns.items():
        level = typical(values) / math.sqrt(max(count(layers[name].kernel_shape), 1))
        levels[name] = level
    last = next((layers[name] for name in reversed(columns)), None)
    for i, label in enumerate(gradient_norm.labels):
        if last is not None and label.endswith("/bias") and owner(label, (last,)) is last:
            level = typical(gradient_norm.values[:, i])
            level /= math.sqrt(max(count(last.kernel_shape[-1:]), 1))
            levels[last.name] = max(levels[last.name], level)
    known = {name: level for name, level in levels.items() if math.isfinite(level)}
    return Profile(tuple(known), tuple(known.values()))


def total_norm(gradient_norm: Series) -> Floats:
    """Global gradient norm of each look, shape `(time,)`; inf where a part is not finite."""
    values = np.asarray(gradient_norm.values, np.float64)
    if values.ndim != 2 or not values.shape[1]:
        return values.reshape(-1)
    recorded = ~np.isnan(values).all(axis=0)
    with np.errstate(all="ignore"):
        norms: Floats = np.sqrt(np.square(values[:, recorded]).sum(axis=1))
    return norms


def growth(norms: Floats) -> float:
    """Highest finite norm over the typical norm of the first looks (a quarter, at least three)."""
    finite = norms[np.isfinite(norms)]
    first = typical(finite[: max(3, len(finite) // 4)])
    if not len(finite) or not first > 0:
        return math.nan
    with np.errstate(all="ignore"):
        return float(finite.max() / first)


def unmoved(model: Model, gradient_norm: Series, update_ratio: Series | None) -> tuple[Layer, ...]:
    """Layers that may learn by their flags, and whose kernel gets no gradient and never moves."""
    gradients = of_kernels(model, gradient_norm)
    updates = of_kernels(model, update_ratio) if update_ratio is not None else {}
    trained = [name for name, values in gradients.items() if _moves(values)]
    if not trained:
        return ()
    return tuple(
        layer
        for layer in weighted(model)
        if layer.trainable
        and layer.trainable_parameters > 0
        and layer.name in gradients
        and not _moves(gradients[layer.name])
        and not _moves(updates.get(layer.name, np.zeros(1)))
    )


def left_out(model: Model, gradient_norm: Series) -> tuple[Layer, ...]:
    """Layers that may learn by their flags, and whose kernel no training step was given.

    Keras trains the weights that were trainable when its step was made: flags that are set after
    `compile`, on a model that has been fitted, change nothing.
    """
    gradients = of_kernels(model, gradient_norm)
    kernels = [x for x in gradient_norm.labels if x.rsplit("/", 1)[-1] in KERNELS]
    if not gradients or len(gradients) != len(kernels):
        return ()  # whose some of them are is not known
    parts = {part for label in gradient_norm.labels for part in label.split("/")}
    return tuple(
        layer
        for layer in weighted(model)
        if layer.trainable and layer.trainable_parameters > 0 and layer.name not in parts
    )


def _moves(values: Floats) -> bool:
    """Anything but zero was seen; NaN is no sign of standing still."""
    return bool((values != 0).any())


# ---- activations -----------------------------------------------------------------------------


def of_layers(model: Model, series: Series, chosen: Callable[[Layer], bool]) -> dict[str, Floats]:
    """Columns of the chosen layers: name to values over time, in the order of the columns."""
    found: dict[str, Floats] = {}
    for name, values in _columns(model, series, chosen):
        found.setdefault(name, values)
    return found


def _columns(
    model: Model, series: Series, chosen: Callable[[Layer], bool]
) -> Iterator[tuple[str, Floats]]:
    """Name of the layer and values of each column; a layer that is called twice has two."""
    if series.values.ndim != 2:
        return
    for i, label in enumerate(series.labels):
        layer = owner(_CALL.sub("", label), model.layers)
        if layer is not None and chosen(layer):
            yield layer.name, series.values[:, i]


@dataclass(frozen=True, slots=True)
class Dead:
    """Units of one rectified layer that stay at zero.

    Attributes:
        first: Share at the first look, where it tells how alike the examples are to the
            layer: units that are off for all of them. `last`: at the end of training.
    """

    layer: str
    first: float
    last: float

    @property
    def died(self) -> float:
        """Share of the units that fired at first and do not at the end."""
        return max(self.last - self.first, 0.0) / (1 - self.first) if self.first < 1 else 0.0


def dead(model: Model, dead_units: Series) -> tuple[Dead, ...]:
    """Rectified hidden layers and their dead units, the worst first.

    Of a layer that is called in several places, the place where most are dead.
    """
    heads = {output.layer for output in model.outputs}

    def rectified(layer: Layer) -> bool:
        return layer.activation in RECTIFIERS and layer.name not in heads

    found = [
        Dead(name, typical(values[:1]), typical(ending(values)))
        for name, values in _columns(model, dead_units, rectified)
        if len(values)
    ]
    known = [d for d in found if math.isfinite(d.last) and math.isfinite(d.first)]
    worst: dict[str, Dead] = {}
    for one in sorted(known, key=lambda d: -d.last):
        worst.setdefault(one.layer, one)
    return tuple(worst.values())


def signal_kept(model: Model, activation_std: Series) -> float:
    """Spread of the last hidden layer's output over the first's at the start; nan if unknown.

    Only the looks of the first quarter count: later ones show what training made of it.
    """
    names = {layer.name for layer in hidden(model)}
    columns = list(of_layers(model, activation_std, lambda layer: layer.name in names).values())
    if len(columns) < 3:
        return math.nan
    early = [typical(values[: max(1, len(values) // 4)]) for values in columns]
    if not (math.isfinite(early[0]) and math.isfinite(early[-1]) and early[0] > 0):
        return math.nan
    return early[-1] / early[0]


# ---- what was learned ------------------------------------------------------------------------


def loss_share(answers: Predictions | None, steps: Series | None = None) -> float:
    """Share of the best constant answer's loss that the model has removed.

    Accuracy can be above chance while the loss has not moved; this asks the loss alone.
    Without answers, the share of the first losses that is gone at the end. nan where unknown.
    """
    if answers is not None and answers.baseline_loss > 0 and math.isfinite(answers.loss):
        share = 1 - answers.loss / answers.baseline_loss
        if math.isfinite(share):
            return share
    if answers is not None and math.isfinite(answers.r2):
        return answers.r2
    if steps is None or steps.values.ndim != 1:
        return math.nan
    first, last = typical(steps.values[:3]), typical(steps.values[-max(5, len(steps) // 10) :])
    return 1 - last / first if first > 0 and math.isfinite(last) else math.nan


def learned(answers: Predictions | None, steps: Series | None = None) -> float:
    """`curves.skill` of the answers; without it `loss_share` of the steps. nan where unknown."""
    known = skill(answers)
    return known if math.isfinite(known) else loss_share(None, steps)


def gap(train: Predictions | None, validation: Predictions | None) -> float:
    """Share learned on training examples minus that on validation; nan where unknown."""
    if train is None or validation is None:
        return math.nan
    return _accuracy_share(train) - _accuracy_share(validation)


def _accuracy_share(answers: Predictions) -> float:
    if math.isfinite(answers.r2):
        return max(answers.r2, 0.0)
    base = answers.baseline_accuracy
    if not (math.isfinite(answers.accuracy) and math.isfinite(base) and base < 1):
        return math.nan
    return max((answers.accuracy - base) / (1 - base), 0.0)
