"""The sampled rows as a matrix in which distance means something, and their labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import InputKind, Inputs, TargetForm, Targets
from convalesce.observe.scan.reservoir import Sampled
from convalesce.observe.scan.structure import Array

FREE_TEXT = 1000  # distinct tokens beyond which likeness of rows says little about their label
ONE_HOT = 1 << 13  # width up to which tokens are laid out by position
WORDS = 2048

_CLASSES: tuple[TargetForm, ...] = ("class_index", "binary", "sign", "one_hot", "soft")


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Labels of the sampled rows.

    Attributes:
        kind: One class, one or several numbers, or several yes/no a row.
        values: int64 `(rows,)` for classes, else float64 `(rows, columns)`.
    """

    kind: Literal["class", "number", "many"]
    values: Array


def answer_of(sample: Sampled, targets: tuple[Targets, ...]) -> Answer | None:
    """What the first target says of each sampled row; None for masks and reconstructions."""
    if not targets or not sample.targets or sample.targets[0] is None:
        return None
    form, values = targets[0].form, sample.targets[0]
    values = values.reshape(len(values), -1).astype(np.float64)
    if form in {"one_hot", "soft"}:
        return Answer("class", values.argmax(1))
    if form in _CLASSES:
        whole = np.nan_to_num(values[:, 0], nan=-1.0, posinf=-1.0, neginf=-1.0)
        return Answer("class", (whole > 0 if form == "sign" else whole).astype(np.int64))
    if form == "multi_hot":
        return Answer("many", values)
    return Answer("number", values) if form == "continuous" and values.shape[1] <= 64 else None


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """How rows become points; fitted on one split, used on another too.

    Attributes:
        means: Per input, taken off. `scales`: divided by.
        words: Per input, the tokens that have a column; None for what is no token.
        placed: Per input, tokens have a column at each position.
    """

    kinds: tuple[InputKind, ...]
    means: tuple[Array, ...]
    scales: tuple[Array, ...]
    words: tuple[Array | None, ...]
    placed: tuple[bool, ...]


def space_of(sample: Sampled, inputs: tuple[Inputs, ...]) -> Space | None:
    """The space of a split; None where no input can be compared (text, ragged rows)."""
    usable = [(i, v) for i, v in zip(inputs, sample.inputs, strict=False) if v is not None]
    if not usable or len(usable) < len(inputs):
        return None
    words, placed, means, scales = [], [], [], []
    for facts, values in usable:
        listed, by_place = _words(facts, values)
        if facts.kind == "tokens" and listed is None:
            return None
        words.append(listed)
        placed.append(by_place)
        flat = _flat(values, listed, placed=by_place)
        mean, scale = _standard(flat, facts.kind)
        means.append(mean)
        scales.append(scale)
    return Space(
        tuple(f.kind for f, _ in usable), tuple(means), tuple(scales), tuple(words), tuple(placed)
    )


def points(space: Space, sample: Sampled) -> NDArray[np.float32] | None:
    """The rows as points, shape `(rows, dimensions)`; None where the layout is another one."""
    if len(sample.inputs) != len(space.means):
        return None
    parts = []
    layout = zip(sample.inputs, space.words, space.placed, space.means, space.scales, strict=True)
    for values, words, placed, mean, scale in layout:
        if values is None:
            return None
        flat = _flat(values, words, placed=placed)
        if flat.shape[1] != len(mean):
            return None
        part = (flat - mean) / scale
        part /= np.sqrt(part.shape[1])
        parts.append(np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0))
    return np.concatenate(parts, 1).astype(np.float32)


def _words(facts: Inputs, values: Array) -> tuple[Array | None, bool]:
    if facts.kind != "tokens":
        return None, False
    if (facts.vocabulary or 0) > FREE_TEXT:
        return None, False
    found, counts = np.unique(values, return_counts=True)
    found = found[np.argsort(-counts, kind="stable")][:WORDS]
    return np.sort(found), bool(len(found) * values[:1].size <= ONE_HOT)


def _flat(values: Array, words: Array | None, *, placed: bool) -> NDArray[np.float32]:
    flat = values.reshape(len(values), -1).astype(np.float32)
    if words is None:
        return flat
    column = np.searchsorted(words, flat).clip(0, len(words) - 1)
    known = words[column] == flat
    length = flat.shape[1]
    row = np.repeat(np.arange(len(flat)), length).reshape(flat.shape)
    if placed:
        column = column + len(words) * np.arange(length)
        out = np.zeros((len(flat), len(words) * length), np.float32)
    else:
        known &= flat != 0
        out = np.zeros((len(flat), len(words)), np.float32)
    np.add.at(out, (row[known], column[known]), 1)
    return out


def _standard(flat: NDArray[np.float32], kind: InputKind) -> tuple[Array, Array]:
    """Per column for tables; one scale for all where columns share a unit."""
    finite = np.where(np.isfinite(flat), flat, np.nan)
    known = np.isfinite(flat).any(0)
    mean, scale = np.zeros(flat.shape[1]), np.ones(flat.shape[1])
    mean[known] = np.nanmean(finite[:, known], axis=0, dtype=np.float64)
    scale[known] = np.nanstd(finite[:, known], axis=0, dtype=np.float64)
    if kind != "tabular":
        scale[:] = np.sqrt((scale**2).mean())
    scale[scale == 0] = 1.0
    return mean.astype(np.float32), scale.astype(np.float32)
