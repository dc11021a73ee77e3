"""One pass over a split: chunks in, facts and a sketch out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np

from convalesce.core.data import (
    Across,
    Duplicates,
    Role,
    Sample,
    Source,
    Split,
    TargetForm,
    Targets,
)
from convalesce.observe.scan import fingerprints, pictures
from convalesce.observe.scan.across import Sketch, across
from convalesce.observe.scan.features import answer_of, points, space_of
from convalesce.observe.scan.forms import form_of, targets_of
from convalesce.observe.scan.hints import NO_HINTS, Hints
from convalesce.observe.scan.inputs import InputFacts, input_facts
from convalesce.observe.scan.labels import Labels, labels_of
from convalesce.observe.scan.neighbours import nearest_within, neighbours
from convalesce.observe.scan.reservoir import Reservoir, Sampled, factor_of
from convalesce.observe.scan.samples import Fetch, samples_of
from convalesce.observe.scan.structure import Array
from convalesce.observe.scan.telltale import telltale

LIKE_INPUT = 0.5  # correlation with the input, mean taken off, from which a target is its copy
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """What is known of one split: the facts, and a bounded sketch to hold it against another."""

    split: Split
    sketch: Sketch


class Pass:
    """Takes in chunks of a split in order; memory does not grow with their number.

    Args:
        role: Which split.
        inputs: Names of the inputs. `targets`: of the targets.
        hints: What is known beforehand.
        total: Number of rows that will come, where known.
    """

    def __init__(
        self,
        role: Role,
        inputs: list[str],
        targets: list[str],
        hints: Hints = NO_HINTS,
        *,
        total: int | None = None,
    ) -> None:
        self._role = role
        self._names = inputs
        self._target_names = targets
        self._hints = (*hints.layers, *("",) * len(inputs))
        self._forms = (*hints.forms, *("",) * len(targets))
        self._total = total
        self._facts: list[InputFacts] = []
        self._labels: list[Labels] = []
        self._prints = fingerprints.Collector()
        self._pictures = pictures.PictureCollector()
        self._reservoir: Reservoir | None = None
        self._factors: tuple[int, ...] = ()
        self._varies = [False] * len(targets)
        self.rows = 0
        self.remarks: list[str] = []

    def add(self, inputs: list[Array], targets: list[Array]) -> None:
        """Takes in equally many rows of each input and target."""
        if not self._facts and not self._labels:
            self._start(inputs, targets)
        fits = all(f.add(c) for f, c in zip(self._facts, inputs, strict=True))
        for i, (labels, chunk) in enumerate(zip(self._labels, targets, strict=True)):
            fits = self._label(i, labels, chunk) and fits
        if fits and self._reservoir is not None:
            self._reservoir.add(self.rows, inputs, targets)
        elif self._reservoir is not None:
            self._reservoir = None
            self.remarks.append(
                "The shape of the examples varies, so that they were not compared with each other."
            )
        if inputs:
            self._prints.add(self.rows, inputs, targets)
        if fits and inputs and self._facts[0].kind == "image":
            self._pictures.add(self.rows, inputs[0])
        self.rows += len((inputs or targets)[0])

    def add_targets(self, targets: list[Array]) -> None:
        """Takes in targets whose inputs are not read."""
        for i, (labels, chunk) in enumerate(zip(self._labels, targets, strict=True)):
            self._label(i, labels, chunk)

    def finish(  # noqa: PLR0913  # facts about the split, by name
        self,
        *,
        source: Source,
        examples: int | None,
        whole: bool,
        weighted: bool = False,
        fetch: Fetch | None = None,
        remarks: tuple[str, ...] = (),
        same_rows: bool = True,
    ) -> Scan:
        """Everything that was found.

        Args:
            source: What held the data.
            examples: Number of examples, where it is known.
            whole: Every example was read.
            weighted: Sample weights were given.
            fetch: Reads a row again; None where that can't be done.
            remarks: To be said to the user.
            same_rows: It is known which rows the split holds.
        """
        self.remarks += remarks
        sample = self._reservoir.finish(self._factors) if self._reservoir else _no_sample()
        prints = self._prints.finish()
        shots = self._pictures.finish()
        targets = self._targets(sample)
        inputs = tuple(
            f.finish(self._blank_shares(i, sample, targets)) for i, f in enumerate(self._facts)
        )
        split = Split(
            role=self._role,
            source=source,
            examples=examples,
            scanned=self.rows,
            whole=whole,
            inputs=inputs,
            targets=targets,
            weighted=weighted,
        )
        near: list[tuple[int, int]] = []
        if shots is not None:
            near = self._try("near copies", lambda: pictures.near_within(shots), near)
        copies = self._try("copies", lambda: fingerprints.copies_within(prints), set[int]())
        near = [pair for pair in near if pair[1] not in copies]
        found = self._try("copies", lambda: fingerprints.within(prints), Duplicates())
        firsts = sorted({b: (a, b) for a, b in reversed(near)}.values())
        pairs = (*found.pairs, *firsts)[: fingerprints.PAIRS]
        split = replace(split, duplicates=replace(found, near=len(firsts), pairs=pairs))
        split = self._try("labels of neighbours", lambda: _with_answers(split, sample), split)
        blank = self._facts[0].figures.blank if self._facts else []
        none: tuple[Sample, ...] = ()
        shown = self._try("samples", lambda: samples_of(split, near, sample, fetch, blank), none)
        split = replace(split, samples=shown, remarks=tuple(self.remarks))
        tokens = self._facts[0].tokens if self._facts else None
        return Scan(
            split,
            Sketch(
                prints=prints, sample=sample, pictures=shots, tokens=tokens, same_rows=same_rows
            ),
        )

    def _start(self, inputs: list[Array], targets: list[Array]) -> None:
        hints = self._hints
        self._facts = [
            input_facts(n, c, h) for n, c, h in zip(self._names, inputs, hints, strict=False)
        ]
        self._labels = [labels_of(c) for c in targets]
        kinds = [str(f.kind) for f in self._facts]
        self._factors = tuple(factor_of(c.shape[1:], k) for c, k in zip(inputs, kinds, strict=True))
        self._reservoir = Reservoir(kinds, self._total)

    def _label(self, place: int, labels: Labels, chunk: Array) -> bool:
        shape = chunk.shape[1:]
        shape = shape[:-1] if len(shape) == 1 and shape[0] == 1 else shape
        if shape != labels.shape:
            self._varies[place] = True
            if len(shape) != len(labels.shape) or shape[-1:] != labels.shape[-1:]:
                return False
        labels.add(chunk)
        return not self._varies[place]

    def _targets(self, sample: Sampled) -> tuple[Targets, ...]:
        found = []
        for i, labels in enumerate(self._labels):
            form = _copied(i, labels, form_of(labels, self._forms[i]), sample, self._facts)
            found.append(targets_of(labels, self._target_names[i], form, varies=self._varies[i]))
        return tuple(found)

    def _blank_shares(
        self, place: int, sample: Sampled, targets: tuple[Targets, ...]
    ) -> tuple[float, ...]:
        values = sample.inputs[place] if place < len(sample.inputs) else None
        answer = answer_of(sample, targets)
        if values is None or answer is None or answer.kind != "class" or len(values) == 0:
            return ()
        flat = values.reshape(len(values), -1)
        classes = targets[0].classes or 0
        if flat.shape[1] < 2 or not 1 <= classes <= 1000:
            return ()
        mostly = _mostly_one(flat)
        of = [answer.values == c for c in range(classes)]
        return tuple(float(mostly[m].mean()) if m.any() else 0.0 for m in of)

    def _try(self, what: str, work: Callable[[], T], otherwise: T) -> T:
        try:
            with np.errstate(all="ignore"):
                return work()
        except Exception as error:  # noqa: BLE001  # a part that fails must not take the rest along
            self.remarks.append(f"The scan could not look at {what}: {error}.")
            return otherwise


def compare(train: Scan, other: Scan) -> Across:
    """The other split against the training split."""
    with np.errstate(all="ignore"):
        return across(train.split, train.sketch, other.split, other.sketch)


def nothing(role: Role, source: Source, remark: str, **facts: Any) -> Scan:
    """A split of which nothing could be read, and why."""
    split = Split(
        role=role,
        source=source,
        examples=facts.pop("examples", None),
        scanned=0,
        whole=False,
        inputs=(),
        targets=(),
        remarks=(remark,) if remark else (),
        **facts,
    )
    prints = fingerprints.Collector().finish()
    return Scan(split, Sketch(prints=prints, sample=_no_sample(), same_rows=False))


def _with_answers(split: Split, sample: Sampled) -> Split:
    answer = answer_of(sample, split.targets)
    space = space_of(sample, split.inputs)
    if answer is None:
        return split
    split = replace(split, telltale=telltale(answer, sample, split.inputs))
    values = points(space, sample) if space is not None else None
    if values is None or len(values) < 2:
        return split
    near, _ = nearest_within(values)
    examples = max(split.scanned, int(sample.rows[-1]) + 1)
    return replace(split, neighbours=neighbours(answer, near, answer, sample.rows, examples))


def _copied(
    place: int, labels: Labels, form: TargetForm, sample: Sampled, facts: list[InputFacts]
) -> TargetForm:
    """`reconstruction` for a target that is the input, or the input without its noise."""
    if place >= len(sample.targets) or not sample.inputs:
        return form
    x, y = sample.inputs[0], sample.targets[place]
    if x is None or y is None or facts[0].shape != labels.shape or not labels.shape:
        return form
    same = x.shape == y.shape and len(x) > 1 and x[0].size > 1
    if not same or facts[0].kind == "tokens":
        return form
    if np.array_equal(x, y, equal_nan=True):
        return "reconstruction"
    two = not labels.crowded and len(labels.values) <= 2
    if form != "continuous" or (two and len(np.unique(x[:8])) > 2):
        return form
    a, b = (v.astype(np.float64) - v.mean(0, dtype=np.float64) for v in (x, y))
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    alike = float((a * b).sum()) / scale if scale > 0 and np.isfinite(scale) else 0.0
    return "reconstruction" if alike >= LIKE_INPUT else form


def _mostly_one(flat: Array) -> Array:
    """Rows of which one value holds more than four fifths of the entries.

    Such a value is the median of its row.
    """
    middle = np.partition(flat, flat.shape[1] // 2, axis=1)[:, flat.shape[1] // 2]
    return np.asarray((flat == middle[:, None]).mean(1) > 0.8)


def _no_sample() -> Sampled:
    return Sampled(np.zeros(0, np.int64))
