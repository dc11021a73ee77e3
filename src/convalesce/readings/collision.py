"""Which part an exception about shapes, ranges or types of labels, output, loss and metric blames.

Read off the numbers that the runner found in the message and the part that raised it; for
messages without these, off the message itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from convalesce.core.change import Change
from convalesce.core.changes.arch import PoolGlobally, SetOutputActivation
from convalesce.core.changes.data import RepairLabels
from convalesce.core.changes.hp import SetLoss, SetMetric
from convalesce.core.course import Crash
from convalesce.readings.task import (
    BINARY_LOSSES,
    CLASS_LOSSES,
    REGRESSION_LOSSES,
    ROW_LOSSES,
    SPARSE_LOSSES,
)

Blamed = Literal["labels", "output_activation", "loss", "metric"]
Shape = tuple[float | None, ...]
NAN_AS_LABEL = -(2.0**63)  # what a NaN becomes when it is cast to a class number
LABEL = re.compile(r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)")
SHAPES = re.compile(r"target\.shape=\(([\d, None]*)\), output\.shape=\(([\d, None]*)\)")
NODE = re.compile(r"\{\{node compile_loss/.*input shapes: \[([\d,?]*)\], \[([\d,?]*)\]", re.DOTALL)
TYPES = (
    "Invalid dtype: str",
    "Invalid dtype: object",
    "Unrecognized data type",
    "could not convert string to float",
    "Unsupported object type",
    "Cast string to float is not supported",
)
NO_LOSS = ("No loss to compute", "You must call `compile()`", "Could not interpret loss identifier")


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """What an exception says about one part.

    Attributes:
        parts: The parts at fault, the likeliest first.
        observed: The figure that broke the limit; `limit` is the one that it had to keep.
    """

    parts: tuple[Blamed, ...]
    says: str
    changes: Mapping[Blamed, Change]
    observed: float = 1.0
    limit: float = 0.0
    unit: str = "parts that don't fit"


def collision(crash: Crash) -> Collision | None:
    """The parts that an exception blames; None where it is about something else."""
    if crash.part == "layer":
        return None
    return (
        _label_range(crash)
        or _unfit_metric(crash)
        or _unfit_shapes(crash)
        or _types(crash)
        or _missing(crash)
    )


def _one(part: Blamed, says: str, change: Change) -> Collision:
    return Collision(parts=(part,), says=says, changes={part: change})


def _label_range(crash: Crash) -> Collision | None:
    found = LABEL.search(crash.message)
    if found is None:
        return None
    label, classes = float(found[1]), float(found[2])
    lowest = crash.numbers.get("lowest_label", -1.0 if label < 0 else 1.0)
    highest = crash.numbers.get("highest_label", label)
    if NAN_AS_LABEL in (label, lowest):
        return None
    if classes == 1:
        says = "sparse_categorical_crossentropy needs one unit a class, and the output has one"
        return _one("loss", says, SetLoss("binary_crossentropy", from_logits=False))
    says = (
        f"label {label:g} has no unit: the output has {classes:g}, for labels 0 to {classes - 1:g}"
    )
    how = f"number the classes from 0 to {classes - 1:g}"
    if lowest > 0 and highest - lowest < classes:
        how = f"take {lowest:g} off each: they run from {lowest:g} to {highest:g}"
    changes: dict[Blamed, Change] = {"labels": RepairLabels(how)}
    if lowest == 0 and highest >= classes:
        changes["output_activation"] = SetOutputActivation("softmax", int(highest) + 1)
    return Collision(
        parts=tuple(changes),
        says=says,
        changes=changes,
        observed=label,
        limit=0.0 if label < 0 else classes - 1,
        unit="class number",
    )


def _unfit_metric(crash: Crash) -> Collision | None:
    unknown = "Could not interpret metric identifier" in crash.message
    if crash.part != "metric" and not unknown:
        return None
    name = crash.message.partition("identifier: ")[2] if unknown else crash.function
    what = "is no metric of Keras" if unknown else "cannot compare these labels with this output"
    return _one("metric", f"`{name}` {what}", SetMetric("accuracy"))


def _unfit_shapes(crash: Crash) -> Collision | None:  # noqa: PLR0911 - a case each
    shapes = _shapes(crash)
    if shapes is None:
        return None
    target, output = shapes
    said = f"labels of shape {_text(target)} against answers of shape {_text(output)}"
    if _positions_left(target, output):
        says = f"{said}: the output still has an answer for every position"
        return _one("output_activation", says, PoolGlobally())
    single = len(target) == len(output) - 1 or target[-1:] == (1.0,)
    wide = output[-1] if output else None
    if single and wide != 1 and _same_positions(target, output):
        says = f"{said}: one class number each against one unit a class"
        return _one("loss", says, SetLoss("sparse_categorical_crossentropy", from_logits=False))
    if len(target) != len(output) or not output:
        return None
    if crash.function in SPARSE_LOSSES or "target.ndim - 1" in crash.message:
        says = f"{said}: one-hot rows, where class numbers are asked for"
        return _one("loss", says, SetLoss("categorical_crossentropy", from_logits=False))
    if target[-1] == output[-1] or target[-1] is None:
        return None
    says = f"{said}: the output needs {target[-1]:g} units"
    one_of_many = crash.function in ROW_LOSSES or (crash.function in BINARY_LOSSES and wide == 1)
    activation = "softmax" if one_of_many else "sigmoid"
    activation = activation if crash.function in ROW_LOSSES | BINARY_LOSSES else "linear"
    return _one("output_activation", says, SetOutputActivation(activation, int(target[-1])))


def _shapes(crash: Crash) -> tuple[Shape, Shape] | None:
    """Shapes of labels and answers, batch axis included."""
    found = SHAPES.search(crash.message) or NODE.search(crash.message)
    if found is None:
        return None
    target, output = (
        tuple(float(p) if p.strip().isdigit() else None for p in part.split(",") if p.strip())
        for part in (found[1], found[2])
    )
    return target, output


def _positions_left(target: Shape, output: Shape) -> bool:
    """More axes in the answers than labels of either form can have."""
    rows = len(target) > 1 and target[-1] == output[-1] and target[-1] != 1
    extra = len(output) - len(target)
    return extra > 1 or (extra == 1 and rows)


def _same_positions(target: Shape, output: Shape) -> bool:
    inner = output[1:-1]
    return all(
        a is None or b is None or a == b
        for a, b in zip(target[1 : 1 + len(inner)], inner, strict=False)
    )


def _text(shape: Shape) -> str:
    return "(" + ", ".join("None" if n is None else f"{n:g}" for n in shape) + ")"


def _types(crash: Crash) -> Collision | None:
    if any(text in crash.message for text in TYPES):
        says = "labels (or inputs) are text, objects or lists, and Keras takes arrays of numbers"
        return _one("labels", says, RepairLabels("encode them as arrays of numbers"))
    if "Data cardinality is ambiguous" in crash.message:
        inputs = crash.numbers.get("x_examples", 0.0)
        labels = crash.numbers.get("y_examples", 0.0)
        says = "inputs, labels and sample weights are not the same in number"
        says += f": {inputs:g} and {labels:g}" if inputs != labels else ""
        change = RepairLabels("pair every input with its own label, then cut both alike")
        return Collision(
            parts=("labels",),
            says=says,
            changes={"labels": change},
            observed=labels,
            limit=inputs,
            unit="examples",
        )
    return None


def _missing(crash: Crash) -> Collision | None:
    if any(text in crash.message for text in NO_LOSS):
        change = SetLoss("that suits the task: a cross-entropy for classes, a distance for figures")
        return _one("loss", f"there is no loss: {crash.message[:80]}", change)
    if crash.message == "None values not supported." and crash.part == "loss":
        if crash.function in CLASS_LOSSES | REGRESSION_LOSSES:
            return _one("labels", "fit was given no labels", RepairLabels("give fit its y"))
        return _one("loss", "the loss function returns None", SetLoss("that returns its value"))
    if "y_true and y_pred have different structures" in crash.message:
        says = "the labels are not in the structure of the model's outputs"
        return _one("labels", says, RepairLabels("give one array of labels for each output"))
    return None
