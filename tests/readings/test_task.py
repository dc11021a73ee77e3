"""The table of what fits together: every usual set-up, sound and unsound."""

from dataclasses import replace
from typing import Literal

import pytest

from convalesce.core import (
    MODEL,
    SETUP,
    TRAIN,
    Loss,
    Severity,
    Targets,
)
from convalesce.readings import Mismatch
from convalesce.readings import goals as goals_of
from convalesce.readings.mismatch import blamed, mismatches
from convalesce.readings.specimen_fit import fit, labels, loss, model
from convalesce.readings.task import Goal, reached, task_of

BCE, CCE, SCCE = (
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
)
MSE, MAE, KLD = "mean_squared_error", "mean_absolute_error", "kl_divergence"

BINARY, SIGN, SHARES = labels("binary"), labels("sign"), labels("continuous", minimum=0, maximum=1)
FIVE, ROWS, TAGS, SOFT = (
    labels("class_index", 5),
    labels("one_hot", 5),
    labels("multi_hot", 5),
    labels("soft", 5),
)
FIGURES = labels("continuous")
READINGS = labels("continuous", minimum=0, maximum=100, mean=50, std=29)
POSITIVE = labels("continuous", minimum=0, maximum=9, mean=2, std=2)
COUNTS = labels("class_index", 30, mean=8, std=5)
PIXELS = labels("reconstruction", shape=(16, 16, 1), minimum=0, maximum=1, mean=0.3, std=0.3)
BYTES = labels("reconstruction", shape=(16, 16, 1), minimum=0, maximum=255, mean=90, std=80)
FROM_ONE = labels("class_index", 6, minimum=1, maximum=5, distinct=5)
ONE_TWO = labels("class_index", 3, minimum=1, maximum=2, distinct=2)
BYTE_CLASSES = labels("continuous", minimum=0, maximum=255, distinct=2, integral=True)
SCALED = labels("continuous", minimum=0, maximum=0.8, distinct=5, mean=0.4, std=0.28)
GAPS = labels("continuous", minimum=10, maximum=50, distinct=5, integral=True)
NEGATIVE = labels("class_index", 5, minimum=-1, maximum=3, distinct=5)
MASK, CLASS_MASK = labels("mask_binary"), labels("mask_index", 4)
BYTE_MASK = labels(
    "continuous", shape=(16, 16, 1), minimum=0, maximum=255, distinct=2, integral=True
)
VECTOR = labels("continuous", shape=(3,))

Part = Literal["labels", "output_activation", "loss"]
E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
LAB: Part = "labels"
OUT: Part = "output_activation"
LOS: Part = "loss"


def goal(target: Targets, activation: str | None, width: int, given: Loss) -> Goal:
    record = fit(target, activation, width, given)
    (only,) = goals_of(record[TRAIN], record[MODEL], record[SETUP])
    if target.form == "reconstruction" or len(target.shape) == 3:
        shape = (*target.shape[:-1], width)
        only = replace(only, output=replace(only.output, shape=shape))
    return only


def found(target: Targets, activation: str | None, width: int, given: Loss) -> list[Mismatch]:
    return list(mismatches(goal(target, activation, width, given), model(activation, width)))


