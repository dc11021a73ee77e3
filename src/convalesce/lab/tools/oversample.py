"""Rare classes evened out by examples made from those at hand: of the training split alone.

Interpolation (SMOTE and its kin) mixes an example with a neighbour of its class. That makes sense
for tables and for pictures and series that can be laid over each other; not for token numbers, for
which `method="random"` repeats whole examples.

Sources:
    Chawla, Bowyer, Hall and Kegelmeyer, *SMOTE: Synthetic Minority Over-sampling Technique*, JAIR
    16, 2002. Han, Wang and Mao, *Borderline-SMOTE*, ICIC 2005. He, Bai, Garcia and Li, *ADASYN*,
    IJCNN 2008. Made by imbalanced-learn.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from convalesce.lab.tools.classes import Array, Classes, read_classes

Method = Literal["smote", "borderline", "adasyn", "random"]
NEIGHBOURS = 5  # of the paper
AROUND = 10  # neighbours of any class by which borderline examples are told


class ResampledBeforeSplit(ValueError):
    """Validation examples would be, or are, among those that are resampled."""


def oversample(  # noqa: PLR0913 - each one is named where it is called
    x: Any,
    y: Any,
    method: Method = "smote",
    ratio: float = 1.0,
    seed: int = 0,
    *,
    neighbours: int = NEIGHBOURS,
    validation: Any = None,
) -> tuple[Array, Array]:
    """The training examples, followed by new ones of the rare classes.

    Args:
        x: Training inputs, shape `(examples, ...)` of any rank. The type is kept: of whole
            numbers (uint8 pixels) new values are rounded and clipped to the type's range.
        y: Labels, shape `(examples,)`, `(examples, 1)` or one-hot `(examples, classes)`; the form
            and type are kept.
        method: `smote`, `borderline` (only near other classes), `adasyn` (more where other
            classes are near; the number of new examples is about right), or `random` (whole
            examples repeated).
        ratio: Every class is raised to this share of the largest, 0 < ratio ≤ 1. None is cut.
        seed: Of the draw. NumPy's own random state is not touched.
        neighbours: Of its class that an example is mixed with. A class of fewer is mixed with all
            others of it; one of a single example is repeated, with a warning.
        validation: The inputs of the validation split, or `(x, y)`: none of its rows may stand
            in `x`. A share, as in `validation_split=0.2`, is refused.

    Returns:
        Inputs and labels, the given ones first and unchanged. Shuffle them before batching without
        `shuffle`: the new ones stand class by class at the end.

    Raises:
        ResampledBeforeSplit: The split comes after, or validation rows are in `x`.
        ValueError: The arguments do not fit.
    """
    inputs, classes = np.asarray(x), read_classes(y)
    _check(inputs, classes, method, ratio, neighbours)
    _check_split(inputs, validation)
    wanted = np.ceil(ratio * classes.counts.max() - 1e-9).astype(np.int64)
    parts: list[tuple[Array, NDArray[np.int64]]] = []
    for number, count in enumerate(classes.counts):
        if count >= wanted:
            continue
        made = _made(inputs, classes, _Want(number, int(wanted), method, seed, neighbours))
        parts.append((made, np.full(len(made), number, np.int64)))
    if not parts:
        return inputs.copy(), np.array(y)
    new_x, new_y = (np.concatenate(p) for p in zip(*parts, strict=True))
    return (
        np.concatenate([inputs, new_x]),
        np.concatenate([np.asarray(y), classes.written(new_y)]),
    )


def _check(x: Array, classes: Classes, method: str, ratio: float, neighbours: int) -> None:
    if method not in get_args(Method):
        raise ValueError(
            f"method={method!r} is not known; {', '.join(get_args(Method))} are expected"
        )
    if not 0 < ratio <= 1:
        raise ValueError(
            f"ratio={ratio} is not in 0 … 1; it is the share of the largest class that every class "
            "is raised to"
        )
    if neighbours < 1:
        raise ValueError(f"neighbours={neighbours}; one at the least is expected")
    if not x.ndim or len(x) != len(classes.ids):
        raise ValueError(
            f"x has {len(x) if x.ndim else 0} examples and y has {len(classes.ids)} labels; "
            "one label for each example is expected"
        )
    if method == "random":
        return
    if x.dtype.kind not in "iuf":
        raise ValueError(
            f"x is of type {x.dtype}, which can't be interpolated; numbers are expected, or "
            'method="random", which repeats whole examples'
        )
    rows = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(1))
    if len(rows):
        raise ValueError(
            f"x holds NaN or infinity in {len(rows)} rows, first in row {rows[0]}: they can't be "
            "interpolated; drop or impute them first"
        )


def _check_split(x: Array, validation: Any) -> None:
    """Refuses where the split comes later, or was not clean.

    Raises:
        ResampledBeforeSplit: With the reason.
    """
    if validation is None:
        return
    if isinstance(validation, int | float):
        raise ResampledBeforeSplit(
            f"validation={validation} is a share that is still to be cut off: copies and mixtures "
            "of training examples would land in it, and it would measure memory. Split first, then "
            "resample the training part"
        )
    held = np.asarray(validation[0] if isinstance(validation, tuple | list) else validation)
    if held.shape[1:] != x.shape[1:] or not held.size:
        return
    there = {np.ascontiguousarray(row).tobytes() for row in held.astype(x.dtype)}
    shared = [n for n, row in enumerate(x) if np.ascontiguousarray(row).tobytes() in there]
    if shared:
        raise ResampledBeforeSplit(
            f"{len(shared)} rows of x (first: row {shared[0]}) stand in validation too: what is "
            "made of them would tell validation's answers. Drop them from x, or split again, "
            "before resampling"
        )


@dataclass(frozen=True, slots=True)
class _Want:
    """The class `number` raised to `count` examples."""

    number: int
    count: int
    method: Method
    seed: int
    neighbours: int


def _made(x: Array, classes: Classes, want: _Want) -> Array:
    """New examples of one class, shape `(new, ...)`."""
    own = np.flatnonzero(classes.ids == want.number)
    named = classes.values[want.number]
    if want.method == "random" or len(own) == 1:
        if want.method != "random":
            warnings.warn(
                f"class {named} has a single example: it is repeated, since there is nothing to "
                "mix it with",
                stacklevel=3,
            )
        return x[_repeats(own, want)]
    want = replace(want, neighbours=min(want.neighbours, len(own) - 1))
    found = _sampled(x, classes, want)
    if found is None:
        warnings.warn(
            f"{want.method} finds no example of class {named} beside other classes: plain SMOTE "
            "is used for it",
            stacklevel=3,
        )
        found = _sampled(x, classes, replace(want, method="smote"))
    return _typed(np.asarray(found).reshape(-1, *x.shape[1:]), x.dtype)


def _repeats(own: NDArray[np.intp], want: _Want) -> NDArray[np.intp]:
    """Rows to be repeated: whole rounds first, so that each is repeated equally often."""
    draw, short = np.random.default_rng([want.seed, want.number]), want.count - len(own)
    rounds = [draw.permutation(own) for _ in range(-(-short // len(own)))]
    return np.concatenate(rounds)[:short]


def _sampled(x: Array, classes: Classes, want: _Want) -> Array | None:
    """What imbalanced-learn makes, flat; None where it finds nothing to begin with."""
    from imblearn.over_sampling import ADASYN, SMOTE, BorderlineSMOTE

    rows = np.arange(len(x))
    if want.method == "smote":
        # Other classes play no part: one example of them is what the library asks for.
        other = np.flatnonzero(classes.ids != want.number)[:1]
        rows = np.concatenate([np.flatnonzero(classes.ids == want.number), other])
    flat = x[rows].reshape(len(rows), -1)
    flat = flat if flat.dtype.kind == "f" and flat.dtype.itemsize >= 4 else flat.astype(np.float32)
    labels = (classes.ids[rows] == want.number).astype(np.int64)
    asked: dict[str, Any] = {"sampling_strategy": {1: want.count}, "random_state": want.seed}
    sampler: Any
    if want.method == "smote":
        sampler = SMOTE(k_neighbors=want.neighbours, **asked)
    elif want.method == "borderline":
        around = min(AROUND, len(rows) - 1)
        sampler = BorderlineSMOTE(k_neighbors=want.neighbours, m_neighbors=around, **asked)
    else:
        sampler = ADASYN(n_neighbors=want.neighbours, **asked)
    try:
        made, _ = sampler.fit_resample(flat, labels)
    except (ValueError, RuntimeError) as error:
        # What ADASYN says where no example has a neighbour of another class.
        if not any(words in str(error) for words in ("No samples", "Not any neigbours")):
            raise
        return None
    new = np.asarray(made)[len(flat) :]
    return new if len(new) else None


def _typed(values: Array, kind: np.dtype[Any]) -> Array:
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        values = np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max)
    return np.asarray(values.astype(kind))
