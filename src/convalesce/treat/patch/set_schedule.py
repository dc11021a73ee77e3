"""A learning-rate schedule, or the rate that it starts from."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.hp import SetSchedule
from convalesce.treat.patch.source.calls import take_out, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.rates import present_rate, schedule_of, set_rate, set_schedule
from convalesce.treat.patch.source.training import (
    add_callback,
    callback,
    fit_call,
    has_validation,
    monitor_text,
    setup_of,
)
from convalesce.treat.patch.source.values import follow

SETTERS = ("LearningRateScheduler", "ReduceLROnPlateau")


def write(change: SetSchedule, draft: Draft) -> None:
    """Cosine over all steps; the constant first rate; or a smaller rate at each plateau."""
    script = draft.script
    if change.name == "plateau":
        _plateau(change, draft)
        return
    for kind in SETTERS:
        _take_out(draft, kind)
    rate = present_rate(draft)
    if change.name == "constant":
        if schedule_of(script) is not None:
            set_rate(draft, rate)
        return
    setup = setup_of(script)
    if not setup.steps_per_epoch:
        what = "the number of steps is not known"
        snippet = f"learning_rate=keras.optimizers.schedules.CosineDecay({rate}, decay_steps=…)"
        raise NoFaithfulEdit(what, snippet, script.line(fit_call(script)))
    epochs = value(script, fit_call(script), "epochs")
    count = script.code(epochs) if isinstance(epochs, cst.Name | cst.Integer) else setup.epochs
    steps = f"{count} * {setup.steps_per_epoch}"
    decay = spell(draft, "keras.optimizers.schedules.CosineDecay")
    set_schedule(draft, f"{decay}({rate}, decay_steps={steps})")


def _plateau(change: SetSchedule, draft: Draft) -> None:
    script = draft.script
    _take_out(draft, "LearningRateScheduler")
    present, settings = callback(script, "ReduceLROnPlateau"), _settings(change, draft)
    if present is not None:
        given = ", ".join(f"{k}={v}" for k, v in settings.items())
        draft.replace(present, f"{script.code(present.func)}({given})")
    else:
        add_callback(draft, "ReduceLROnPlateau", settings)
    if schedule_of(script) is not None:  # the callback can't set a rate that a schedule gives
        set_rate(draft, present_rate(draft))


def _settings(change: SetSchedule, draft: Draft) -> dict[str, str]:
    monitor = "val_loss" if has_validation(draft.script) else "loss"
    return {
        "monitor": monitor_text(draft.script, monitor),
        "factor": f"{change.factor:g}",
        "patience": str(change.waits(setup_of(draft.script).epochs)),
    }


def _take_out(draft: Draft, kind: str) -> None:
    """Take a callback that sets the rate out of the list that fit is given."""
    script = draft.script
    found = callback(script, kind)
    if found is None:
        return
    given = value(script, fit_call(script), "callbacks")
    listed = follow(script, given) if given is not None else None
    if isinstance(listed, cst.List):
        for index, element in enumerate(listed.elements):
            if follow(script, element.value) is found:
                take_out(draft, listed.elements, index)
