"""The learning rate: a number, or a schedule's numbers."""

from __future__ import annotations

from collections.abc import Callable

import libcst as cst

from convalesce.treat.patch.source.calls import set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import (
    Optimizer,
    callback,
    compile_call,
    default_rate,
    optimizer_of,
    set_optimizer,
)
from convalesce.treat.patch.source.values import follow, number, source_of, written

# Arguments of Keras's schedules that are rates; the others are counts and shares.
RATES = {
    "ExponentialDecay": ("initial_learning_rate",),
    "InverseTimeDecay": ("initial_learning_rate",),
    "PolynomialDecay": ("initial_learning_rate", "end_learning_rate"),
    "CosineDecay": ("initial_learning_rate", "warmup_target"),
    "CosineDecayRestarts": ("initial_learning_rate",),
    "PiecewiseConstantDecay": ("values",),
}
END_RATE = 1e-4  # PolynomialDecay's default


def change_rate(draft: Draft, new: Callable[[float], float], snippet: str) -> None:
    """Write another rate, worked out from the present one; of a schedule, all in proportion.

    Raises:
        NoFaithfulEdit: A callback or a function of the user's sets the rate.
    """
    script = draft.script
    scheduler = callback(script, "LearningRateScheduler")
    if scheduler is not None:
        what = "a function of the script sets the rate at each epoch"
        raise NoFaithfulEdit(what, snippet, script.line(scheduler))
    if _assigned(draft, new, snippet):
        return
    optimizer = optimizer_of(script)
    given = value(script, optimizer.call, "learning_rate") if optimizer.call else None
    if given is None:
        rate = written(new(default_rate(script, optimizer.name)))
        set_optimizer(draft, {"learning_rate": rate})
        return
    schedule = follow(script, given)
    if isinstance(schedule, cst.Call) and script.called(schedule) in RATES:
        start = start_of(script, schedule)
        if not start:
            what = "the first rate of the schedule is not a number in the script, or 0"
            raise NoFaithfulEdit(what, snippet, script.line(schedule))
        _scale(draft, schedule, new(start) / start, snippet)
        return
    present = number(script, given)
    if present is None:
        present = _recorded(script, optimizer, snippet, script.line(given))
    place = source_of(script, given)
    draft.replace(place, written(new(present), script.code(schedule)))


def _assigned(draft: Draft, new: Callable[[float], float], snippet: str) -> bool:
    """Whether `….learning_rate = number` sets the rate, which is then changed there.

    Raises:
        NoFaithfulEdit: It is set so several times, or not to a number.
    """
    script = draft.script
    found = [
        assign
        for assign in script.of(cst.Assign)
        if any(
            isinstance(t.target, cst.Attribute) and t.target.attr.value == "learning_rate"
            for t in assign.targets
        )
    ]
    if not found:
        return False
    present = number(script, found[0].value) if len(found) == 1 else None
    if present is None:
        what = "the script sets the optimizer's rate by an assignment"
        raise NoFaithfulEdit(what, snippet, script.line(found[0]))
    draft.replace(source_of(script, found[0].value), written(new(present)))
    return True


def schedule_of(script: Script) -> cst.Call | None:
    """The call that makes the optimizer's schedule; None where the rate is a number."""
    optimizer = optimizer_of(script)
    given = value(script, optimizer.call, "learning_rate") if optimizer.call else None
    schedule = follow(script, given) if given is not None else None
    made = isinstance(schedule, cst.Call) and script.called(schedule) in RATES
    return schedule if made and isinstance(schedule, cst.Call) else None


def start_of(script: Script, schedule: cst.Call) -> float | None:
    """The first rate of a schedule; None where it is no number in the script."""
    first = value(script, schedule, RATES[script.called(schedule)][0])
    listed = follow(script, first) if first is not None else None
    if isinstance(listed, cst.List | cst.Tuple) and listed.elements:
        return number(script, listed.elements[0].value)
    return number(script, listed)


def present_rate(draft: Draft) -> str:
    """Text for the rate that training starts from."""
    script = draft.script
    optimizer, schedule = optimizer_of(script), schedule_of(script)
    if schedule is not None:
        start = start_of(script, schedule)
        if start is None:
            what = "the first rate of the schedule is not a number in the script"
            raise NoFaithfulEdit(what, line=script.line(schedule))
        return written(start)
    given = value(script, optimizer.call, "learning_rate") if optimizer.call else None
    if given is None:
        return written(default_rate(script, optimizer.name))
    return script.code(given)


def set_rate(draft: Draft, text: str) -> None:
    """Put a number in the place of the schedule."""
    call = optimizer_of(draft.script).call
    given = value(draft.script, call, "learning_rate") if call is not None else None
    if given is not None:
        draft.replace(source_of(draft.script, given), text)


def set_schedule(draft: Draft, schedule: str) -> None:
    """Put a schedule in the place of the present one, or on a line ahead of the optimizer."""
    script = draft.script
    if schedule_of(script) is not None:
        set_rate(draft, schedule)
        return
    call = optimizer_of(script).call
    name = draft.fresh("schedule")
    holder = script.statement(call if call is not None else compile_call(script))
    draft.before(holder, f"{name} = {schedule}")
    given = value(script, call, "learning_rate") if call is not None else None
    if given is None:
        set_optimizer(draft, {"learning_rate": name})
    else:
        draft.replace(given, name)


def _recorded(script: Script, optimizer: Optimizer, snippet: str, line: int) -> float:
    setup = script.facts.setup
    known = setup.optimizer if setup is not None else None
    if known is None or known.schedule is not None or known.name != optimizer.name:
        raise NoFaithfulEdit("the rate is not a number in the script", snippet, line)
    return known.learning_rate


def _scale(draft: Draft, schedule: cst.Call, factor: float, snippet: str) -> None:
    script = draft.script
    kind = script.called(schedule)
    for name in RATES[kind]:
        given = value(script, schedule, name)
        if given is None:
            if name == "end_learning_rate":
                set_argument(draft, schedule, name, written(END_RATE * factor))
            continue
        listed = follow(script, given)
        elements = listed.elements if isinstance(listed, cst.List | cst.Tuple) else ()
        for each in [e.value for e in elements] or [given]:
            now = number(script, each)
            if now is None:
                what = f"`{script.code(each)}` is not a number in the script"
                raise NoFaithfulEdit(what, snippet, script.line(each))
            text = script.code(follow(script, each))
            draft.replace(source_of(script, each), written(now * factor, text))
