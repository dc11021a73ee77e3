"""Every signal that an observation may hold."""

from __future__ import annotations

from typing import Any

from convalesce.core.course import Crash, Evaluations, History, Idle, Origin, Predictions
from convalesce.core.data import Across, Split
from convalesce.core.model import Model
from convalesce.core.setup import Setup
from convalesce.core.signal import Series, Signal


def _series(name: str, unit: str, axes: tuple[str, ...], doc: str) -> Signal[Series]:
    return Signal(name, unit, axes, doc, Series)


# ---- facts -----------------------------------------------------------------------------------
TRAIN = Signal("train_data", "", (), "What the scan of the training split found.", Split)
VALIDATION = Signal(
    "validation_data", "", (), "What the scan of the validation split found.", Split
)
ACROSS = Signal("across_splits", "", (), "The validation split against the training split.", Across)
FED = Signal("fed_data", "", (), "Training batches as they reached the model, on a sample.", Split)
MODEL = Signal("model", "", (), "Layers, shapes and outputs when training began.", Model)
SETUP = Signal("setup", "", (), "What compile and fit were told.", Setup)
HISTORY = Signal("history", "", (), "Loss and metrics of each epoch.", History)
TRAIN_ANSWERS = Signal(
    "train_answers",
    "",
    (),
    "Answers on training examples, in inference mode, at the end.",
    Predictions,
)
VALIDATION_ANSWERS = Signal(
    "validation_answers", "", (), "Answers on validation examples at the end.", Predictions
)
EVALUATIONS = Signal("evaluations", "", (), "Calls of evaluate on hold-out data.", Evaluations)
ORIGIN = Signal("nonfinite_origin", "", (), "Where training first turned non-finite.", Origin)
IDLE = Signal("idle_layers", "", (), "Dropout and noise that no training step draws.", Idle)
CRASH = Signal("crash", "", (), "The exception that ended the script.", Crash)

# ---- series ----------------------------------------------------------------------------------
LOSS = _series("loss", "nat", ("step",), "Training loss of each batch, penalties included.")
PENALTY = _series("penalty", "nat", ("step",), "Sum of the regularisation losses.")
LEARNING_RATE = _series("learning_rate", "1", ("step",), "Rate in force at a step.")
GRADIENT_NORM = _series("gradient_norm", "1", ("step", "variable"), "L2 norm of a gradient.")
GRADIENT_MAX = _series("gradient_max", "1", ("step", "variable"), "Largest absolute entry.")
GRADIENT_NONFINITE = _series(
    "gradient_nonfinite", "1", ("step", "variable"), "Number of NaN or infinite entries."
)
GRADIENT_ZERO_SHARE = _series(
    "gradient_zero_share", "1", ("step", "variable"), "Share of entries that are exactly zero."
)
WEIGHT_NORM = _series("weight_norm", "1", ("step", "variable"), "L2 norm of a variable.")
UPDATE_RATIO = _series(
    "update_ratio", "1", ("step", "variable"), "Norm of an update over the norm of its variable."
)
ACTIVATION_MEAN = _series("activation_mean", "1", ("step", "layer"), "Mean of a layer's output.")
ACTIVATION_STD = _series("activation_std", "1", ("step", "layer"), "Its standard deviation.")
ACTIVATION_ZERO_SHARE = _series(
    "activation_zero_share", "1", ("step", "layer"), "Share of outputs that are exactly zero."
)
ACTIVATION_SATURATED_SHARE = _series(
    "activation_saturated_share", "1", ("step", "layer"), "Share in the flat ends of tanh, sigmoid."
)
ACTIVATION_NONFINITE = _series(
    "activation_nonfinite", "1", ("step", "layer"), "Number of NaN or infinite outputs."
)
DEAD_UNITS = _series(
    "dead_units",
    "1",
    ("step", "layer"),
    "Share of units or channels that are zero on every row seen.",
)
INPUT_MIN = _series("input_min", "1", ("step", "input"), "Smallest input of a batch.")
INPUT_MAX = _series("input_max", "1", ("step", "input"), "Largest input of a batch.")
INPUT_NONFINITE = _series(
    "input_nonfinite", "1", ("step", "input"), "Number of NaN or infinite inputs of a batch."
)
BATCH_LABELS = _series("batch_labels", "1", ("step", "class"), "Examples of each class in a batch.")

CATALOGUE: dict[str, Signal[Any]] = {
    value.name: value for value in tuple(globals().values()) if isinstance(value, Signal)
}
