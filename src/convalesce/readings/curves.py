"""Reading of learning curves: how a loss fell, what it could still do, what it began at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from convalesce.core.catalogue import HISTORY, LOSS, PENALTY, SETUP, TRAIN, TRAIN_ANSWERS
from convalesce.core.course import Predictions
from convalesce.core.data import Split, Targets
from convalesce.core.setup import Setup
from convalesce.core.signal import Series, Signal, Signals

Floats = NDArray[np.float64]

SURE = 2.0  # standard errors that a slope must be from zero
KERNELS = ("kernel", "embeddings", "weight")
PROGRESS: tuple[Signal[Any], ...] = (TRAIN_ANSWERS, HISTORY, TRAIN, SETUP, PENALTY, LOSS)


# ---- one curve -------------------------------------------------------------------------------


def finite(values: ArrayLike) -> Floats:
    """The finite values of a curve, in order, shape `(n,)`."""
    flat = np.asarray(values, np.float64).reshape(-1)
    return flat[np.isfinite(flat)]


def noise(values: ArrayLike) -> float:
    """Standard deviation of a curve about its own smooth course.

    From second differences, which a straight course leaves at zero (Gasser, Sroka and
    Jennen-Steinmetz, Biometrika 1986, equation 2.4 for equal spacing). Infinity for fewer than
    four values, from which it cannot be told.
    """
    curve = finite(values)
    if len(curve) < 4:
        return math.inf
    with np.errstate(all="ignore"):
        bends = curve[:-2] - 2 * curve[1:-1] + curve[2:]
        spread = 1.4826 * float(np.median(np.abs(bends))) / math.sqrt(6)
    return spread if math.isfinite(spread) else math.inf


@dataclass(frozen=True, slots=True)
class Trend:
    """Slope per point of a piece of curve, by Theil and Sen, with its standard error."""

    slope: float
    error: float
    points: int

    @property
    def falling(self) -> bool:
        """It falls, beyond two standard errors."""
        return self.slope < -SURE * self.error and math.isfinite(self.error)

    @property
    def rising(self) -> bool:
        """It rises, beyond two standard errors."""
        return self.slope > SURE * self.error and math.isfinite(self.error)


def trend(values: ArrayLike, spread: float | None = None) -> Trend:
    """The slope of a curve.

    Args:
        values: Finite or not; those that are not are left out.
        spread: Noise of one point, where it is known better than from these values.
    """
    curve = finite(values)
    count = len(curve)
    if count < 2:
        return Trend(0.0, math.inf, count)
    first, second = np.triu_indices(count, 1)
    with np.errstate(all="ignore"):
        slope = float(np.median((curve[second] - curve[first]) / (second - first)))
    error = (noise(curve) if spread is None else spread) / math.sqrt(count * (count**2 - 1) / 12)
    return Trend(slope if math.isfinite(slope) else 0.0, error, count)


def ending(values: ArrayLike) -> Trend:
    """The slope over the last third of a curve, three points at least."""
    curve = finite(values)
    return trend(curve[-max(3, math.ceil(len(curve) / 3)) :], noise(curve))


@dataclass(frozen=True, slots=True)
class Fall:
    """How a loss came down.

    Attributes:
        start: Level before the first value.
        end: Level at the end, by the line through the last third.
        best: Lowest value. `best_at`: its index.
        pace: Rate of fall at the end over the mean rate since the start: 1 for a straight line,
            0 for a plateau, negative for a rise. An exponential approach after `x` time
            constants has `x / (exp(x) - 1)`.
        sure: The fall at the end is beyond two standard errors.
        points: Number of values.
    """

    start: float
    end: float
    best: float
    best_at: int
    pace: float
    sure: bool
    points: int


def fall(values: ArrayLike, start: float = math.nan) -> Fall | None:
    """How a curve fell from `start` (its own first value where that is not known).

    None for fewer than two finite values.
    """
    curve = finite(values)
    if len(curve) < 2:
        return None
    points = len(curve)
    end_trend = ending(curve)
    tail = curve[-end_trend.points :]
    with np.errstate(all="ignore"):
        end = float(np.median(tail) + end_trend.slope * (len(tail) - 1) / 2)
        known = math.isfinite(start) and start > end
        begin = start if known else float(curve[0])
        mean_rate = (begin - end) / (points if known else points - 1)
        pace = -end_trend.slope / mean_rate if mean_rate > 0 else 0.0
    best_at = int(np.argmin(curve))
    return Fall(
        start=begin,
        end=end,
        best=float(curve[best_at]),
        best_at=best_at,
        pace=pace if math.isfinite(pace) else 0.0,
        sure=end_trend.falling,
        points=points,
    )


def oscillation(values: ArrayLike) -> float:
    """Sum of all rises over the range of a curve: 0 where it only falls.

    A curve that only climbs has 1, one that swings n times over its whole range has n.
    """
    curve = finite(values)
    if len(curve) < 2:
        return 0.0
    with np.errstate(all="ignore"):
        steps = np.diff(curve)
        span = float(curve.max() - curve.min())
        ratio = float(steps[steps > 0].sum()) / span if span > 0 else 0.0
    return ratio if math.isfinite(ratio) else 0.0


def excess(values: ArrayLike) -> float:
    """How far the last value lies above the lowest, as a share of the lowest.

    Generalisation loss of Prechelt, *Early Stopping - But When?* (1998), as a share. Not a
    number for a curve that is not positive.
    """
    curve = finite(values)
    if not len(curve) or curve.min() <= 0:
        return math.nan
    with np.errstate(all="ignore"):
        return float(curve[-1] / curve.min() - 1)


# ---- series of steps -------------------------------------------------------------------------


def blocks(values: ArrayLike, count: int = 30) -> Floats:
    """Means of at most `count` equal parts of a curve, in order."""
    curve = finite(values)
    if len(curve) <= count:
        return curve
    with np.errstate(all="ignore"):
        return np.array([part.mean() for part in np.array_split(curve, count)])


def saw_tooth(series: Series, steps_per_epoch: int | None) -> float:
    """Share of the variance of a step curve, its trend taken out, that repeats every epoch.

    0 where the place within the epoch tells nothing; nan where there are under three epochs or
    four looks an epoch.
    """
    period = steps_per_epoch or 0
    curve, steps = series.values, series.steps
    if period < 4 or curve.ndim != 1:
        return math.nan
    with np.errstate(all="ignore"):
        keep = np.isfinite(curve)
        curve, epoch, place = curve[keep], steps[keep] // period, steps[keep] % period
        if len(curve) < 12 or len(np.unique(epoch)) < 3:
            return math.nan
        level = np.array([curve[epoch == e].mean() for e in epoch])
        rest = curve - level
        part = place * min(8, period) // period
        phase = np.array([rest[part == p].mean() for p in part])
        share = float(phase.var() / rest.var()) if rest.var() > 0 else 0.0
        groups = len(np.unique(part))
        chance = (groups - 1) / max(len(curve) - 1, 1)  # expected where the place tells nothing
    share = (share - chance) / (1 - chance) if chance < 1 else 0.0
    return min(max(share, 0.0), 1.0) if math.isfinite(share) else math.nan


def of_kernels(series: Series) -> Floats:
    """Median over the kernels at each look, shape `(time,)`; nan where none is finite.

    Biases begin at zero, so that anything relative to their norm is without bound.
    """
    values = np.asarray(series.values, np.float64)
    if values.ndim < 2:
        return values.reshape(-1)
    chosen = [i for i, name in enumerate(series.labels) if is_kernel(name)]
    values = values[:, chosen] if chosen else values
    out = np.full(len(values), math.nan)
    for i, row in enumerate(values):
        known = row[np.isfinite(row)]
        out[i] = np.median(known) if known.size else math.nan
    return out


def is_kernel(name: str) -> bool:
    """Whether a variable's path names a kernel or an embedding."""
    return any(word in name.rsplit("/", 1)[-1] for word in KERNELS)


