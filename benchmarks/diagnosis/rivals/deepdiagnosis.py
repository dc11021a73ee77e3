"""DeepDiagnosis: one of eight symptoms at the end of an epoch, and the fix that a list picks.

Wardat, Cruz, Le and Rajan, *DeepDiagnosis: Automatically Diagnosing Faults and Recommending
Actionable Fixes in Deep Learning Programs*, ICSE 2022. The rules and their order are those of the
artefact, `class mapFaluireToFix` and the functions above it in `callback/callbacks.py` of
github.com/DeepDiagnosis/ICSE2022. The first symptom ends the training; it and its fix are said.

Approximated: values at an epoch's end are those of its last monitored step; means of weights and
gradients that are zero or do not change are read as norms; outputs are those of the trained model,
not of the first epoch; the spread of weights is the one before training; saturation is the recorded
share beyond ±3.5 (sigmoid) or ±2.1 (tanh), where the artefact asks for ±5, so it is found a little
too readily, and the output is not asked. Read in its favour: the spread of weights and the ratio of
update to weight are taken over all weights, as their names say (the artefact takes them of a single
number, the mean of the weights, where the spread can never speak).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import looks
from convalesce import core

FILE = "callbacks.py"
DEAD = core.Limit(0.7, "1", f"{FILE}, threshold_layer_1: outputs that are not positive")
SATURATED = core.Limit(0.5, "1", f"{FILE}, threshold_layer: outputs in the flat ends")
VANISHED = core.Limit(1e-7, "1", f"{FILE}, threshold_VG: mean absolute gradient")
SPREAD = (
    core.Limit(1e-5, "1", f"{FILE}, min_threshold: variance of the weights"),
    core.Limit(10, "1", f"{FILE}, max_threshold: variance of the weights"),
)
RATE = core.Limit(1e-3, "1", f"{FILE}, LearnRate_threshold: update over weight, within a factor")
FACTOR = core.Limit(100, "1", f"{FILE}: lr > threshold * 100 or lr < threshold / 100")
BOUND = core.Limit(1, "1", f"{FILE}: X_train within -1 … 1")
WIDE = core.Limit(10, "1", f"{FILE}, identifyRange: range of the output over that of the labels")
WINDOW = core.Limit(5, "epochs", f"{FILE}, on_epoch_end, N: loss, activations and weights")
LONG = core.Limit(20, "epochs", f"{FILE}, on_epoch_end, FRQ: accuracy")

SYMPTOMS = {
    "Out of Range": ("arch.output_activation", "hp.loss"),
    "Numerical Error": ("arch.exploding_gradient",),
    "Numerical Error in delta Weights of the last layer": ("hp.loss", "arch.output_activation"),
    "Dead Node": ("arch.dead_units",),
    "Saturated Activation": ("arch.vanishing_gradient",),
    "Unchanged Tensor": (),
    "Invalid loss or accuracy": ("arch.exploding_gradient",),
    "Loss or accuracy does not improve": (),
    "Vanishing Gradient": ("arch.vanishing_gradient",),
}
FIXES = {
    "poor weight": ("arch.initialization",),
    "normalize the data": ("data.unnormalized",),
    "learning rate": ("hp.lr_high", "hp.lr_low"),
    "change the activation function": ("arch.output_activation", "arch.missing_nonlinearity"),
    "change optimizer": ("hp.optimizer",),
    "add dropout or missing activation": ("arch.missing_nonlinearity", "reg.overfitting"),
    "add or delete layer, or change sigmoid": ("arch.too_deep", "arch.too_shallow"),
}
# The fixes that are tried for a symptom, in order; the last needs no reason.
CHOICES = {
    "Out of Range": ("change the activation function",),
    "Numerical Error": (
        "poor weight",
        "normalize the data",
        "learning rate",
        "change the activation function",
    ),
    "Numerical Error in delta Weights of the last layer": ("change the activation function",),
    "Dead Node": (
        "normalize the data",
        "poor weight",
        "learning rate",
        "add dropout or missing activation",
    ),
    "Saturated Activation": (
        "normalize the data",
        "poor weight",
        "learning rate",
        "add dropout or missing activation",
    ),
    "Unchanged Tensor": ("poor weight", "learning rate", "change optimizer"),
    "Invalid loss or accuracy": ("learning rate", "change optimizer"),
    "Loss or accuracy does not improve": (
        "poor weight",
        "normalize the data",
        "learning rate",
        "change optimizer",
    ),
    "Vanishing Gradient": ("learning rate", "add or delete layer, or change sigmoid"),
}


def say(signals: core.Signals) -> tuple[Claim, ...]:
    """The first symptom with its fix; nothing where there is none."""
    for epoch in range(looks.epochs(signals)):
        for symptom in _symptoms(signals, epoch):
            fix = _fix(signals, symptom)
            causes = dict.fromkeys((*FIXES[fix], *SYMPTOMS[symptom]))
            return (Claim(tuple(causes), f"{symptom}: {fix}"),)
    return ()


# ---- symptoms --------------------------------------------------------------------------------


def _symptoms(signals: core.Signals, epoch: int) -> Iterator[str]:
    """Symptoms at the end of an epoch, in the order in which they are asked."""
    if epoch == 0 and _out_of_range(signals):
        yield "Out of Range"
    means = looks.activations(signals, core.ACTIVATION_MEAN)
    at = _at(signals, core.ACTIVATION_MEAN, epoch)
    if at is not None and any(_void(values[at]) for values in means.values()):
        yield "Numerical Error"
    if epoch == looks.epochs(signals) - 1 and at is not None:
        zeros = looks.activations(signals, core.ACTIVATION_ZERO_SHARE, "relu")
        if any(values[at] >= DEAD.value for values in zeros.values()):
            yield "Dead Node"
    window = (epoch + 1) % int(WINDOW.value) == 0
    output = looks.first_output(signals)
    head = output.layer if output is not None else ""
    if window and at is not None:
        flat = looks.activations(signals, core.ACTIVATION_SATURATED_SHARE, "sigmoid", "tanh")
        if any(values[at] > SATURATED.value for name, values in flat.items() if name != head):
            yield "Saturated Activation"
    inner = {name: values for name, values in means.items() if name != head}
    if window and _unchanged(signals, core.ACTIVATION_MEAN, inner, epoch):
        yield "Unchanged Tensor"
    yield from _metrics(signals, epoch)
    yield from _backward(signals, epoch, window=window)


def _metrics(signals: core.Signals, epoch: int) -> Iterator[str]:
    loss = looks.curve(signals, "loss")[: epoch + 1]
    accuracy = looks.curve(signals, *looks.ACCURACIES)[: epoch + 1]
    if looks.any_nonfinite(loss[-1:]):
        yield "Invalid loss or accuracy"
    if _constant(loss, WINDOW):
        yield "Loss or accuracy does not improve"
    if len(accuracy) and _void(accuracy[-1]):
        yield "Invalid loss or accuracy"
    if _constant(accuracy, LONG):
        yield "Loss or accuracy does not improve"


def _backward(signals: core.Signals, epoch: int, *, window: bool) -> Iterator[str]:
    """Gradients and weights of Dense layers, from the last one back."""
    dense = [layer.name for layer in looks.layers(signals) if layer.kind == "Dense"]
    gradients = looks.kernels(signals, core.GRADIENT_NORM)
    weights = looks.kernels(signals, core.WEIGHT_NORM)
    sizes, at = looks.sizes(signals), _at(signals, core.GRADIENT_NORM, epoch)
    for name in reversed(dense):
        if at is None or name not in gradients:
            continue
        norm = gradients[name][at]
        if _void(norm):
            last = " in delta Weights of the last layer" if name == dense[-1] else ""
            yield f"Numerical Error{last}"
        if norm / np.sqrt(sizes[name]) < VANISHED.value:
            yield "Vanishing Gradient"
        if name in weights and _void(weights[name][at]):
            yield "Numerical Error"
    for signal, columns in ((core.GRADIENT_NORM, gradients), (core.WEIGHT_NORM, weights)):
        chosen = {name: columns[name] for name in dense if name in columns}
        if window and _unchanged(signals, signal, chosen, epoch):
            yield "Unchanged Tensor"


def _out_of_range(signals: core.Signals) -> bool:
    """The labels lie outside what the last activation can give, or far inside."""
    output, loss = looks.first_output(signals), looks.first_loss(signals)
    train = looks.seen(signals, core.TRAIN)
    if output is None or loss is None or train is None or not train.targets:
        return False
    low, high = train.targets[0].minimum, train.targets[0].maximum
    name = output.activation
    if name in {"relu", "linear"} and "categorical_crossentropy" in loss.name:
        return True
    reach = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, np.inf), "elu": (-1, np.inf)}
    bottom, top = reach.get(name or "", (-np.inf, np.inf))
    answers = looks.seen(signals, core.TRAIN_ANSWERS)
    if name == "linear" and answers is not None and answers.minimum:
        width = max(answers.maximum) - min(answers.minimum)
        if width > WIDE.value * abs(high - low):
            return True
    return low < bottom or high > top


def _at(signals: core.Signals, signal: core.Signal[core.Series], epoch: int) -> int | None:
    series = looks.seen(signals, signal)
    return looks.at_epoch_ends(signals, series)[epoch] if series is not None else None


def _void(value: float) -> bool:
    """Infinite, NaN or zero."""
    return not np.isfinite(value) or value == 0


def _unchanged(
    signals: core.Signals,
    signal: core.Signal[core.Series],
    columns: dict[str, looks.Floats],
    epoch: int,
) -> bool:
    """Some column is the same at the end of as many epochs as a window has."""
    series = looks.seen(signals, signal)
    ends = looks.at_epoch_ends(signals, series) if series is not None else []
    recent = [at for at in ends[epoch + 1 - int(WINDOW.value) : epoch + 1] if at is not None]
    if len(recent) < WINDOW.value:
        return False
    return any(len(set(values[recent].tolist())) == 1 for values in columns.values())


def _constant(values: looks.Floats, window: core.Limit) -> bool:
    """A whole window of epochs ends here, and all of it is the same."""
    size = int(window.value)
    return len(values) > 0 and len(values) % size == 0 and len(set(values[-size:])) == 1


# ---- fixes -----------------------------------------------------------------------------------


def _fix(signals: core.Signals, symptom: str) -> str:
    """The first fix that has a reason; the last of the list without one."""
    output = looks.first_output(signals)
    linear = output is not None and output.activation == "linear"
    if symptom == "Invalid loss or accuracy" and linear:
        return "change the activation function"
    reasons = {
        "poor weight": _poor_weights,
        "normalize the data": _not_normal,
        "learning rate": _rate_off,
    }
    *tried, last = CHOICES[symptom]
    return next((fix for fix in tried if reasons[fix](signals)), last)


def _poor_weights(signals: core.Signals) -> bool:
    spreads = [layer.kernel_std**2 for layer in looks.layers(signals) if layer.kernel_shape]
    return any(v < SPREAD[0].value or v > SPREAD[1].value for v in spreads)


def _not_normal(signals: core.Signals) -> bool:
    low, high = looks.input_range(signals)
    return low < -BOUND.value or high > BOUND.value


def _rate_off(signals: core.Signals) -> bool:
    """At the last look, some update is far from a thousandth of its weights."""
    ratios = [v[-1] for v in looks.kernels(signals, core.UPDATE_RATIO).values() if len(v)]
    low, high = RATE.value / FACTOR.value, RATE.value * FACTOR.value
    return any(ratio > high or ratio < low for ratio in ratios)
