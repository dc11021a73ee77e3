"""The single input value that tells most about the target."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import Inputs, Telltale
from convalesce.observe.scan.features import Answer
from convalesce.observe.scan.reservoir import Sampled
from convalesce.observe.scan.structure import Array

BINS = 32
FEWEST = 100
CLASSES = 64
COPY = 0.99  # correlation at which another column is the same one again
STAMPED = 0.1  # lead by which one value a class must beat one value for all classes

Scores = NDArray[np.float64]


def telltale(answer: Answer, sample: Sampled, inputs: tuple[Inputs, ...]) -> Telltale | None:
    """The most telling value of the sample, and the next that is no copy of it.

    A value is judged on rows that it was not fitted on: the sample is cut into halves.

    Args:
        answer: Labels of the sampled rows.
        sample: The rows.
        inputs: Facts about each input.
    """
    numeric = [(i, f, v) for i, (f, v) in enumerate(zip(inputs, sample.inputs, strict=False))]
    usable = [(i, f, v) for i, f, v in numeric if v is not None]
    if not usable or len(sample.rows) < FEWEST or answer.kind == "many":
        return None
    flats = [v.reshape(len(v), -1) for _, _, v in usable]
    table = np.nan_to_num(np.concatenate(flats, 1), nan=0.0, posinf=0.0, neginf=0.0)
    places = _places(usable)
    if answer.kind == "number":
        table = _ranks(table)
        best = _best(rank_correlations(table, answer.values)[None], table, places)
    else:
        classes, labels = np.unique(answer.values, return_inverse=True)
        if not 2 <= len(classes) <= CLASSES:
            return None
        scores, by_class = class_scores(table, labels, len(classes))
        best = _best(scores[None], table, places)
        if len(classes) > 2:
            together = _best(by_class, table, places)
            lead = together.score - together.runner_up
            best = together if lead > best.score - best.runner_up + STAMPED else best
    return Telltale(
        where=_where(best.columns, usable, sample.factors, several=len(inputs) > 1),
        score=max(0.0, best.score),
        runner_up=max(0.0, best.runner_up),
    )


@dataclass(frozen=True, slots=True)
class _Best:
    columns: tuple[int, ...]
    score: float
    runner_up: float


def _best(scores: Scores, table: Array, places: Array) -> _Best:
    """The best column for each row of scores, and the same among columns apart from these."""
    columns = tuple(sorted({int(c) for c in scores.argmax(1)}))
    apart = _apart(table, columns, places if len(columns) == 1 else None)
    left = float(scores[:, apart].max(1).mean()) if apart.any() else 0.0
    return _Best(columns, float(scores.max(1).mean()), left)


def class_scores(table: Array, labels: Array, classes: int) -> tuple[Scores, Scores]:
    """How well each column alone tells the class, 0 (chance) to 1.

    Args:
        table: Shape `(rows, columns)`.
        labels: Class of each row, 0 to `classes - 1`.
        classes: Number of classes.

    Returns:
        The balanced accuracy of a table of at most 32 bins, rescaled, shape `(columns,)`; and
        Youden's index of each class against the others, shape `(classes, columns)`.
    """
    bins = binned(table)
    halves = [_shares(bins[h::2], labels[h::2], classes) for h in (0, 1)]
    scores = np.zeros(table.shape[1])
    by_class = np.zeros((classes, table.shape[1]))
    for fitted, read in (halves, halves[::-1]):
        named = fitted.argmax(0)
        hit = np.take_along_axis(read, named[None], 0)[0].sum(-1) / classes
        scores += (hit - 1 / classes) / (1 - 1 / classes) / 2
        rest_fitted = (fitted.sum(0) - fitted) / (classes - 1)
        rest_read = (read.sum(0) - read) / (classes - 1)
        by_class += np.where(fitted > rest_fitted, read - rest_read, 0).sum(-1) / 2
    return scores, by_class


def rank_correlations(table: Array, targets: Array) -> Scores:
    """Largest |Spearman's rho| of each column with a column of the targets."""
    left = _ranks(table)
    right = _ranks(np.nan_to_num(targets))
    return np.asarray(np.abs(left.T @ right).max(1) / len(table), np.float64)