# ---- against chance --------------------------------------------------------------------------


def chance_loss(setup: Setup | None, train: Split | None) -> float:
    """Mean loss of the best constant answer, in the loss's own unit; nan where it can't be told.

    Cross-entropies: the entropy of the class shares. Squared error: the variance of the
    targets. Absolute error of two classes: the share of the rarer. Not known where examples are
    weighted.
    """
    if setup is None or train is None or len(setup.losses) != 1 or not train.targets:
        return math.nan
    if setup.class_weight or setup.sample_weight:
        return math.nan
    loss, targets = setup.losses[0].name.lower(), train.targets[0]
    if "crossentropy" in loss and "focal" not in loss:
        return _entropy(targets, each_column="binary" in loss)
    if loss in {"mean_squared_error", "mse"}:
        columns = np.asarray(targets.column_std or (targets.std,), np.float64)
        with np.errstate(all="ignore"):
            level = float(np.mean(columns**2))
        return level if math.isfinite(level) and level > 0 else math.nan
    shares = _shares(targets)
    if loss in {"mean_absolute_error", "mae"} and targets.form == "binary" and len(shares):
        return float(shares.min())
    return math.nan


def _shares(targets: Targets) -> Floats:
    counts = finite([float(c) for c in targets.counts])
    total = counts.sum() if len(counts) else 0.0
    return counts / total if total > 0 and (counts >= 0).all() else np.empty(0)


