"""What a target seems to be, from the facts that were collected about it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import TargetForm, Targets
from convalesce.observe.scan.labels import COLUMNS, DISTINCT, Labels, adjacency, sentinel

NEARLY_ALL = 0.95  # of the rows must follow a form; the others break it and are counted
SEVERAL = 0.01  # share of rows with several ones that makes labels many-of-many
EACH_CLASS = 5  # rows a class must have on average for whole numbers to be classes
DENSE = 0.8  # share of the whole numbers between the smallest and the largest that occur
MOST_FLOAT_CLASSES = 50  # whole-valued floats beyond are taken for quantities
MOST_CLASSES = 65536

_CLASSES: tuple[TargetForm, ...] = ("class_index", "mask_index")


def form_of(labels: Labels, training: str = "") -> TargetForm:
    """The form of a target, apart from `reconstruction`, which needs the inputs.

    Args:
        labels: What was collected.
        training: Form of the same target in the training split, where known.
    """
    if not labels.numeric or not labels.rows:
        return "other"
    if training in _CLASSES and _some_classes(labels):
        return "class_index" if training == "class_index" else "mask_index"
    spatial = len(labels.shape) >= 2
    wide = _wide(labels) if labels.width > 1 else "other"
    if wide != "other" and not spatial:
        return wide
    if wide == "one_hot":
        return "mask_one_hot"
    return _plain(labels, spatial=spatial)


def _some_classes(labels: Labels) -> bool:
    """Whole numbers that can be class numbers, be it of a few classes only."""
    known = _known(labels)
    return bool(known) and all(v == int(v) and -1 <= v < MOST_CLASSES for v in known)


def _plain(labels: Labels, *, spatial: bool) -> TargetForm:
    """The form of numbers that are judged one by one."""
    known = _known(labels)
    if known and set(known) <= {0.0, 1.0}:
        return "mask_binary" if spatial else "binary"
    if set(known) == {-1.0, 1.0} and not spatial and labels.width == 1:
        return "sign"
    if _are_classes(labels, known):
        return "mask_index" if spatial or labels.width > 1 else "class_index"
    return "continuous"


def targets_of(labels: Labels, name: str, form: TargetForm, *, varies: bool = False) -> Targets:
    """The facts about a target as the record holds them.

    Args:
        labels: What was collected.
        name: Name of the target.
        form: Its form.
        varies: Its shape is not the same in all batches.
    """
    minimum, maximum, mean, std = labels.figures.overall()
    counts = _class_counts(labels, form)
    tenths = form == "continuous" and (labels.crowded or len(labels.values) > 20)
    near, expected = adjacency(labels, tenths=tenths)
    flag, flags = sentinel(labels) if form in {"continuous", "class_index"} else (None, 0)
    listed = labels.figures if labels.shape and labels.width <= COLUMNS else None
    return Targets(
        name=name,
        shape=(None,) * len(labels.shape) if varies else labels.shape,
        dtype=labels.dtype,
        form=form,
        classes=len(counts) or None,
        counts=counts,
        minimum=minimum,
        maximum=maximum,
        mean=mean,
        std=std,
        distinct=DISTINCT if labels.crowded else len(labels.values),
        integral=labels.numeric and labels.integral,
        nonfinite=labels.figures.nonfinite,
        nonfinite_examples=tuple(labels.figures.named),
        invalid_rows=_invalid(labels, form),
        column_mean=_floats(listed.mean) if listed else (),
        column_std=_floats(np.sqrt(listed.variance)) if listed else (),
        adjacency=near,
        adjacency_expected=expected,
        sentinel=flag,
        sentinel_count=flags,
    )


def _wide(labels: Labels) -> TargetForm:
    """Rows of zeros and ones, or of shares."""
    plain = labels.ones + labels.many + labels.none
    if plain >= NEARLY_ALL * labels.positions:
        if labels.many > SEVERAL * labels.positions or labels.ones < labels.positions / 2:
            return "multi_hot"
        return "one_hot"
    if labels.soft >= NEARLY_ALL * labels.positions:
        return "soft"
    return "other"


def _known(labels: Labels) -> dict[float, int]:
    return {} if labels.crowded else labels.values


def _are_classes(labels: Labels, known: dict[float, int]) -> bool:
    """Whole numbers from 0 or 1 without large gaps, each of them several times.

    A few rows may break the form (negative, fractional, one far number such as 255), and any
    number of them by -1, where classes were counted from -1 or -1 stands for unknown. They are
    counted as invalid.
    """
    total = sum(known.values())
    whole = {int(v): n for v, n in known.items() if v >= 0 and v == int(v)}
    fits = sum(whole.values()) + known.get(-1.0, 0)
    if not whole or fits < NEARLY_ALL * total or max(whole) >= MOST_CLASSES:
        return False
    found = np.array(sorted(whole))
    if len(found) > 2 and found[-1] - found[-2] > found[-2] - found[0] + 1:
        found = found[:-1]
    most = MOST_FLOAT_CLASSES if labels.kind == "f" else DISTINCT
    count = len(found)
    if (
        sum(whole.values()) < total / 2
        or count > most
        or total < EACH_CLASS * count
        or (count < 2 and found[0] > 1)
    ):
        return False
    return bool(found[0] <= 1 and count >= DENSE * (found[-1] - found[0] + 1))


def _class_counts(labels: Labels, form: TargetForm) -> tuple[int, ...]:
    if form == "soft":
        return tuple(int(n) for n in labels.leading)
    if form in {"one_hot", "multi_hot", "mask_one_hot"} and labels.width > 1:
        return tuple(int(n) for n in labels.held)
    if form in _CLASSES:
        whole = {int(v): n for v, n in labels.values.items() if v >= 0 and v == int(v)}
        return tuple(whole.get(c, 0) for c in range(max(whole) + 1))
    if form in {"continuous", "reconstruction", "absent", "other"}:
        return ()
    first = -1.0 if form == "sign" else 0.0
    return (labels.values.get(first, 0), labels.values.get(1.0, 0))


def _invalid(labels: Labels, form: TargetForm) -> int:
    if form in {"one_hot", "mask_one_hot"}:
        return labels.positions - labels.ones
    if form == "multi_hot" and labels.width > 1:
        return labels.positions - labels.ones - labels.many - labels.none
    if form == "soft":
        return labels.positions - labels.soft
    if form in _CLASSES:
        return sum(n for v, n in labels.values.items() if v < 0 or v != int(v))
    return 0


def _floats(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