SOUND = [
    (BINARY, "sigmoid", 1, loss(BCE)),
    (BINARY, "linear", 1, loss(BCE, logits=True)),
    (BINARY, "softmax", 2, loss(SCCE)),
    (BINARY, "linear", 2, loss(SCCE, logits=True)),
    (BINARY, "softmax", 10, loss(SCCE)),
    (BINARY, "tanh", 1, loss("hinge")),
    (BINARY, "linear", 1, loss("squared_hinge")),
    (BINARY, None, 1, loss(BCE)),
    (BINARY, "sigmoid", 1, loss("binary_focal_crossentropy")),
    (labels("one_hot", 2), "softmax", 2, loss(CCE)),
    (labels("one_hot", 2), "softmax", 2, loss(BCE)),
    (labels("one_hot", 2), "sigmoid", 2, loss(BCE)),
    (SIGN, "tanh", 1, loss("hinge")),
    (SIGN, "linear", 1, loss("hinge")),
    (SIGN, "tanh", 1, loss(MSE)),
    (FIVE, "softmax", 5, loss(SCCE)),
    (FIVE, "softmax", 9, loss(SCCE)),
    (FIVE, "linear", 5, loss(SCCE, logits=True)),
    (FIVE, "softmax", 5, loss(SCCE, logits=True)),
    (FIVE, "linear", 1, loss(MSE)),
    (FIVE, "relu", 1, loss(MAE)),
    (FROM_ONE, "softmax", 6, loss(SCCE)),
    (COUNTS, "exponential", 1, loss("poisson")),
    (COUNTS, "relu", 1, loss("huber")),
    (ROWS, "softmax", 5, loss(CCE)),
    (ROWS, "linear", 5, loss(CCE, logits=True)),
    (ROWS, "softmax", 5, loss("categorical_focal_crossentropy")),
    (ROWS, "softmax", 5, loss(KLD)),
    (ROWS, "linear", 5, loss("categorical_hinge")),
    (ROWS, "sigmoid", 5, loss(BCE)),
    (ROWS, "linear", 5, loss("cosine_similarity")),
    (TAGS, "sigmoid", 5, loss(BCE)),
    (TAGS, "linear", 5, loss(BCE, logits=True)),
    (SOFT, "softmax", 5, loss(CCE)),
    (SOFT, "softmax", 5, loss(KLD)),
    (SOFT, "sigmoid", 5, loss(BCE)),
    (FIGURES, "linear", 1, loss(MSE)),
    (FIGURES, "linear", 1, loss("log_cosh")),
    (FIGURES, None, 1, loss(MAE)),
    (VECTOR, "linear", 3, loss(MSE)),
    (VECTOR, "linear", 3, loss("cosine_similarity")),
    (SHARES, "sigmoid", 1, loss(MSE)),
    (SHARES, "sigmoid", 1, loss(BCE)),
    (POSITIVE, "relu", 1, loss(MSE)),
    (POSITIVE, "softplus", 1, loss("poisson")),
    (PIXELS, "sigmoid", 1, loss(BCE)),
    (PIXELS, "sigmoid", 1, loss(MSE)),
    (PIXELS, "linear", 1, loss(MSE)),
    (BYTES, "linear", 1, loss(MSE)),
    (MASK, "sigmoid", 1, loss(BCE)),
    (MASK, "softmax", 2, loss(SCCE)),
    (MASK, "sigmoid", 1, loss("dice")),
    (MASK, "sigmoid", 1, loss("weighted_dice", known=False)),
    (CLASS_MASK, "softmax", 4, loss(SCCE)),
    (labels("mask_one_hot", 4), "softmax", 4, loss(CCE)),
    (labels("mask_index", 256, maximum=255), "softmax", 4, loss(SCCE, ignore_class=255.0)),
    (GAPS, "linear", 1, loss(MSE)),
    (READINGS, "linear", 1, loss("mean_squared_logarithmic_error")),
    (labels("absent"), "linear", 1, loss(MSE)),
    (labels("other"), "softmax", 5, loss(SCCE)),
    (FIGURES, "sigmoid", 8, loss("contrastive", known=False)),
    (FIVE, "softmax", 30, loss("ctc")),
]
UNSOUND = [
    # output
    (BINARY, "softmax", 1, loss(BCE), E, [OUT]),
    (MASK, "softmax", 1, loss(BCE), E, [OUT]),
    (FIGURES, "softmax", 1, loss(MSE), E, [OUT]),
    (BINARY, "softmax", 1, loss("own", known=False), E, [OUT]),
    (BINARY, "relu", 1, loss(BCE), E, [OUT]),
    (BINARY, "tanh", 1, loss(BCE), E, [OUT]),
    (BINARY, "relu", 1, loss(BCE, logits=True), W, [OUT]),
    (ROWS, "relu", 5, loss(CCE), E, [OUT]),
    (ROWS, "tanh", 5, loss(CCE), E, [OUT]),
    (ROWS, "exponential", 5, loss(CCE), W, [OUT]),
    (ROWS, "sigmoid", 5, loss(CCE), W, [OUT]),
    (ROWS, "sigmoid", 5, loss(KLD), E, [OUT]),
    (FIVE, "sigmoid", 5, loss(SCCE), W, [OUT]),
    (FIVE, "relu", 5, loss(SCCE), E, [OUT]),
    (FIVE, "softmax", 4, loss(SCCE), E, [OUT]),
    (CLASS_MASK, "relu", 4, loss(SCCE), E, [OUT]),
    (TAGS, "softmax", 5, loss(BCE), E, [OUT]),
    (TAGS, "softmax", 5, loss(MSE), E, [OUT]),
    (READINGS, "sigmoid", 1, loss(MAE), E, [OUT]),
    (READINGS, "tanh", 1, loss("huber"), E, [OUT]),
    (FIGURES, "relu", 1, loss(MSE), E, [OUT]),
    (FIGURES, "sigmoid", 1, loss(MSE), E, [OUT]),
    (VECTOR, "softmax", 3, loss(MSE), E, [OUT]),
    (VECTOR, "linear", 1, loss(MSE), E, [OUT]),
    (SIGN, "sigmoid", 1, loss(MSE), E, [LAB, OUT]),
    (POSITIVE, "linear", 1, loss("poisson"), W, [OUT, LOS]),
    # loss
    (BINARY, "sigmoid", 1, loss(SCCE), E, [LOS]),
    (BINARY, "sigmoid", 1, loss(CCE), E, [LOS]),
    (BINARY, "softmax", 2, loss(BCE), E, [LOS]),
    (BINARY, "softmax", 2, loss(CCE), E, [LOS]),
    (BINARY, "sigmoid", 1, loss(MSE), N, [LOS]),
    (BINARY, "linear", 1, loss(MSE), N, [LOS]),
    (FIVE, "softmax", 5, loss(CCE), E, [LOS]),
    (FIVE, "softmax", 5, loss(MSE), E, [LOS]),
    (FIVE, "softmax", 5, loss(BCE), E, [LOS]),
    (ROWS, "softmax", 5, loss(SCCE), E, [LOS]),
    (ROWS, "softmax", 5, loss(MAE), W, [LOS]),
    (ROWS, "softmax", 5, loss(MSE), N, [LOS]),
    (ROWS, "softmax", 5, loss("poisson"), N, [LOS]),
    (ROWS, "softmax", 5, loss("mean_absolute_percentage_error"), E, [LOS]),
    (ROWS, "softmax", 5, loss(BCE), W, [LOS]),
    (ROWS, "softmax", 5, loss("hinge"), W, [LOS]),
    (TAGS, "sigmoid", 5, loss(CCE), E, [LOS]),
    (FIGURES, "linear", 1, loss("poisson"), E, [LOS]),
    (READINGS, "linear", 1, loss(BCE), E, [LOS]),
    (READINGS, "linear", 1, loss("mean_absolute_percentage_error"), W, [LOS]),
    (FIGURES, "linear", 3, loss(SCCE), E, [OUT, LOS]),
    (SIGN, "tanh", 1, loss(BCE), E, [LOS]),
    # labels
    (SIGN, "sigmoid", 1, loss(BCE), E, [LAB]),
    (SIGN, "softmax", 2, loss(SCCE), E, [LAB]),
    (ONE_TWO, "sigmoid", 1, loss(BCE), E, [LAB]),
    (BYTE_CLASSES, "sigmoid", 1, loss(BCE), E, [LAB]),
    (BYTE_CLASSES, "softmax", 2, loss(SCCE), E, [LAB]),
    (BYTE_MASK, "sigmoid", 1, loss(BCE), E, [LAB]),
    (FROM_ONE, "softmax", 5, loss(SCCE), E, [LAB]),
    (NEGATIVE, "softmax", 5, loss(SCCE), E, [LAB]),
    (GAPS, "softmax", 5, loss(SCCE), E, [LAB]),
    (SCALED, "softmax", 5, loss(SCCE), E, [LAB]),
    (BYTES, "sigmoid", 1, loss(BCE), E, [LAB]),
    # no single part
    (FIVE, "linear", 5, loss(SCCE), E, [OUT, LOS]),
    (ROWS, "linear", 5, loss(CCE), E, [OUT, LOS]),
    (BINARY, "linear", 1, loss(BCE), E, [OUT, LOS]),
    (BINARY, "softmax", 1, loss(SCCE), E, [OUT, LOS]),
    (FIVE, "sigmoid", 1, loss(BCE), E, [OUT, LOS]),
    (TAGS, "softmax", 5, loss(CCE), E, [OUT, LOS]),
    (READINGS, "sigmoid", 1, loss(BCE), E, [OUT, LOS]),
    (BYTES, "sigmoid", 1, loss(MSE), E, [LAB, OUT]),
]


