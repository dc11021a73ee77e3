from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convalesce.readings
from convalesce import core
from convalesce.lab.apply import apply
from convalesce.lab.apply.repair_labels import BEYOND, SLIPPED, exact
from convalesce.lab.recoding import RECODINGS
from tests.lab.apply.examples import blobs, setting


def repaired(how: str, *args: Any, **more: Any) -> Any:
    return apply(core.RepairLabels(how), setting(*args, **more))


@pytest.mark.parametrize(
    ("how", "given", "expected", "form"),
    [
        ("write the two classes as 0 and 1 (they are -1 and 1)", [-1, 1, 1], [0, 1, 1], "sign"),
        ("take 1 off each: they run from 1 to 3", [1, 3, 2], [0, 2, 1], "class_index"),
        ("add 1 to each: they run from -1 to 1", [-1, 1, 0], [0, 2, 1], "class_index"),
        ("number the classes 0 to 2: they run from 2 to 9", [9, 2, 5], [2, 0, 1], "class_index"),
        ("number the classes from 0 to 2", [3, 1, 2], [2, 0, 1], "class_index"),
        ("divide the targets by 255: they reach 255", [0, 255, 51], [0, 1, 0.2], "continuous"),
        ("number the classes 0 to 1: the labels run from 0 to 0.5 in fractions", [0.5, 0, 0.5],
         [1, 0, 1], "continuous"),
    ],
)  # fmt: skip
def test_labels_are_written_anew_in_every_split(
    how: str, given: list[float], expected: list[float], form: Any
) -> None:
    x = np.zeros((3, 2))
    made = repaired(how, (x, given), (x, given), form=form)
    for split in (made.train, made.judged, made.validation):
        assert np.allclose(split.y, expected)


def test_a_sign_becomes_a_binary_label() -> None:
    made = repaired("write the two classes as 0 and 1", (np.zeros((2, 2)), [-1, 1]), form="sign")
    assert made.form == "binary"


def test_each_split_is_numbered_from_its_own_lowest_class() -> None:
    x = np.zeros((3, 2))
    made = repaired("number the classes of both splits from 0", (x, [0, 1, 2]), (x, [1, 2, 3]))
    assert list(made.train.y) == [0, 1, 2]
    assert list(made.validation.y) == [0, 1, 2]


def test_a_label_to_be_left_out_takes_its_examples_along() -> None:
    x, y = blobs(30)
    y[4] = -1
    how = "leave out label -1, or name it as the loss's ignore_class"
    made = repaired(how, (x, y))
    assert made.train.count == 29
    assert (made.train.y >= 0).all()


def test_validation_takes_the_class_numbers_that_its_look_alikes_have() -> None:
    x, y = blobs(30)
    turned = core.Neighbours(
        sample=300, agreement=0.0, expected=0.3, confusion=((0, 1, 0), (0.1, 0.1, 0.8), (1, 0, 0))
    )
    across = core.Across(role="validation", neighbours=turned)
    made = repaired(
        "number the classes of both splits by one list",
        (x, y),
        (x, (y + 2) % 3),
        original={core.ACROSS: across},
    )
    assert np.array_equal(made.validation.y, y)
    assert np.array_equal(made.train.y, y)


def test_one_hot_rows_are_renumbered_as_rows() -> None:
    x, y = blobs(30)
    answers = core.Predictions(
        role="validation", examples=300, confusion=((0, 9, 0), (0, 1, 8), (9, 0, 0))
    )
    made = repaired(
        "number the classes of both splits by one list",
        (x, np.eye(3)[y]),
        (x, np.eye(3)[(y + 2) % 3]),
        form="one_hot",
        original={core.VALIDATION_ANSWERS: answers},
    )
    assert np.array_equal(made.validation.y, np.eye(3)[y])


def test_rows_that_do_not_sum_to_1_go() -> None:
    y = np.eye(3)[[0, 1, 2, 0]]
    y[2] = [1, 1, 0]
    made = repaired(
        "give each row exactly one class, or leave it out", (np.zeros((4, 2)), y), form="one_hot"
    )
    assert np.array_equal(made.train.y, np.eye(3)[[0, 1, 0]])


@pytest.mark.parametrize("by", [1, -3])
@pytest.mark.parametrize("name", ["train", "validation"])
def test_labels_that_slipped_by_a_few_rows_are_moved_back(by: int, name: str) -> None:
    x, y = blobs()
    slipped = (x, np.roll(y, by))
    splits = (slipped, blobs(seed=1)) if name == "train" else (blobs(seed=1), slipped)
    made = repaired(f"pair inputs and labels of the {name} split again", *splits)
    found = made.train if name == "train" else made.validation
    kept = slice(0, len(y) - by) if by > 0 else slice(-by, None)
    assert np.array_equal(found.x, x[kept])
    assert np.array_equal(found.y, y[kept])