def _entropy(targets: Targets, *, each_column: bool) -> float:
    shares = _shares(targets)
    if targets.form == "multi_hot" or (each_column and targets.form == "one_hot"):
        columns = finite(targets.column_mean) if targets.column_mean else shares
        open_ones = columns[(columns > 0) & (columns < 1)]
        each = -open_ones * np.log(open_ones) - (1 - open_ones) * np.log1p(-open_ones)
        return float(each.sum() / len(columns)) if len(open_ones) else math.nan
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum()) if len(shares) > 1 else math.nan


def skill(answers: Predictions | None) -> float:
    """Share of what the best constant answer leaves open that the model has learned.

    0 at chance, 1 where all is known, by loss, accuracy or explained variance, whichever is
    best; nan where none is known.
    """
    if answers is None or not answers.finite:
        return math.nan
    found = [
        _share_removed(math.nan if unbounded(answers) else answers.loss, answers.baseline_loss),
        _share_removed(1 - answers.accuracy, 1 - answers.baseline_accuracy),
        answers.r2,
    ]
    return max((f for f in found if math.isfinite(f)), default=math.nan)


def unbounded(answers: Predictions) -> bool:
    """A loss of classes below 0, from labels that it does not take: it tells nothing."""
    return answers.loss < 0 and math.isfinite(answers.accuracy)


def _share_removed(left: float, at_chance: float) -> float:
    if not (math.isfinite(left) and math.isfinite(at_chance) and at_chance > 0):
        return math.nan
    return 1 - left / at_chance


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training came.

    Attributes:
        skill: As `curves.skill`, of the model's answers where there are any, else of the
            training loss; where chance isn't known either, the share of the first loss
            that is gone. nan where nothing tells.
        start: Loss, penalties included, that learning began at: of the best constant
            answer or of the untrained model, whichever is lower.
        chance: Loss of the best constant answer, penalties left out; nan where not known.
        end: Training loss at the end, penalties left out.
    """

    skill: float
    start: float
    chance: float
    end: float


def progress(signals: Signals) -> Progress:
    """How far training came; a cause that asks for it declares `PROGRESS`."""
    answers, history = signals.get(TRAIN_ANSWERS), signals.get(HISTORY)
    chance = chance_loss(signals.get(SETUP), signals.get(TRAIN))
    penalty, loss = signals.get(PENALTY), signals.get(LOSS)
    penalties = finite(penalty.values) if penalty is not None else np.empty(0)
    first, last = (penalties[0], penalties[-1]) if len(penalties) else (0.0, 0.0)
    steps = finite(loss.values) if loss is not None else np.empty(0)
    epochs = finite(history.curve("loss")) if history is not None else np.empty(0)
    end = float(epochs[-1] - last) if len(epochs) else math.nan
    if len(steps) and not len(epochs):
        end = float(np.median(steps[-max(5, len(steps) // 10) :]) - last)
    initial = float(np.mean(steps[: max(1, len(steps) // 50)])) if len(steps) else math.nan
    known = [level for level in (chance + first, initial) if math.isfinite(level)]
    gained = skill(answers)
    if math.isnan(gained):
        gained = _share_removed(end, chance if math.isfinite(chance) else initial - first)
    return Progress(gained, min(known, default=math.nan), chance, end)
