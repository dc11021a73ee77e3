"""What task is being trained: read from the labels, the output and the loss together.

Labels are trusted. Whole numbers are class numbers where the output or the loss speaks of
classes, and figures where both speak of regression. Where the labels alone contradict what
output and loss agree on, and writing them another way (0 and 1, from zero on, divided by 255)
would make all fit, that way is noted as `recoded`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from convalesce.core.data import Split, Targets
from convalesce.core.model import Model, Output
from convalesce.core.setup import Loss, Setup

Kind = Literal[
    "binary",  # yes or no
    "one_of_many",
    "many_of_many",
    "regression",
    "reconstruction",  # the input itself, or the input without noise
    "unknown",
]
Coding = Literal["zero_one", "sign", "index", "one_hot", "multi_hot", "soft", "number", "unknown"]

BINARY_LOSSES = frozenset({"binary_crossentropy", "binary_focal_crossentropy"})
SPARSE_LOSSES = frozenset({"sparse_categorical_crossentropy"})
ROW_LOSSES = frozenset(
    {
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "kl_divergence",
        "categorical_hinge",
    }
)
HINGES = frozenset({"hinge", "squared_hinge"})
REGRESSION_LOSSES = frozenset(
    {
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "huber",
        "log_cosh",
        "poisson",
    }
)
CLASS_LOSSES = BINARY_LOSSES | SPARSE_LOSSES | ROW_LOSSES | HINGES
BYTE = 255.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Labels of one output, as the table of what fits together sees them.

    Attributes:
        columns: Numbers that one answer is compared with: the last axis of the targets, or 1.
        low: Smallest label. `high`, `mean` and `std` likewise.
        classes: Number of classes; 0 for figures.
        distinct: Number of distinct values.
    """

    coding: Coding
    columns: int = 1
    low: float = 0.0
    high: float = 1.0
    mean: float = 0.5
    std: float = 0.5
    classes: int = 0
    distinct: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one output is trained to do.

    Attributes:
        by_position: One answer for each position of a picture or sequence.
        recoded: The labels written the way that output and loss agree on; None where there
            is none. `recoding`: how, in the imperative.
    """

    kind: Kind
    labels: Labels
    by_position: bool = False
    recoded: Labels | None = None
    recoding: str = ""

    @property
    def name(self) -> str:
        """The task in words."""
        words = {
            "binary": "yes/no",
            "one_of_many": "one of many",
            "many_of_many": "any of many",
            "regression": "regression",
            "reconstruction": "reconstruction",
            "unknown": "unknown",
        }[self.kind]
        return f"{words} at each position" if self.by_position else words


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One output with its targets and its loss, matched by name or, failing that, by order."""

    targets: Targets
    output: Output
    loss: Loss


def reached(train: Split, fed: Split | None) -> Split | None:
    """The split whose targets are those that the loss saw.

    Pipelines are scanned at their source, where labels may still have another form; what came
    out of them was seen on the way to the model. None where only the source is known.
    """
    if fed is not None and fed.targets:
        return fed
    return None if any("before `map`" in remark for remark in train.remarks) else train


def goals(train: Split, model: Model, setup: Setup) -> Iterator[Goal]:
    """Every output that has targets and a loss; none where they can't be told apart."""
    outputs, targets, losses = model.outputs, train.targets, setup.losses
    if len(outputs) == len(targets) == len(losses) == 1:
        yield Goal(targets=targets[0], output=outputs[0], loss=losses[0])
        return
    for at, output in enumerate(outputs):
        names = {output.name, output.layer} - {""}
        own = [t for t in targets if t.name in names]
        own = own or ([targets[at]] if len(targets) == len(outputs) else [])
        asked = [loss for loss in losses if loss.output in names]
        asked = asked or ([losses[at]] if len(losses) == len(outputs) else [])
        if len(own) == len(asked) == 1:
            yield Goal(targets=own[0], output=output, loss=asked[0])


def task_of(targets: Targets, output: Output, loss: Loss) -> Task:
    """The task of one output."""
    by_position = targets.form.startswith("mask_") or (
        len(output.shape) > 1 and len(targets.shape) >= len(output.shape) - 1
    )
    task = _task(targets, output, loss)
    return replace(task, by_position=by_position and task.kind != "unknown")


def _task(targets: Targets, output: Output, loss: Loss) -> Task:  # noqa: PLR0911 - a form each
    labels = _labels(targets, output)
    form = targets.form
    if form in {"absent", "other"} or not math.isfinite(labels.low + labels.high):
        return Task(kind="unknown", labels=replace(labels, coding="unknown"))
    if form in {"one_hot", "mask_one_hot"}:
        return Task(kind="one_of_many", labels=_unit(labels, "one_hot", labels.columns))
    if form == "soft":
        return Task(kind="one_of_many", labels=_unit(labels, "soft", labels.columns))
    if form == "multi_hot":
        return Task(kind="many_of_many", labels=_unit(labels, "multi_hot", labels.columns))
    if form in {"binary", "mask_binary"}:
        return Task(kind="binary", labels=_unit(labels, "zero_one", 2))
    if form == "sign":
        return _two_valued(replace(labels, coding="sign", classes=2))
    if form in {"class_index", "mask_index"}:
        return _whole(labels, output, loss)
    figures = replace(labels, coding="number", classes=0)
    if form == "reconstruction":
        return _figures("reconstruction", figures, output, loss)
    return _continuous(figures, targets, output, loss)


