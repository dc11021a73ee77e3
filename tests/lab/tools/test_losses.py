from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from convalesce import CostSensitiveLoss, FocalLoss

DRAW = np.random.default_rng(0)
SCORES = DRAW.normal(size=(8, 3)).astype(np.float32)
SHARES = np.asarray(keras.ops.softmax(SCORES))
LABELS = DRAW.integers(0, 3, 8)
ROWS = np.eye(3, dtype=np.float32)[LABELS]
YES = DRAW.random((8, 1)).astype(np.float32) * 0.9 + 0.05
TRUE = DRAW.integers(0, 2, (8, 1))
COST = [[0, 1, 4], [2, 0, 1], [5, 3, 0]]


@pytest.mark.parametrize("labels", [LABELS, LABELS[:, None], ROWS])
def test_focal_loss_takes_class_numbers_and_rows_and_is_the_formula(labels: Any) -> None:
    p = SHARES[np.arange(8), LABELS]
    alpha = np.array([0.2, 0.3, 0.5])
    expected = -(alpha[LABELS] * (1 - p) ** 2 * np.log(p)).mean()
    assert float(FocalLoss(2, alpha)(labels, SHARES)) == pytest.approx(expected, rel=1e-4)
    logits = FocalLoss(2, alpha, from_logits=True)
    assert float(logits(labels, SCORES)) == pytest.approx(expected, rel=1e-4)


def test_focal_loss_without_focus_is_cross_entropy() -> None:
    plain = keras.losses.CategoricalCrossentropy()(ROWS, SHARES)
    assert float(FocalLoss(0)(ROWS, SHARES)) == pytest.approx(float(plain), rel=1e-5)


@pytest.mark.parametrize("labels", [TRUE, TRUE[:, 0]])
def test_focal_loss_of_a_single_unit_is_keras_s_own(labels: Any) -> None:
    theirs = keras.losses.BinaryFocalCrossentropy(
        apply_class_balancing=True, alpha=0.25, gamma=2.0
    )(TRUE, YES)
    assert float(FocalLoss(2, 0.25)(labels, YES)) == pytest.approx(float(theirs), rel=1e-4)


def test_focal_loss_of_several_labels_is_the_mean_of_its_units() -> None:
    truth, answers = np.array([[1, 0, 1]]), np.array([[0.7, 0.2, 0.4]], np.float32)
    each = [FocalLoss(2)(truth[:, k : k + 1], answers[:, k : k + 1]) for k in range(3)]
    together = FocalLoss(2, multi_label=True)(truth, answers)
    assert float(together) == pytest.approx(float(np.mean(each)), rel=1e-4)


def test_focal_loss_of_masks_is_taken_at_each_position() -> None:
    scores = DRAW.normal(size=(2, 4, 4, 3)).astype(np.float32)
    masks = DRAW.integers(0, 3, (2, 4, 4))
    each = FocalLoss(1, from_logits=True, reduction="none")(masks, scores)
    assert each.shape == (2, 4, 4)


def test_the_expected_cost_is_added_to_the_cross_entropy() -> None:
    entropy = -np.log(SHARES[np.arange(8), LABELS])
    expected = entropy + 0.5 * (np.array(COST)[LABELS] * SHARES).sum(1)
    for labels in (LABELS, ROWS):
        loss = CostSensitiveLoss(COST, 0.5, reduction="none")
        assert np.allclose(np.asarray(loss(labels, SHARES)), expected, rtol=1e-4)
        logits = CostSensitiveLoss(COST, 0.5, from_logits=True, reduction="none")
        assert np.allclose(np.asarray(logits(labels, SCORES)), expected, rtol=1e-4)


def test_a_single_unit_has_two_classes_of_costs() -> None:
    p, costs = YES[:, 0], np.array([[0, 1.0], [9, 0]])
    truth = TRUE[:, 0]
    entropy = -np.where(truth == 1, np.log(p), np.log(1 - p))
    expected = entropy + np.where(truth == 1, 9 * (1 - p), p)
    made = CostSensitiveLoss(costs, reduction="none")(TRUE, YES)
    assert np.allclose(np.asarray(made), expected, rtol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras, on saving
@pytest.mark.parametrize("loss", [FocalLoss(1.5, [0.2, 0.3, 0.5]), CostSensitiveLoss(COST, 2.0)])
def test_a_model_is_saved_and_loaded_with_its_loss(loss: Any, tmp_path: Path) -> None:
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, "softmax")])
    model.compile("sgd", loss)
    x, y = DRAW.random((8, 2)), LABELS
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert type(again.loss) is type(loss)
    assert again.loss.get_config() == loss.get_config()
    assert again.evaluate(x, y, verbose=0) == pytest.approx(model.evaluate(x, y, verbose=0))


def test_gradients_stay_finite_where_an_answer_is_certain() -> None:
    import tensorflow as tf

    for scores in ([[80.0, -80.0]], [[-80.0, 80.0]]):
        given = tf.Variable(scores)
        for loss in (FocalLoss(2.0, from_logits=True), FocalLoss(0.5, from_logits=True)):
            with tf.GradientTape() as tape:
                value = loss(np.array([0]), given)
            assert np.isfinite(tape.gradient(value, given).numpy()).all()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: FocalLoss(-1), "gamma=-1; 0 or more is expected"),
        (lambda: FocalLoss(2, [0.5, 0.5])(LABELS, SHARES), "against 3 classes; one number a class"),
        (lambda: FocalLoss(2, [0.5, 0.5])(TRUE, YES), "single unit; one number is expected"),
        (lambda: FocalLoss()(np.zeros((8, 2)), SHARES), "class numbers or one-hot rows"),
        (lambda: CostSensitiveLoss([[0, 1]]), "a square matrix is expected"),
        (lambda: CostSensitiveLoss([[1, 1], [1, 0]]), "zeros on the diagonal"),
        (lambda: CostSensitiveLoss(COST)(TRUE, YES), "cost is for 3 classes and the model"),
    ],
)
def test_what_does_not_fit_is_said(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()
