"""Whether a metric measures the task of an output."""

from __future__ import annotations

from dataclasses import dataclass

from convalesce.core.setup import Loss, Setup
from convalesce.readings.task import REGRESSION_LOSSES, Labels, Task

HITS = frozenset({"accuracy", "binary_accuracy", "categorical_accuracy"}) | frozenset(
    {
        "sparse_categorical_accuracy",
        "top_k_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
    }
)
BY_THRESHOLD = frozenset(
    {
        "auc",
        "precision",
        "recall",
        "f1_score",
        "true_positives",
        "false_positives",
        "true_negatives",
        "false_negatives",
        "precision_at_recall",
        "recall_at_precision",
        "sensitivity_at_specificity",
        "specificity_at_sensitivity",
    }
)
ALIASES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "auc": "auc",
}
LARGEST_OF_ROW = HITS - {"accuracy", "binary_accuracy"}


@dataclass(frozen=True, slots=True)
class Unsuited:
    """A metric that doesn't measure the task: what it reads instead, and a better one."""

    metric: str
    says: str
    better: str
    minor: bool = False


def resolved(setup: Setup, labels: Labels, width: int) -> tuple[str, ...]:
    """Standard names of the metrics, `accuracy` taken as Keras takes it: by the shapes."""
    names = setup.metrics or setup.metrics_as_written
    return tuple(_standard(name, labels, width) for name in names)


def _standard(name: str, labels: Labels, width: int) -> str:
    plain = "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
    plain = ALIASES.get(name.lower(), plain.lower())
    if plain not in {"accuracy", "acc"}:
        return plain
    if width == 1:
        return "binary_accuracy"
    rows = labels.columns == width
    return "categorical_accuracy" if rows else "sparse_categorical_accuracy"


def unsuited(task: Task, width: int, loss: Loss, metric: str) -> Unsuited | None:
    """What a metric gets wrong; None where it suits, or is not known.

    Args:
        task: What the output is trained for; with its labels as mended where they need mending.
        width: Units of the output.
        loss: The output's loss.
        metric: Standard name, as Keras resolved it.
    """
    labels = task.labels
    if task.kind in {"regression", "reconstruction"}:
        return _for_figures(loss, metric)
    if task.kind == "binary" and width == 1:
        return _for_yes_no(labels, loss, metric)
    if task.kind in {"one_of_many", "binary"}:
        return _for_classes(labels, width, metric)
    if task.kind == "many_of_many" and metric in LARGEST_OF_ROW:
        says = f"{metric} compares only the largest label of a row, while several can be true"
        # It reads low rather than flattering, and Keras resolves a plain "accuracy" to it.
        return Unsuited(metric, says, "binary_accuracy", minor=True)
    return None


def _for_figures(loss: Loss, metric: str) -> Unsuited | None:
    if metric not in HITS | BY_THRESHOLD:
        return None
    better = "mean_absolute_error" if loss.name in REGRESSION_LOSSES else "mean_squared_error"
    what = "exact hits" if metric in HITS else "classes"
    return Unsuited(metric, f"{metric} counts {what}, while the targets are figures", better)


def _for_yes_no(labels: Labels, loss: Loss, metric: str) -> Unsuited | None:
    if metric in LARGEST_OF_ROW:
        says = f"{metric} looks for the largest of a row, and here a row has one unit"
        return Unsuited(metric, says, "binary_accuracy")
    if metric == "mean_io_u":
        says = "mean_io_u cuts answers to whole numbers, and every probability below 1 to 0"
        return Unsuited(metric, says, "BinaryIoU")
    if labels.coding == "sign" and metric in HITS:
        says = f"{metric} compares answers cut to 0 and 1 with labels of -1 and +1"
        return Unsuited(metric, says, "a metric with threshold 0 on labels of 0 and 1")
    if metric == "binary_accuracy" and loss.from_logits:
        says = "binary_accuracy cuts raw scores at 0.5, that is at a probability of 0.62"
        return Unsuited(metric, says, "BinaryAccuracy(threshold=0)", minor=True)
    return None


def _for_classes(labels: Labels, width: int, metric: str) -> Unsuited | None:
    if width < 2:
        return None
    rows = labels.coding in {"one_hot", "soft"}
    if metric == "binary_accuracy":
        right = "categorical_accuracy" if rows else "sparse_categorical_accuracy"
        says = (
            f"binary_accuracy counts each of {width} units for itself and reads "
            f"{1 - 1 / width:.2f} where nothing is learnt"
        )
        return Unsuited(metric, says, right, minor=width == 2 and rows)
    if rows and metric.startswith("sparse_"):
        says = f"{metric} asks for class numbers and gets rows"
        return Unsuited(metric, says, metric.removeprefix("sparse_"))
    if not rows and metric in {"categorical_accuracy", "top_k_categorical_accuracy"}:
        says = f"{metric} asks for one-hot rows and gets class numbers"
        return Unsuited(metric, says, f"sparse_{metric}")
    return None