def _labels(targets: Targets, output: Output) -> Labels:
    rank_short = len(targets.shape) == len(output.shape) - 1
    last = targets.shape[-1] if targets.shape and not rank_short else 1
    return Labels(
        coding="unknown",
        columns=last or 1,
        low=targets.minimum,
        high=targets.maximum,
        mean=targets.mean,
        std=targets.std,
        classes=max(targets.classes or 0, 0),
        distinct=targets.distinct or sum(count > 0 for count in targets.counts),
    )


def _unit(labels: Labels, coding: Coding, classes: int) -> Labels:
    return replace(labels, coding=coding, low=0.0, high=1.0, classes=classes)


def _two_valued(labels: Labels) -> Task:
    pair = f"{labels.low:g} and {labels.high:g}"
    return Task(
        kind="binary",
        labels=labels,
        recoded=_unit(labels, "zero_one", 2),
        recoding=f"write the two classes as 0 and 1 (they are {pair})",
    )


def _whole(labels: Labels, output: Output, loss: Loss) -> Task:
    """Class numbers or figures, as output and loss say."""
    numbers = replace(labels, coding="number", classes=0)
    classes = output.width > 1 or loss.name in CLASS_LOSSES
    if not classes or labels.columns > 1:
        if loss.name in BINARY_LOSSES:
            return _figures("regression", numbers, output, loss)
        known = loss.name in REGRESSION_LOSSES or loss.name == "cosine_similarity"
        return Task(kind="regression" if known else "unknown", labels=numbers)
    if not loss.known and labels.high >= output.width:
        return Task(kind="unknown", labels=numbers)
    ignored = loss.settings.get("ignore_class")
    if isinstance(ignored, float) and ignored in {labels.low, labels.high}:
        labels = replace(labels, low=0.0, high=min(labels.high, output.width - 1.0))
    if output.width == 1 and labels.distinct == 2:
        return _two_valued(replace(numbers, classes=2))
    labels = replace(labels, coding="index", classes=max(int(labels.high) + 1, 0))
    return _numbered_anew(labels, output.width)


def _numbered_anew(labels: Labels, width: int) -> Task:
    """Class numbers, and how to bring them into 0 … width - 1 where they lie outside."""
    task = Task(kind="one_of_many", labels=labels)
    low, high, count = labels.low, labels.high, labels.distinct
    if width < 2 or count < 1 or (low >= 0 and high < width):
        return task
    if count <= width and high - low + 1 <= width:
        how = f"take {low:g} off each" if low > 0 else f"add {-low:g} to each"
        how, count = f"{how}: they run from {low:g} to {high:g}", int(high - low) + 1
    elif count <= width:
        how = f"number the classes 0 to {count - 1}: they run from {low:g} to {high:g}"
    elif count == width + 1 and (low < 0 or high > width):
        odd, count = low if low < 0 else high, width
        how = f"leave out label {odd:g}, or name it as the loss's ignore_class"
    else:
        return task
    recoded = replace(labels, low=0.0, high=count - 1.0, classes=count)
    return replace(task, recoded=recoded, recoding=how)


def _continuous(labels: Labels, targets: Targets, output: Output, loss: Loss) -> Task:
    """Figures, unless few values and a loss for classes say that they were classes once."""
    if loss.name in SPARSE_LOSSES and labels.columns == 1 and targets.integral:
        return _whole(labels, output, loss)
    few = 1 < labels.distinct <= max(output.width, 2)
    if loss.name in SPARSE_LOSSES and labels.columns == 1 and few:
        recoded = replace(labels, coding="index", low=0.0, high=labels.distinct - 1.0)
        return Task(
            kind="one_of_many",
            labels=labels,
            recoded=replace(recoded, classes=labels.distinct),
            recoding=f"number the classes 0 to {labels.distinct - 1}: the labels run from "
            f"{labels.low:g} to {labels.high:g} in fractions",
        )
    if loss.name in ROW_LOSSES and labels.distinct == 2 and labels.columns == output.width > 1:
        return Task(
            kind="one_of_many",
            labels=labels,
            recoded=_unit(labels, "one_hot", labels.columns),
            recoding=f"write rows of 0 and 1 (they are {labels.low:g} and {labels.high:g})",
        )
    if loss.name in BINARY_LOSSES | HINGES and labels.distinct == 2:
        return _two_valued(labels)
    return _figures("regression", labels, output, loss)


def _figures(kind: Kind, labels: Labels, output: Output, loss: Loss) -> Task:
    """Pixels of 0 … 255 where the output ends at 1 can be scaled; other figures stay."""
    pixels = 1 < labels.high <= BYTE and labels.low >= 0
    picture = kind == "reconstruction" or len(output.shape) >= 3
    bounded = output.activation == "sigmoid" or loss.name in BINARY_LOSSES
    if not (pixels and picture and bounded):
        return Task(kind=kind, labels=labels)
    scaled = replace(
        labels,
        low=labels.low / labels.high,
        high=1.0,
        mean=labels.mean / labels.high,
        std=labels.std / labels.high,
    )
    return Task(
        kind=kind,
        labels=labels,
        recoded=scaled,
        recoding=f"divide the targets by 255: they reach {labels.high:g}",
    )
