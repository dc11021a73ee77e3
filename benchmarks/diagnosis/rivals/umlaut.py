"""UMLAUT: checks of the program and of each epoch, each with a message of its own.

Schoop, Huang and Hartmann, *UMLAUT: Debugging Deep Learning Programs using Program Structure and
Model Behavior*, CHI 2021. The rules are those of the artefact, github.com/BerkeleyHCI/umlaut:
`umlaut/heuristics.py`, and for two that stand only there the messages of `umlaut/errors.py`
(`FinalLayerHasActivationError`, `HighDropoutError`). Several can be said of one run; they are
ordered by the severity in their titles (Critical, Error, Warning), then as the checks run.

Read in its favour: a softmax is asked for only where the loss is a cross-entropy, and it counts
as an activation of a layer, too (the code asks for a Softmax layer under any loss); an activation
layer behind a linear one is seen; token ids may exceed -1 … 1. Input is what reaches the model, so
that a Rescaling layer inside does not help, as there. Left out: checks whose bodies are empty in
the artefact (initialisation, accuracy or validation missing from compile and fit), and an integer
input, which its own callback casts away. A NaN loss without a NaN input is reported by earlier
versions of the file only; it is reported here.
"""

from __future__ import annotations

import itertools

import numpy as np

from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import looks
from convalesce import core

RULES = "heuristics.py"
BOUND = core.Limit(1, "1", f"{RULES}, check_input_normalization: -1 … 1")
RATE_HIGH = core.Limit(0.01, "1", f"{RULES}, check_learning_rate_range")
RATE_LOW = core.Limit(1e-7, "1", f"{RULES}, check_learning_rate_range")
VALIDATION_HIGH = core.Limit(0.95, "1", f"{RULES}, check_high_validation_acc")
VALIDATION_FROM = core.Limit(3, "epochs", f"{RULES}, check_high_validation_acc")
DROPOUT = core.Limit(0.5, "1", "errors.py, HighDropoutError: above 0.5")

# In the order of severity. A message is taken to name what its text blames.
MEANS = {
    "Critical: Missing Softmax layer before loss": ("arch.output_activation", "hp.loss"),
    "Critical: Missing activation functions": ("arch.missing_nonlinearity",),
    "Critical: NaN in input": ("data.nonfinite",),
    "Error: NaN in loss": ("hp.lr_high", "data.nonfinite", "arch.exploding_gradient"),
    "Error: Image data may have incorrect shape": ("data.preprocessing_mismatch",),
    "Error: Input data exceeds typical limits": ("data.unnormalized",),
    "Warning: Last model layer has nonlinear activation": ("arch.output_activation",),
    "Warning: High dropout rate": ("reg.too_strong",),
    "Warning: Learning Rate is high": ("hp.lr_high",),
    "Warning: Learning Rate is low": ("hp.lr_low",),
    "Warning: Possible overfitting": ("reg.overfitting", "data.insufficient", "arch.too_deep"),
    "Warning: Check validation accuracy": (
        "data.leakage",
        "data.labels",
        "data.preprocessing_mismatch",
    ),
}
ENTROPIES = ("categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy")


def say(signals: core.Signals) -> tuple[Claim, ...]:
    """Every message, most severe first."""
    said = {*_program(signals), *_data(signals), *_epochs(signals)}
    return tuple(Claim(causes, title) for title, causes in MEANS.items() if title in said)


def _program(signals: core.Signals) -> list[str]:
    """Checks before training."""
    said = []
    output, loss = looks.first_output(signals), looks.first_loss(signals)
    if output is not None and loss is not None and loss.name in ENTROPIES and not loss.from_logits:
        fits = {"softmax", "sigmoid"} if loss.name == "binary_crossentropy" else {"softmax"}
        if output.activation is not None and output.activation not in fits:
            said.append("Critical: Missing Softmax layer before loss")
    layers = looks.layers(signals)
    if any(_linear(layers, at) for at in range(len(layers))):
        said.append("Critical: Missing activation functions")
    for layer, after in itertools.pairwise(layers):
        curved = layer.kernel_shape and layer.activation not in {None, "linear"}
        if curved and not after.kernel_shape and after.activation == "softmax":
            said.append("Warning: Last model layer has nonlinear activation")
    if any(layer.rate is not None and layer.rate > DROPOUT.value for layer in layers):
        said.append("Warning: High dropout rate")
    return said


def _linear(layers: tuple[core.Layer, ...], at: int) -> bool:
    """A layer in front of another weighted one, with no activation in it or between them."""
    if layers[at].activation != "linear":
        return False
    for after in layers[at + 1 :]:
        if after.kernel_shape:
            return True
        if after.activation not in {None, "linear"}:
            return False
    return False


def _data(signals: core.Signals) -> list[str]:
    """Checks of the input."""
    said = []
    low, high = looks.input_range(signals)
    if low < -BOUND.value or high > BOUND.value:
        said.append("Error: Input data exceeds typical limits")
    train = looks.seen(signals, core.TRAIN)
    inputs = train.inputs if train is not None else ()
    if any(len(x.shape) == 3 and x.shape[0] != x.shape[1] for x in inputs):
        said.append("Error: Image data may have incorrect shape")
    if looks.any_nonfinite(looks.curve(signals, "loss")):
        bad = any(x.nonfinite for x in inputs)
        said.append("Critical: NaN in input" if bad else "Error: NaN in loss")
    return said


def _epochs(signals: core.Signals) -> list[str]:
    """Checks at the end of each epoch."""
    said = []
    series = looks.seen(signals, core.LEARNING_RATE)
    setup = looks.seen(signals, core.SETUP)
    rates = list(series.values) if series is not None else []
    if not np.isfinite(rates).any() and setup is not None and setup.optimizer is not None:
        rates = [setup.optimizer.learning_rate]
    if any(rate > RATE_HIGH.value for rate in rates):
        said.append("Warning: Learning Rate is high")
    if any(rate < RATE_LOW.value for rate in rates):
        said.append("Warning: Learning Rate is low")
    loss, unseen = looks.curve(signals, "loss"), looks.curve(signals, "loss", validation=True)
    count = min(len(loss), len(unseen))
    if ((np.diff(unseen[:count]) > 0) & (np.diff(loss[:count]) <= 0)).any():
        said.append("Warning: Possible overfitting")
    accuracy = looks.curve(signals, *looks.ACCURACIES)
    unseen = looks.curve(signals, *looks.ACCURACIES, validation=True)
    count = min(len(accuracy), len(unseen))
    late = slice(int(VALIDATION_FROM.value), count)
    if (unseen[late] > VALIDATION_HIGH.value).any() or (unseen[late] > accuracy[late]).any():
        said.append("Warning: Check validation accuracy")
    return said
