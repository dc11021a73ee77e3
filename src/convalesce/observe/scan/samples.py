"""Examples kept for the report: small pictures, or a few numbers as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import Inputs, Role, Sample, Split, Targets
from convalesce.observe.scan.reservoir import Sampled
from convalesce.observe.scan.structure import Array

MOST = 48
SIDE = 64
CLASS_PICTURES = 20
OTHERS = 8
NUMBERS = 8

Row = tuple[list[Array], list[Array]]
Fetch = Callable[[int], Row]


def samples_of(
    split: Split,
    near: list[tuple[int, int]],
    sample: Sampled,
    fetch: Fetch | None,
    blank: list[int],
) -> tuple[Sample, ...]:
    """A few of each kind that a report shows, at most 48.

    Args:
        split: What was found.
        near: Pairs of nearly equal pictures.
        sample: Rows in hand.
        fetch: Reads any row's inputs and targets; None where the data can't be read again.
        blank: Rows whose values are all equal.
    """
    wanted = list(_wanted(split, near, sample, blank))
    found: dict[tuple[int, str], Sample] = {}
    held = {int(r): i for i, r in enumerate(sample.rows)}
    for row, why in wanted:
        if (row, why) in found or len(found) >= MOST:
            continue
        parts = _row(row, held, sample, fetch)
        if parts is not None:
            found[row, why] = sample_of(split.role, row, why, parts, split)
    return tuple(found.values())


def sample_of(role: Role, row: int, why: str, parts: Row, split: Split) -> Sample:
    """One example as a report shows it."""
    inputs, targets = parts
    label = "; ".join(
        label_text(t, facts) for t, facts in zip(targets, split.targets, strict=False)
    )
    if inputs and split.inputs and split.inputs[0].kind == "image" and inputs[0].ndim in {2, 3}:
        pixels = thumbnail(inputs[0], split.inputs[0])
        return Sample(role=role, row=row, why=why, label=label, pixels=pixels)
    text = "; ".join(_brief(part) for part in inputs)
    return Sample(role=role, row=row, why=why, label=label, text=text)


def thumbnail(values: Array, facts: Inputs) -> NDArray[np.uint8]:
    """A picture of shape `(height, width, 1 | 3)`, at most 64 by 64.

    Brightness runs from the smallest to the largest value of the split; what is not finite is
    shown as the darkest.
    """
    picture = values[..., None] if values.ndim == 2 else values
    picture = picture[..., :3] if picture.shape[-1] >= 3 else picture[..., :1]
    step = max(1, -(-max(picture.shape[:2]) // SIDE))
    if step > 1 and min(picture.shape[:2]) >= step:
        height, width = (s // step for s in picture.shape[:2])
        picture = picture[: height * step, : width * step]
        picture = picture.reshape(height, step, width, step, -1).mean((1, 3), dtype=np.float64)
    low, high = min(facts.minimum, default=0.0), max(facts.maximum, default=1.0)
    scaled = (picture.astype(np.float64) - low) / ((high - low) or 1.0)
    scaled = np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0).clip(0, 1)
    return np.rint(scaled * 255).astype(np.uint8)[:SIDE, :SIDE]


def label_text(value: Array, facts: Targets) -> str:
    """A label in a few characters."""
    flat = np.asarray(value).reshape(-1)
    if not flat.size:
        return ""
    if facts.form in {"one_hot", "soft"}:
        return str(int(np.nan_to_num(flat, nan=-1.0).argmax()))
    if facts.form == "multi_hot" and flat.size > 1:
        return ", ".join(str(int(i)) for i in np.flatnonzero(flat)[:NUMBERS])
    if flat.size > NUMBERS:
        return f"{'×'.join(str(s) for s in np.shape(value))} values"
    return ", ".join(_number(v) for v in flat)


def _wanted(
    split: Split, near: list[tuple[int, int]], sample: Sampled, blank: list[int]
) -> Iterable[tuple[int, str]]:
    broken = [i.nonfinite_examples for i in split.inputs]
    for rows in (*broken, *(t.nonfinite_examples for t in split.targets)):
        yield from ((row, "nonfinite") for row in rows[: OTHERS // 2])
    for pair in split.duplicates.pairs[: OTHERS // 2]:
        yield from ((row, "duplicate") for row in pair)
    for pair in near[: OTHERS // 2]:
        yield from ((row, "near duplicate") for row in pair)
    if split.neighbours is not None:
        yield from ((row, "label") for row in split.neighbours.disagreeing[:OTHERS])
    yield from ((row, "blank") for row in blank[: OTHERS // 4])
    yield from ((row, "class") for row in _of_classes(split, sample))


def _of_classes(split: Split, sample: Sampled) -> Iterable[int]:
    values = sample.targets[0] if sample.targets and split.targets else None
    if values is None or len(values) == 0:
        yield from (int(r) for r in sample.rows[:OTHERS])
        return
    flat = values.reshape(len(values), -1)
    keys = flat.argmax(1) if split.targets[0].form in {"one_hot", "soft"} else flat[:, 0]
    if split.targets[0].form == "continuous" or split.targets[0].form.startswith("mask"):
        yield from (int(r) for r in sample.rows[:OTHERS])
        return
    classes = np.unique(keys[np.isfinite(keys)])
    each = max(1, min(4, CLASS_PICTURES // max(1, len(classes))))
    for c in classes[:CLASS_PICTURES]:
        yield from (int(r) for r in sample.rows[keys == c][:each])


def _row(row: int, held: dict[int, int], sample: Sampled, fetch: Fetch | None) -> Row | None:
    if fetch is not None:
        return fetch(row)
    place = held.get(row)
    if place is None:
        return None
    return (
        [v[place] for v in sample.inputs if v is not None],
        [v[place] for v in sample.targets if v is not None],
    )


def _brief(value: Array) -> str:
    flat = np.asarray(value).reshape(-1)
    more = ", …" if flat.size > NUMBERS else ""
    return ", ".join(_number(v) for v in flat[:NUMBERS]) + more


def _number(value: object) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(int(value))
    if isinstance(value, (int, float, np.integer, np.floating)):
        return f"{float(value):.6g}"
    return str(value)[:80]