def binned(table: Array) -> NDArray[np.intp]:
    """Bin of each value among at most 32 that split its column evenly, shape as given."""
    ordered = np.sort(table, axis=0)
    places = np.linspace(0, len(table), BINS + 1)[1:-1].astype(np.intp)
    edges = ordered[places]
    bins = np.zeros(table.shape, np.intp)
    for edge in edges:
        bins += table >= edge
    return bins


def _shares(bins: Array, labels: Array, classes: int) -> Scores:
    """Share of each class in each bin, shape `(classes, columns, bins)`."""
    columns = bins.shape[1]
    place = (labels[:, None] * columns + np.arange(columns)) * BINS + bins
    counts = np.bincount(place.reshape(-1), minlength=classes * columns * BINS)
    shares = counts.reshape(classes, columns, BINS).astype(np.float64)
    return shares / np.maximum(np.bincount(labels, minlength=classes), 1)[:, None, None]


def _ranks(table: Array) -> NDArray[np.float64]:
    """Ranks of each column, ties averaged, standardised; 0 where nothing varies."""
    from scipy.stats import rankdata  # comes with scikit-learn; heavy

    ranks = np.asarray(rankdata(table, axis=0), np.float64)
    ranks -= ranks.mean(0)
    spread = ranks.std(0)
    return np.asarray(np.divide(ranks, spread, out=np.zeros_like(ranks), where=spread > 0))


def _places(usable: list[tuple[int, Inputs, Array]]) -> Array:
    """Input, and position on up to three axes, of each column; shape `(columns, 4)`."""
    parts = []
    for i, _, values in usable:
        grid = np.indices(values.shape[1:]).reshape(values.ndim - 1, -1).T
        part = np.zeros((values[:1].size, 4), np.int64)
        part[:, 0] = i
        part[:, 1 : 1 + min(3, grid.shape[1])] = grid[:, :3]
        parts.append(part)
    return np.concatenate(parts)


def _apart(table: Array, chosen: tuple[int, ...], places: Array | None) -> NDArray[np.bool_]:
    """Columns that are no copies of the chosen ones, nor next to them where places are given."""
    apart = np.ones(table.shape[1], bool)
    centred = table - table.mean(0, dtype=np.float64)
    norms = np.sqrt((centred**2).sum(0))
    for c in chosen:
        product = np.abs(centred[:, c] @ centred)
        apart &= (product <= COPY * norms * norms[c]) & (np.arange(len(apart)) != c)
        if places is not None and places[:, 2:].any():
            same = places[:, 0] == places[c, 0]
            apart &= ~(same & (np.abs(places[:, 1:3] - places[c, 1:3]) <= 1).all(1))
    return np.asarray(apart & (norms > 0))


def _where(
    chosen: tuple[int, ...],
    usable: list[tuple[int, Inputs, Array]],
    factors: tuple[int, ...],
    *,
    several: bool,
) -> str:
    first = chosen[0]
    start = 0
    for i, facts, values in usable:
        width = values[:1].size
        if first < start + width:
            at = np.unravel_index(first - start, values.shape[1:]) if values.ndim > 1 else ()
            text = _position(facts, tuple(int(a) for a in at), factors[i], values.ndim - 1)
            text = f"{facts.name}: {text}" if several else text
            more = len(chosen) - 1
            return f"{text} and {more} more, one for each class" if more else text
        start += width
    return "?"


def _position(facts: Inputs, at: tuple[int, ...], factor: int, rank: int) -> str:
    if facts.kind == "tokens":
        return f"position {at[0] if at else 0}"
    if facts.kind == "image":
        row, column = at[0] * factor, at[1] * factor
        name = "pixel" if factor == 1 else f"pixels of the {factor} by {factor} field at"
        return f"{name} ({row}, {column})" + (f", channel {at[2]}" if rank > 2 else "")
    if facts.kind == "sequence":
        return f"step {at[0] * factor}, channel {at[1]}"
    if rank <= 1:
        return f"feature {at[0] * factor if at else 0}"
    return "position (" + ", ".join(str(a) for a in at) + ")"
