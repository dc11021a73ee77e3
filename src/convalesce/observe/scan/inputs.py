"""Facts about one input, collected chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import InputKind, Inputs
from convalesce.observe.scan.figures import LISTED, Figures
from convalesce.observe.scan.kinds import channels_of, kind_of
from convalesce.observe.scan.structure import Array

TABLE = 1 << 20  # tokens up to this are counted in a table
SPARSE = 1 << 18  # distinct tokens counted one by one beyond it


@dataclass(slots=True)
class InputFacts:
    """What was seen of one input.

    Attributes:
        shape: Of one example; a dimension turns None when it varies.
        table: How often each token from 0 on stood there. `rare`: other tokens.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    kind: InputKind
    figures: Figures
    numeric: bool
    table: NDArray[np.int64]
    rare: dict[int, int]

    def add(self, chunk: Array) -> bool:
        """Takes in rows; False where their shape is not that of the first ones."""
        same = chunk.shape[1:] == self.shape
        if not same:
            self.shape = _merged(self.shape, chunk.shape[1:])
        if not self.numeric or chunk.dtype.kind not in "biuf":
            return same
        entries = int(np.prod(chunk.shape[1:])) if chunk.ndim > 1 else 1
        if entries % self.figures.channels == 0:
            self.figures.add(chunk)
        if self.kind == "tokens":
            self._count(chunk.reshape(-1))
        return same

    @property
    def tokens(self) -> dict[int, int] | None:
        """How often each token stood there; None for what is no token."""
        if self.kind != "tokens":
            return None
        found = np.flatnonzero(self.table)
        return {int(t): int(self.table[t]) for t in found} | self.rare

    def finish(self, blank_share_by_class: tuple[float, ...]) -> Inputs:
        """The facts as the record holds them."""
        figures, known = self.figures, slice(None, LISTED)
        seen = figures.count > 0
        low, high = (np.where(seen, v, 0.0) for v in (figures.low, figures.high))
        still = np.flatnonzero(seen & (low == high)) if figures.rows > 1 else np.zeros(0, int)
        tokens = self.tokens
        common = {t: n for t, n in (tokens or {}).items() if t != 0}
        best = max(common, key=lambda t: common[t]) if common else None
        return Inputs(
            name=self.name,
            shape=self.shape,
            dtype=self.dtype,
            kind=self.kind,
            minimum=_floats(low[known]) if self.numeric else (),
            maximum=_floats(high[known]) if self.numeric else (),
            mean=_floats(figures.mean[known]) if self.numeric else (),
            std=_floats(np.sqrt(figures.variance)[known]) if self.numeric else (),
            nonfinite=figures.nonfinite,
            nonfinite_examples=tuple(figures.named),
            nonfinite_rows=figures.nonfinite_rows,
            constant=tuple(int(c) for c in still[known]),
            zero_share=figures.zero_share,
            blank_examples=figures.blank_rows,
            blank_share_by_class=blank_share_by_class,
            vocabulary=len(tokens) if tokens is not None else None,
            commonest_token=best,
            commonest_token_share=common[best] / sum(common.values()) if best is not None else 0.0,
        )

    def _count(self, values: Array) -> None:
        if values.dtype.kind == "f":
            values = values[np.isfinite(values)].astype(np.int64)
        if not len(values):
            return
        inside = values
        if values.min() < 0 or values.max() >= TABLE:
            plain = (values >= 0) & (values < TABLE)
            inside = values[plain]
            found, counts = np.unique(values[~plain], return_counts=True)
            for token, count in zip(found.tolist(), counts.tolist(), strict=True):
                if token in self.rare or len(self.rare) < SPARSE:
                    self.rare[token] = self.rare.get(token, 0) + count
        tally = np.bincount(inside.astype(np.intp), minlength=len(self.table))
        tally[: len(self.table)] += self.table
        self.table = tally


def input_facts(name: str, first: Array, hint: str) -> InputFacts:
    """An empty collection for inputs like these first rows."""
    kind = kind_of(first, hint)
    shape = tuple(int(s) for s in first.shape[1:])
    numeric = first.dtype.kind in "biuf"
    return InputFacts(
        name=name,
        shape=shape,
        dtype=str(first.dtype),
        kind=kind,
        figures=Figures(channels_of(kind, shape) if numeric else 1),
        numeric=numeric,
        table=np.zeros(0, np.int64),
        rare={},
    )


def _merged(known: tuple[int | None, ...], new: tuple[int, ...]) -> tuple[int | None, ...]:
    if len(known) != len(new):
        return (None,) * max(len(known), len(new))
    return tuple(a if a == b else None for a, b in zip(known, new, strict=True))


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(v) for v in values)
