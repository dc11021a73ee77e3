"""Scores of answers, against figures worked out by hand."""

import math

import numpy as np
import pytest

from convalesce.observe.score import score


def test_classes_are_scored_with_a_confusion_and_the_entropy_of_their_shares() -> None:
    truth = np.array([0.0, 0, 1, 2])
    given = np.array([[0.9, 0.1, 0], [0.2, 0.8, 0], [0, 1, 0], [0, 0, 1]])
    found = score("class_index", truth, given, "sparse_categorical_crossentropy")
    assert found.accuracy == pytest.approx(0.75)
    assert found.baseline_accuracy == pytest.approx(0.5)
    assert found.confusion == ((1, 1, 0), (0, 1, 0), (0, 0, 1))
    assert found.baseline_loss == pytest.approx(1.5 * math.log(2))


def test_a_single_unit_is_cut_at_one_half() -> None:
    found = score("binary", np.array([0.0, 1, 1]), np.array([[0.4], [0.6], [0.1]]), "mse")
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.positive_share == pytest.approx(1 / 3)


def test_an_empty_mask_has_no_overlap_for_all_its_accuracy() -> None:
    truth = np.zeros((2, 4, 4, 1))
    truth[0, 0, 0] = 1
    found = score("mask_binary", truth, np.full((2, 4, 4, 1), 0.1), "binary_crossentropy")
    assert found.iou == 0.0
    assert found.accuracy == pytest.approx(31 / 32)


def test_numbers_are_scored_by_the_share_of_variance_explained() -> None:
    truth = np.array([[1.0], [2], [3]])
    assert score("continuous", truth, truth, "mean_squared_error").r2 == 1.0
    constant = score("continuous", truth, np.full((3, 1), 2.0), "mean_squared_error")
    assert constant.r2 == pytest.approx(0.0)
    assert constant.baseline_loss == pytest.approx(2 / 3)


def test_several_labels_at_once_are_scored_a_column() -> None:
    truth = np.array([[1.0, 0], [0, 0]])
    found = score("multi_hot", truth, np.array([[0.9, 0.2], [0.7, 0.1]]), "binary_crossentropy")
    assert found.accuracy == pytest.approx(0.75)
    assert found.baseline_loss == pytest.approx(math.log(2) / 2)


def test_shapes_that_do_not_match_give_no_score_and_no_error() -> None:
    assert math.isnan(score("continuous", np.zeros(3), np.zeros((3, 2)), "mse").r2)


def test_errors_are_counted_among_the_surer_half() -> None:
    truth = np.array([0.0, 1, 0, 1])
    given = np.array([[0.95], [0.9], [0.6], [0.45]])  # the first and both doubtful ones are wrong
    found = score("binary", truth, given, "binary_crossentropy")
    assert found.accuracy == pytest.approx(0.25)
    assert found.surer_error == pytest.approx(0.5)


def test_answers_that_are_all_as_sure_have_no_surer_half() -> None:
    truth, given = np.array([0.0, 1, 0, 1]), np.array([[1.0, 0.0]] * 4)
    assert math.isnan(score("class_index", truth, given, "mse").surer_error)
    masks = score("mask_binary", np.zeros((2, 2, 2, 1)), np.full((2, 2, 2, 1), 0.1), "mse")
    assert math.isnan(masks.surer_error)