def named(row: tuple[object, ...]) -> str:
    target, activation, width, given = row[:4]
    assert isinstance(target, Targets)
    assert isinstance(given, Loss)
    span = f"{target.minimum:g}..{target.maximum:g}"
    logits = "-logits" if given.from_logits else ""
    return f"{target.form}-{span}-{activation}{width}-{given.name}{logits}"


@pytest.mark.parametrize("row", SOUND, ids=named)
def test_a_sound_set_up_is_left_alone(row: tuple[Targets, str | None, int, Loss]) -> None:
    assert found(*row) == []


@pytest.mark.parametrize("row", UNSOUND, ids=named)
def test_the_part_that_does_not_fit_is_blamed(
    row: tuple[Targets, str | None, int, Loss, Severity, list[str]],
) -> None:
    target, activation, width, given, severity, parts = row
    mismatch = found(target, activation, width, given)
    assert [m.part for m in mismatch] == parts
    assert {m.severity for m in mismatch} == {severity}
    assert all(m.tied == (len(parts) > 1) for m in mismatch)


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        ((BINARY, "softmax", 1, loss(BCE)), ["give the last layer activation sigmoid"]),
        (
            (FIVE, "linear", 5, loss(SCCE)),
            ["give the last layer activation softmax", f"use the loss {SCCE}(from_logits=True)"],
        ),
        ((FIVE, "softmax", 5, loss(MSE)), [f"use the loss {SCCE}"]),
        ((FIVE, "softmax", 4, loss(SCCE)), ["give the last layer 5 units and activation softmax"]),
        ((READINGS, "sigmoid", 1, loss(MAE)), ["give the last layer activation linear"]),
        ((SIGN, "tanh", 1, loss(BCE)), ["use the loss hinge"]),
        (
            (FIVE, "sigmoid", 1, loss(BCE)),
            ["give the last layer 5 units and activation softmax", f"use the loss {SCCE}"],
        ),
        (
            (FROM_ONE, "softmax", 5, loss(SCCE)),
            ["repair the labels: take 1 off each: they run from 1 to 5"],
        ),
    ],
)
def test_the_mend_is_named(row: tuple[Targets, str | None, int, Loss], changes: list[str]) -> None:
    assert [str(m.change) for m in found(*row)] == changes


