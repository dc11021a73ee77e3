"""Metrics against tasks: which suit, and what the others read instead."""

from dataclasses import replace

import pytest

from convalesce.core import (
    Loss,
    Output,
    Targets,
)
from convalesce.readings import resolved, task_of, unsuited
from convalesce.readings.specimen_fit import labels, loss, model, setup

BCE, CCE, SCCE = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
MSE, MAE = "mean_squared_error", "mean_absolute_error"
BINARY, SIGN, FIGURES = labels("binary"), labels("sign"), labels("continuous")
FIVE, ROWS, TAGS = labels("class_index", 5), labels("one_hot", 5), labels("multi_hot", 5)
MASK, PIXELS = labels("mask_binary"), labels("reconstruction", shape=(16, 16, 1))


def answer(width: int, shape: tuple[int | None, ...] = ()) -> Output:
    return model("linear", width, shape[:2] if len(shape) > 2 else ()).outputs[0]


METRICS = [
    (FIGURES, 1, loss(MSE), "accuracy", True),
    (FIGURES, 1, loss(MSE), "binary_accuracy", True),
    (FIGURES, 1, loss(MSE), "auc", True),
    (FIVE, 1, loss(MAE), "binary_accuracy", True),
    (FIGURES, 1, loss(MSE), "mean_absolute_error", False),
    (FIGURES, 1, loss(MSE), "my_own_score", False),
    (PIXELS, 1, loss(BCE), "binary_accuracy", True),
    (BINARY, 1, loss(BCE), "binary_accuracy", False),
    (BINARY, 1, loss(BCE), "auc", False),
    (BINARY, 1, loss(BCE), "categorical_accuracy", True),
    (BINARY, 1, loss(BCE), "sparse_categorical_accuracy", True),
    (BINARY, 2, loss(SCCE), "sparse_categorical_accuracy", False),
    (BINARY, 1, loss(BCE, logits=True), "binary_accuracy", True),
    (SIGN, 1, loss("hinge"), "binary_accuracy", True),
    (MASK, 1, loss(BCE), "binary_io_u", False),
    (MASK, 1, loss(BCE), "mean_io_u", True),
    (ROWS, 5, loss(CCE), "categorical_accuracy", False),
    (ROWS, 5, loss(CCE), "binary_accuracy", True),
    (ROWS, 5, loss(CCE), "sparse_categorical_accuracy", True),
    (ROWS, 5, loss(CCE), "auc", False),
    (FIVE, 5, loss(SCCE), "sparse_categorical_accuracy", False),
    (FIVE, 5, loss(SCCE), "sparse_top_k_categorical_accuracy", False),
    (FIVE, 5, loss(SCCE), "categorical_accuracy", True),
    (TAGS, 5, loss(BCE), "binary_accuracy", False),
    (TAGS, 5, loss(BCE), "categorical_accuracy", True),
]


@pytest.mark.parametrize(("target", "width", "given", "metric", "wrong"), METRICS)
def test_a_metric_that_does_not_measure_the_task_is_named(
    target: Targets, width: int, given: Loss, metric: str, *, wrong: bool
) -> None:
    task = task_of(target, answer(width, target.shape), given)
    assert (unsuited(task, width, given, metric) is not None) == wrong


def test_labels_once_mended_suit_accuracy() -> None:
    task, given = task_of(SIGN, answer(1), loss(BCE)), loss(BCE)
    assert task.recoded is not None
    assert unsuited(task, 1, given, "binary_accuracy") is not None
    assert unsuited(replace(task, labels=task.recoded), 1, given, "binary_accuracy") is None


def test_the_reading_at_chance_is_said() -> None:
    misfit = unsuited(task_of(ROWS, answer(5), loss(CCE)), 5, loss(CCE), "binary_accuracy")
    assert misfit is not None
    assert "0.80" in misfit.says
    assert misfit.better == "categorical_accuracy"


@pytest.mark.parametrize(
    ("target", "width", "written", "standard"),
    [
        (BINARY, 1, "accuracy", "binary_accuracy"),
        (FIVE, 5, "acc", "sparse_categorical_accuracy"),
        (ROWS, 5, "accuracy", "categorical_accuracy"),
        (TAGS, 5, "accuracy", "categorical_accuracy"),
        (FIGURES, 1, "mae", "mean_absolute_error"),
        (BINARY, 1, "AUC", "auc"),
        (BINARY, 1, "Precision", "precision"),
        (FIGURES, 1, "RootMeanSquaredError", "root_mean_squared_error"),
        (ROWS, 5, "my_score", "my_score"),
    ],
)
def test_metrics_that_keras_has_not_resolved_are_resolved_as_it_does(
    target: Targets, width: int, written: str, standard: str
) -> None:
    given = replace(setup(loss(MSE)), metrics_as_written=(written,))
    task = task_of(target, answer(width), loss(MSE if width == 1 else SCCE))
    assert resolved(given, task.labels, width) == (standard,)