def test_labels_in_no_order_at_all_are_not_paired_again() -> None:
    x, y = blobs()
    with pytest.raises(core.CannotChange, match="join them by a key"):
        repaired(
            "pair inputs and labels of the train split again",
            (x, np.random.default_rng(5).permutation(y)),
        )


def test_labels_that_slipped_from_some_row_on_are_moved_from_there() -> None:
    x, y = blobs(400)
    slipped = np.concatenate([y[:230], np.roll(y[230:], 1)])
    made = repaired("join inputs and labels by a key; look around row 200", (x, slipped))
    assert made.train.count >= 398
    wrong = (made.train.y != y[: made.train.count]).mean()
    assert wrong < 0.02


def test_what_the_data_tell_of_a_slip_is_the_same_change() -> None:
    x, y = blobs(400)
    slipped = np.concatenate([y[:230], np.roll(y[230:], 1)])
    asked = core.RepairLabels("join inputs and labels by a key; look around row 200")
    told = exact(asked, setting((x, slipped)))
    assert isinstance(told, core.ShiftLabels)
    assert (told.by, told.stop) == (1, 400) and abs(told.start - 230) < 10
    assert f"rows {told.start} to 399 up by 1 row" in str(told)
    ours, theirs = apply(told, setting((x, slipped))), apply(asked, setting((x, slipped)))
    assert np.array_equal(ours.train.y, theirs.train.y)
    other = core.RepairLabels("take 1 off each: they run from 1 to 5")
    assert exact(other, setting((x, y))) is other


@given(by=st.integers(-4, 4).filter(bool), start=st.integers(0, 12), more=st.integers(4, 8))
def test_moved_labels_are_those_of_the_arrays_without_their_ends(
    by: int, start: int, more: int
) -> None:
    x, y = np.arange(40.0).reshape(20, 2), np.arange(20)
    made = apply(core.ShiftLabels(by, start, start + more), setting((x, y)))
    first, last = np.s_[start : start + abs(by)], np.s_[start + more - abs(by) : start + more]
    of_x, of_y = (last, first) if by > 0 else (first, last)
    assert np.array_equal(made.train.x, np.delete(x, of_x, axis=0))
    assert np.array_equal(made.train.y, np.delete(y, of_y, axis=0))


def test_no_training_without_rows() -> None:
    with pytest.raises(core.CannotChange, match="no training row would be left"):
        apply(core.LeaveOut(0, 400), setting(blobs(400)))


def test_a_stretch_whose_labels_are_lost_is_left_out() -> None:
    x, y = blobs(400)
    lost = np.concatenate([np.random.default_rng(2).permutation(y[:150]), y[150:]])
    made = repaired("join inputs and labels by a key; look around row 150", (x, lost))
    assert abs(made.train.count - 250) <= 10
    assert (made.train.y[10:] == y[-made.train.count :][10:]).all()


def test_examples_that_all_their_look_alikes_contradict_go() -> None:
    x, y = blobs()
    wrong = y.copy()
    wrong[:12] = (y[:12] + 1) % 3
    made = repaired(
        "look through the named examples, whose look-alikes all carry another label", (x, wrong)
    )
    assert np.array_equal(made.train.x, x[12:])
    assert np.array_equal(made.judged.y, y[12:])


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("read them again: every example carries the same", "the right ones are not at hand"),
        ("encode them as arrays of numbers", "text or objects"),
        ("pair every input with its own label, then cut both alike", "differ in number"),
        ("give fit its y", "no labels are at hand"),
        ("sing to them", "the arrays do not tell how to sing to them"),
    ],
)
def test_what_only_the_user_can_do_is_refused_with_the_reason(how: str, why: str) -> None:
    with pytest.raises(core.CannotChange, match=why):
        repaired(how, blobs())


def test_every_repair_that_a_reading_asks_for_is_known() -> None:
    """The words are read off the sources, so that a new one can't be forgotten."""
    known = ("pair inputs and labels of", "check that inputs and labels", "look through the named")
    asked = []
    for path in Path(convalesce.readings.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RepairLabels":
                asked += node.args
            if isinstance(node, ast.Call):
                asked += [k.value for k in node.keywords if k.arg in {"mend", "recoding"}]
    texts = [_text(value) for value in asked if not isinstance(value, (ast.Name, ast.Attribute))]
    assert len(texts) > 15
    for text in texts:
        assert (
            any(r.words.search(text) for r in RECODINGS)
            or any(text.startswith(words) for words in (*BEYOND, *known))
            or SLIPPED.search(text)
        ), text


def _text(value: Any) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    parts = value.values if isinstance(value, ast.JoinedStr) else []
    return "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in parts)