def test_an_answer_for_each_position_of_one_label_is_seen() -> None:
    only = goal(FIGURES, "linear", 1, loss(MSE))
    sequence = replace(only, output=replace(only.output, shape=(12, 1)))
    (mismatch,) = mismatches(sequence, model("linear", 1))
    assert mismatch.part == OUT
    assert "every position" in mismatch.says


def test_a_softmax_over_positions_is_no_constant() -> None:
    only = goal(BINARY, "softmax", 1, loss("attention", known=False))
    plain = model("softmax", 1, (12,))
    layer = replace(plain.layers[0], kind="Softmax", settings={"axis": 1.0})
    positions = replace(only, output=plain.outputs[0])
    assert mismatches(positions, replace(plain, layers=(layer,))) == ()
    assert mismatches(positions, plain)


def test_from_logits_after_a_softmax_matters_only_where_keras_loses_the_scores() -> None:
    given = loss(SCCE, logits=True)
    only, plain = goal(FIVE, "softmax", 5, given), model("softmax", 5)
    assert mismatches(only, plain) == ()
    reshaped = replace(plain.layers[0], kind="Reshape", activation=None)
    parts = mismatches(only, replace(plain, layers=(reshaped,)))
    assert {m.severity for m in parts} == {W}
    assert [m.part for m in parts] == [OUT, LOS]


def test_outputs_find_their_targets_and_losses_by_name() -> None:
    record = fit(FIVE, "softmax", 5, loss(SCCE))
    first = record[MODEL].outputs[0]
    second = replace(first, name="age", layer="age", activation="linear", width=1, shape=(1,))
    both = replace(record[MODEL], outputs=(first, second))
    data = replace(record[TRAIN], targets=(replace(FIGURES, name="age"), FIVE))
    named_losses = (replace(loss(MSE), output="age"), replace(loss(SCCE), output="answer"))
    matched = list(goals_of(data, both, replace(record[SETUP], losses=named_losses)))
    assert [(g.output.name, g.loss.name) for g in matched] == [("answer", SCCE), ("age", MSE)]
    assert matched[1].targets.form == "continuous"


def test_a_train_step_of_ones_own_is_not_judged() -> None:
    record = fit(BINARY, "softmax", 1, loss(BCE))
    assert blamed(record[TRAIN], record[MODEL], record[SETUP], OUT) is not None
    own = replace(record[SETUP], custom_train_step=True)
    assert blamed(record[TRAIN], record[MODEL], own, OUT) is None


@pytest.mark.parametrize(
    ("target", "width", "given", "name"),
    [
        (BINARY, 1, loss(BCE), "yes/no"),
        (FIVE, 5, loss(SCCE), "one of many"),
        (FIVE, 1, loss(MSE), "regression"),
        (TAGS, 5, loss(BCE), "any of many"),
        (PIXELS, 1, loss(BCE), "reconstruction at each position"),
        (CLASS_MASK, 4, loss(SCCE), "one of many at each position"),
        (FIVE, 1, loss("own", known=False), "unknown"),
    ],
)
def test_the_task_is_named(target: Targets, width: int, given: Loss, name: str) -> None:
    only = goal(target, "linear", width, given)
    assert task_of(only.targets, only.output, only.loss).name == name


def test_labels_are_taken_as_they_reached_the_model() -> None:
    record = fit(FIVE, "softmax", 5, loss(CCE))
    source = replace(record[TRAIN], remarks=("Scanned at the source, before `map`.",))
    assert reached(source, None) is None
    fed = replace(source, targets=(ROWS,), whole=False)
    data = reached(source, fed)
    assert blamed(data, record[MODEL], record[SETUP], LOS) is None
    assert blamed(record[TRAIN], record[MODEL], record[SETUP], LOS) is not None
    assert blamed(None, record[MODEL], record[SETUP], LOS) is None
