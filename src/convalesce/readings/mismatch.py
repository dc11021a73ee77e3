"""What fits together: labels, output, loss and metric of one output, and which part is at fault.

The part at fault is the one whose single change makes all fit. Where no single change does,
the parts of the smallest set of changes are; where several would, all of these are suspects,
in the order of the vocabulary: labels, output, loss. Another width of the output counts as a
change of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from convalesce.core.change import Change
from convalesce.core.changes.arch import SetOutputActivation
from convalesce.core.changes.data import RepairLabels
from convalesce.core.changes.hp import SetLoss
from convalesce.core.data import Split
from convalesce.core.evidence import Severity
from convalesce.core.model import Layer, Model
from convalesce.core.setup import Loss, Setup
from convalesce.readings.fitting import Problem, positions_problem, problem
from convalesce.readings.task import Goal, Labels, Task, goals, task_of

Part = Literal["labels", "output_activation", "loss"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """Parts that don't fit, and the one to change.

    Attributes:
        part: Which part this blames.
        says: One sentence: what was found and what follows from it.
        change: What makes all fit, or this part's share of it.
        alone: This change alone is enough.
        tied: Other parts are blamed as well.
        output: Name of the output's layer.
    """

    part: Part
    says: str
    severity: Severity
    change: Change
    alone: bool
    tied: bool
    output: str


@dataclass(frozen=True, slots=True)
class _Choice:
    """One part as it is (cost 0) or changed."""

    value: tuple[str | None, int] | Loss | Labels
    cost: int = 0
    change: Change | None = None


def mismatches(goal: Goal, model: Model) -> tuple[Mismatch, ...]:
    """What does not fit at one output, one entry a suspected part; empty where all fits."""
    if over_positions(goal, model):
        return ()
    task = task_of(goal.targets, goal.output, goal.loss)
    kept = keeps_scores(goal, model)
    found = problem(task, (goal.output.activation, goal.output.width), goal.loss, kept=kept)
    found = found or positions_problem(goal)
    if found is None:
        return ()
    parts = _blamed(goal, task, found, kept=kept)
    several = len(model.outputs) > 1
    return tuple(
        Mismatch(
            part=part,
            says=found.says,
            severity=found.severity,
            change=_there(change, goal) if several else change,
            alone=alone,
            tied=len(parts) > 1,
            output=goal.output.layer,
        )
        for part, change, alone in parts
    )


def _there(change: Change, goal: Goal) -> Change:
    """The change, at one of several outputs."""
    if isinstance(change, SetOutputActivation):
        return replace(change, layer=goal.output.layer)
    return replace(change, output=goal.output.name) if isinstance(change, SetLoss) else change


def output_layer(goal: Goal, model: Model) -> Layer | None:
    """The layer that makes the output, where the reading of the model found it."""
    return next((x for x in model.layers if x.name == goal.output.layer), None)


def over_positions(goal: Goal, model: Model) -> bool:
    """A softmax over another axis than the last: its single last unit is no constant."""
    layer = output_layer(goal, model)
    axis = layer.settings.get("axis", -1.0) if layer and layer.kind == "Softmax" else -1.0
    return axis not in (-1.0, float(len(goal.output.shape)))


def keeps_scores(goal: Goal, model: Model) -> bool:
    """Keras still finds the scores behind the output's activation.

    Softmax and sigmoid hand them on beside their values; a Reshape after them drops them.
    """
    layer = output_layer(goal, model)
    return layer is None or layer.activation == goal.output.activation


def _blamed(
    goal: Goal, task: Task, found: Problem, *, kept: bool
) -> list[tuple[Part, Change, bool]]:
    """Parts of the smallest sets of changes, each with its share of the mend."""
    if found.fixed is not None:
        return [(found.fixed, found.change or RepairLabels("as said"), True)]
    best: list[tuple[_Choice, _Choice, _Choice]] = []
    smallest = 99
    parts: tuple[Part, ...] = ("labels", "output_activation", "loss")
    for choices in itertools.product(
        _label_choices(task), _outputs(goal, task), _losses(goal, task)
    ):
        cost = sum(choice.cost for choice in choices)
        if not 0 < cost <= smallest or not _mends(task, choices, found, kept=kept):
            continue
        best = [choices, *(best if cost == smallest else [])]
        smallest = cost
    blamed: dict[Part, tuple[Part, Change, bool]] = {}
    for choices in reversed(best):
        changed = [(p, c.change) for p, c in zip(parts, choices, strict=True) if c.change]
        for part, change in changed:
            blamed.setdefault(part, (part, change, len(changed) == 1))
    if not blamed:
        fallback = SetOutputActivation(str(goal.output.activation), goal.output.width)
        return [("output_activation", fallback, False)]
    return [blamed[part] for part in parts if part in blamed]


def _mends(task: Task, choices: Sequence[_Choice], found: Problem, *, kept: bool) -> bool:
    """All fits, or what is left is a note where it was more."""
    labels, output, loss = (choice.value for choice in choices)
    assert isinstance(labels, Labels)  # noqa: S101 - narrows the union for the checker
    assert isinstance(output, tuple)  # noqa: S101
    assert isinstance(loss, Loss)  # noqa: S101
    kept = kept or choices[1].cost > 0
    left = problem(replace(task, labels=labels), output, loss, kept=kept)
    return left is None or (left.severity == Severity.NOTE != found.severity)


def _label_choices(task: Task) -> Iterator[_Choice]:
    yield _Choice(task.labels)
    if task.recoded is not None:
        yield _Choice(task.recoded, 1, RepairLabels(task.recoding))


def _outputs(goal: Goal, task: Task) -> Iterator[_Choice]:
    now = (goal.output.activation, goal.output.width)
    yield _Choice(now)
    labels = task.recoded or task.labels
    classes = max(labels.classes, 2)
    natural = {
        "binary": [("sigmoid", 1), ("linear", 1), ("tanh", 1), ("softmax", 2), ("linear", 2)],
        "one_of_many": [("softmax", classes), ("linear", classes)],
        "many_of_many": [("sigmoid", labels.columns), ("linear", labels.columns)],
    }.get(task.kind, [("linear", labels.columns), ("softplus", labels.columns)])
    if task.kind == "one_of_many" and now[1] > classes:
        natural += [("softmax", now[1]), ("linear", now[1])]
    for activation, units in natural:
        wider = units != now[1]
        change = SetOutputActivation(activation, units if wider else None)
        yield _Choice((activation, units), 2 if wider else 1, change)


def _losses(goal: Goal, task: Task) -> Iterator[_Choice]:
    now = goal.loss
    yield _Choice(now)
    names = {
        "zero_one": ["binary_crossentropy", "sparse_categorical_crossentropy"],
        "sign": ["hinge", "mean_squared_error"],
        "index": ["sparse_categorical_crossentropy"],
        "one_hot": ["categorical_crossentropy"],
        "soft": ["categorical_crossentropy"],
        "multi_hot": ["binary_crossentropy"],
    }.get(task.labels.coding, ["mean_squared_error"])
    if task.recoded is not None and task.kind == "one_of_many":
        names = [*names, "sparse_categorical_crossentropy"]
    logits = {name: (False, True) if "entropy" in name else (None,) for name in names}
    if now.from_logits is not None:
        logits.setdefault(now.name, (False, True))
    for name, flags in logits.items():
        for flag in flags:
            if (name, flag) != (now.name, now.from_logits):
                yield _Choice(Loss(name=name, from_logits=flag), 1, SetLoss(name, flag))


def blamed(data: Split | None, model: Model, setup: Setup, part: Part) -> Mismatch | None:
    """The gravest mismatch that blames a part; None where training is out of Keras's hands.

    Args:
        data: The split whose targets the loss saw, see `reached`.
        model: The model.
        setup: What compile and fit were told.
        part: The part that is asked about.
    """
    if setup.custom_train_step or data is None:
        return None
    found = [m for goal in goals(data, model, setup) for m in mismatches(goal, model)]
    mine = [m for m in found if m.part == part]
    order = [Severity.ERROR, Severity.WARNING, Severity.NOTE]
    return min(mine, key=lambda m: (order.index(m.severity), not m.alone), default=None)
