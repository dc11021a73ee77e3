"""Amazon SageMaker Debugger: all built-in rules that can be asked, with their documented defaults.

Rules and defaults: Amazon SageMaker Developer Guide, *List of Debugger Built-in Rules*
(docs.aws.amazon.com/sagemaker/latest/dg/debugger-built-in-rules.html; its source is
`doc_source/debugger-built-in-rules.md` of github.com/awsdocs/amazon-sagemaker-developer-guide).
The rules' code is not public. They run side by side and have no order among them; the more telling
ones stand first here, in the service's favour.

Tensors are saved at the end of each epoch here: the default, every 500 steps (`ruleConfigs.json` of
github.com/awslabs/sagemaker-debugger-rulesconfig), would see a single step of most of these
trainings. WeightUpdateRatio gets every monitored step, as its page asks for.

Approximated: a mean absolute gradient by its root mean square; SaturatedActivation by layer, not by
node, and with the recorded flat ends (nearer than ±9.5), in which all outputs of the layer have to
lie; PoorWeightInitialization by the spread of ReLU outputs (their inputs are not recorded) together
with a loss that does not fall, without percentiles of gradients, which are not recorded;
UnchangedTensor by the norms of weights; Confusion class by class. Left out: TensorVariance (its
limits have no defaults), CheckInputImages and NLPSequenceRatio (their defaults match names of
MXNet's tensors), StalledTraining (wall clock), SimilarAcrossRuns, and the rules for XGBoost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import looks
from convalesce import core

DEAD = core.Limit(0.5, "1", "DeadRelu, threshold_layer 50 %")
VANISHED = core.Limit(1e-7, "1", "VanishingGradient, threshold")
SATURATED = core.Limit(1.0, "1", "ours: SaturatedActivation, threshold_inactivity 1 % of each node")
LARGE = core.Limit(10, "1", "WeightUpdateRatio, large_threshold")
SMALL = core.Limit(1e-8, "1", "WeightUpdateRatio, small_threshold")
SAME = core.Limit(1e-5, "1", "UnchangedTensor, rtol")
SAME_STEPS = core.Limit(3, "saved steps", "UnchangedTensor, num_steps")
UNEVEN = core.Limit(10, "1", "PoorWeightInitialization, threshold: variance over variance")
PATIENT = core.Limit(5, "steps", "PoorWeightInitialization, patience")
EARLY = core.Limit(10, "steps", "PoorWeightInitialization, steps")
IMBALANCE = core.Limit(10, "1", "ClassImbalance, threshold_imbalance")
MISSED = core.Limit(0.7, "1", "ClassImbalance, threshold_misprediction")
LABELS = core.Limit(500, "labels", "ClassImbalance, samples")
OVERFIT = core.Limit(0.1, "1", "Overfit, ratio_threshold")
STALE = core.Limit(10, "saved steps", "Overtraining, patience_validation")
BETTER = core.Limit(0.1, "nat", "Overtraining, delta")
DIAGONAL = core.Limit(0.9, "1", "Confusion, min_diag")
ASIDE = core.Limit(0.1, "1", "Confusion, max_off_diag")
STEPS = core.Limit(10, "steps", "LossNotDecreasing, num_steps")

# A rule is taken to name what its description blames.
MEANS = {
    "ExplodingTensor": ("arch.exploding_gradient", "hp.lr_high", "data.nonfinite"),
    "WeightUpdateRatio too large": ("hp.lr_high", "arch.initialization"),
    "DeadRelu": ("arch.dead_units", "hp.lr_high", "arch.initialization"),
    "VanishingGradient": ("arch.vanishing_gradient", "arch.initialization", "arch.dead_units"),
    "SaturatedActivation": ("arch.vanishing_gradient", "arch.initialization"),
    "AllZero": ("arch.dead_units", "arch.initialization", "arch.vanishing_gradient"),
    "WeightUpdateRatio too small": ("hp.lr_low", "arch.frozen", "arch.vanishing_gradient"),
    "UnchangedTensor": ("arch.frozen", "hp.lr_low", "arch.dead_units"),
    "PoorWeightInitialization": ("arch.initialization",),
    "ClassImbalance": ("data.imbalance",),
    "Overtraining": ("hp.epochs_many", "reg.overfitting"),
    "Overfit": ("reg.overfitting", "data.insufficient"),
    "Confusion": ("data.imbalance", "data.labels"),
    "LossNotDecreasing": ("hp.lr_high", "hp.lr_low", "hp.optimizer"),
}


def say(signals: core.Signals) -> tuple[Claim, ...]:
    """Every rule that fires, the more telling ones first."""
    return tuple(Claim(MEANS[name], name) for name, fires in RULES.items() if fires(signals))


def _saved(
    signals: core.Signals, signal: core.Signal[core.Series], columns: dict[str, looks.Floats]
) -> Iterator[tuple[str, looks.Floats]]:
    """Each column at the steps that are saved."""
    series = looks.seen(signals, signal)
    ends = looks.at_epoch_ends(signals, series) if series is not None else []
    kept = [at for at in ends if at is not None]
    for name, values in columns.items():
        yield name, values[kept]


def _exploding(signals: core.Signals) -> bool:
    counts = (core.GRADIENT_NONFINITE, core.ACTIVATION_NONFINITE)
    found = [s for s in (looks.seen(signals, c) for c in counts) if s is not None]
    if any((np.nan_to_num(series.values) > 0).any() for series in found):
        return True
    loss = looks.losses(signals)
    return loss is not None and looks.any_nonfinite(loss.values)


def _large(signals: core.Signals) -> bool:
    ratios = looks.kernels(signals, core.UPDATE_RATIO)
    return any((values > LARGE.value).any() for values in ratios.values())


def _small(signals: core.Signals) -> bool:
    ratios = looks.kernels(signals, core.UPDATE_RATIO)
    return any((values < SMALL.value).any() for values in ratios.values())


def _dead(signals: core.Signals) -> bool:
    columns = looks.activations(signals, core.DEAD_UNITS, "relu")
    return any((v > DEAD.value).any() for _, v in _saved(signals, core.DEAD_UNITS, columns))


def _vanishing(signals: core.Signals) -> bool:
    sizes, columns = looks.sizes(signals), looks.kernels(signals, core.GRADIENT_NORM)
    saved = _saved(signals, core.GRADIENT_NORM, columns)
    return any((v / np.sqrt(sizes[name]) < VANISHED.value).any() for name, v in saved)


def _saturated(signals: core.Signals) -> bool:
    signal = core.ACTIVATION_SATURATED_SHARE
    columns = looks.activations(signals, signal, "tanh", "sigmoid")
    return any((v >= SATURATED.value).any() for _, v in _saved(signals, signal, columns))


def _all_zero(signals: core.Signals) -> bool:
    zeros = looks.kernels(signals, core.GRADIENT_ZERO_SHARE)
    weights = looks.kernels(signals, core.WEIGHT_NORM)
    gradients = _saved(signals, core.GRADIENT_ZERO_SHARE, zeros)
    if any((v == 1).any() for _, v in gradients):
        return True
    return any((v == 0).any() for _, v in _saved(signals, core.WEIGHT_NORM, weights))


def _unchanged(signals: core.Signals) -> bool:
    count = int(SAME_STEPS.value)
    columns = looks.kernels(signals, core.WEIGHT_NORM)
    for _, values in _saved(signals, core.WEIGHT_NORM, columns):
        for i in range(len(values) - count + 1):
            window = values[i : i + count]
            if np.isfinite(window).all() and np.allclose(window, window[0], rtol=SAME.value):
                return True
    return False


def _poor_weights(signals: core.Signals) -> bool:
    series, loss = looks.seen(signals, core.ACTIVATION_STD), looks.losses(signals)
    columns = looks.activations(signals, core.ACTIVATION_STD, "relu")
    if series is None or loss is None or len(columns) < 2:
        return False
    early = series.steps - series.steps[0] < EARLY.value
    spreads = np.stack([values[early] for values in columns.values()]) ** 2
    with np.errstate(all="ignore"):
        uneven = spreads.max(0) / spreads.min(0) > UNEVEN.value
    first = loss.values[: int(EARLY.value)]
    best = int(np.argmin(np.nan_to_num(first, nan=np.inf))) if len(first) else 0
    return bool(uneven.any()) and len(first) - 1 - best >= PATIENT.value


def _imbalance(signals: core.Signals) -> bool:
    train, answers = looks.seen(signals, core.TRAIN), looks.seen(signals, core.TRAIN_ANSWERS)
    counts = [c for c in train.targets[0].counts if c] if train and train.targets else []
    if len(counts) < 2 or sum(counts) < LABELS.value:
        return False
    recall = [r for r in answers.recall if np.isfinite(r)] if answers is not None else []
    return max(counts) > IMBALANCE.value * min(counts) or any(1 - r > MISSED.value for r in recall)


def _confusion(signals: core.Signals) -> bool:
    answers = looks.seen(signals, core.VALIDATION_ANSWERS)
    table = np.asarray(answers.confusion if answers is not None else (), np.float64)
    if table.ndim != 2 or not table.size:
        return False
    shares = table[table.sum(1) > 0] / table.sum(1)[table.sum(1) > 0, None]
    right = np.diag(table)[table.sum(1) > 0] / table.sum(1)[table.sum(1) > 0]
    aside = np.sort(shares, axis=1)[:, -2] if shares.shape[1] > 1 else np.zeros(1)
    return bool((right < DIAGONAL.value).any() or (aside > ASIDE.value).any())


def _overfit(signals: core.Signals) -> bool:
    loss, unseen = looks.curve(signals, "loss"), looks.curve(signals, "loss", validation=True)
    count = min(len(loss), len(unseen))
    gap = unseen[:count] - loss[:count]
    return bool((gap > OVERFIT.value * np.abs(loss[:count])).any())


def _overtraining(signals: core.Signals) -> bool:
    best, since = np.inf, 0
    for value in looks.curve(signals, "loss", validation=True):
        better = value < best - BETTER.value
        best, since = (value, 0) if better else (best, since + 1)
        if since >= STALE.value:
            return True
    return False


def _not_decreasing(signals: core.Signals) -> bool:
    """Validation loss, which is looked at first, or else training loss, between saved steps."""
    history = looks.seen(signals, core.HISTORY)
    unseen = looks.curve(signals, "loss", validation=True)
    values = unseen if len(unseen) else looks.curve(signals, "loss")
    if history is None or len(values) < 2:
        return False
    apart = max(1, int(np.ceil(STEPS.value / max(history.steps / len(values), 1e-9))))
    kept = values[::apart]
    return bool((np.diff(kept) >= 0).any())


RULES: dict[str, Callable[[core.Signals], bool]] = {
    "ExplodingTensor": _exploding,
    "WeightUpdateRatio too large": _large,
    "DeadRelu": _dead,
    "VanishingGradient": _vanishing,
    "SaturatedActivation": _saturated,
    "AllZero": _all_zero,
    "WeightUpdateRatio too small": _small,
    "UnchangedTensor": _unchanged,
    "PoorWeightInitialization": _poor_weights,
    "ClassImbalance": _imbalance,
    "Overtraining": _overtraining,
    "Overfit": _overfit,
    "Confusion": _confusion,
    "LossNotDecreasing": _not_decreasing,
}
