"""Faults of the labels themselves, each planted alone."""

from dataclasses import replace
from typing import Any

import pytest

from convalesce.core import (
    SETUP,
    TRAIN,
    Across,
    Duplicates,
    Predictions,
    Targets,
)
from convalesce.readings.label_faults import LabelFault, label_faults
from convalesce.readings.specimen import inputs
from convalesce.readings.specimen_fit import fit, labels, loss

FIGURES, SCCE = loss("mean_squared_error"), loss("sparse_categorical_crossentropy")


def faults(target: Targets, given: Any = FIGURES, **more: Any) -> list[LabelFault]:
    record = fit(target, "linear", 1, given)
    train = replace(record[TRAIN], **more)
    return label_faults(train, None, None, (None, None), record[SETUP])


@pytest.mark.parametrize(("value", "firm"), [(-999.0, True), (9999.0, True), (-7.25, False)])
def test_a_stand_in_is_stated_where_it_is_one_by_custom(value: float, *, firm: bool) -> None:
    bounds: dict[str, Any] = {"minimum": value} if value < 0 else {"maximum": value}
    (fault,) = faults(labels("continuous", sentinel=value, sentinel_count=40, **bounds))
    assert fault.firm == firm
    assert str(fault.change) == f"leave out the rows whose value is {value:.3g}"


def test_a_far_value_inside_the_range_is_no_stand_in() -> None:
    assert faults(labels("continuous", maximum=2000, sentinel=999.0, sentinel_count=9)) == []


def test_one_label_for_all_is_stated_only_for_losses_that_need_two() -> None:
    one = labels("class_index", 3, counts=(0, 900, 0), distinct=1, minimum=1, maximum=1)
    (fault,) = faults(one, SCCE)
    assert fault.grave
    assert faults(one, loss("vae", known=False)) == []
    assert faults(one, SCCE, whole=False) == []


def test_rows_that_do_not_sum_to_one_are_counted() -> None:
    (fault,) = faults(labels("one_hot", 4, invalid_rows=12), loss("categorical_crossentropy"))
    assert "12 of 1000 label rows" in fault.says


def test_contradicting_copies_count_for_pictures_and_not_for_tables() -> None:
    copies = Duplicates(exact=80, conflicting=60, compared=1000, pairs=((3, 9),))
    target = labels("class_index", 4)
    (fault,) = faults(target, SCCE, duplicates=copies)
    assert fault.rows == (3, 9)
    assert faults(target, SCCE, duplicates=copies, inputs=(inputs("tabular", (4,)),)) == []
    blank = inputs(blank_examples=70)
    assert faults(target, SCCE, duplicates=copies, inputs=(blank,)) == []


def test_class_numbers_one_higher_in_validation_are_named() -> None:
    record = fit(labels("class_index", 5), "softmax", 5, SCCE)
    higher = replace(record[TRAIN].targets[0], minimum=1.0, maximum=5.0)
    other = replace(record[TRAIN], role="validation", targets=(higher,))
    across = Across(role="validation", only_there=(5,))
    (fault,) = label_faults(record[TRAIN], other, across, (None, None), record[SETUP])
    assert "from 0 to 4 in training and from 1 to 5 in validation" in fault.says


@pytest.mark.parametrize(("held", "count"), [(0.2, 1), (0.8, 0)])
def test_masks_that_lie_beside_the_things_are_a_suspicion(held: float, count: int) -> None:
    record = fit(labels("mask_binary", mean=0.1), "sigmoid", 1, loss("binary_crossentropy"))
    train = record[TRAIN]
    trained = Predictions(role="train", examples=100, iou=0.9, positive_share=0.11)
    answers = trained, replace(trained, role="validation", iou=held)
    found = label_faults(train, None, None, answers, record[SETUP])
    assert len(found) == count
    assert not any(fault.firm for fault in found)


@pytest.mark.parametrize(
    ("sure", "trained", "examples", "count"),
    [(0.21, 0.75, 600, 1), (0.08, 0.75, 600, 0), (0.21, 0.95, 600, 0), (0.21, 0.75, 60, 0)],
    ids=["spread evenly", "where it doubts", "learned by heart", "too few"],
)
def test_labels_wrong_at_random_are_missed_where_the_model_is_sure(
    sure: float, trained: float, examples: int, count: int
) -> None:
    record = fit(labels("class_index", 4), "softmax", 4, SCCE)
    held = Predictions(
        role="validation",
        examples=examples,
        accuracy=0.76,
        baseline_accuracy=0.27,
        surer_error=sure,
    )
    ours = replace(held, role="train", accuracy=trained)
    faults_ = label_faults(record[TRAIN], None, None, (ours, held), record[SETUP])
    found = [fault for fault in faults_ if fault.signal == "held"]
    assert len(found) == count
    assert not any(f.firm for f in found)
