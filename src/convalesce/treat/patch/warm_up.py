"""A learning rate that rises in a line from 0."""

from __future__ import annotations

from convalesce.core.changes.hp import WarmUp
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.rates import present_rate, schedule_of, set_schedule
from convalesce.treat.patch.source.training import callback


def write(change: WarmUp, draft: Draft) -> None:
    """PolynomialDecay of power 1 from 0 up to the rate, where it stays."""
    script = draft.script
    schedule = schedule_of(script)
    if schedule is not None:
        raise NoFaithfulEdit(
            f"the rate follows {script.called(schedule)}, which a warm-up would replace",
            f"warmup_steps={change.steps}",
            script.line(schedule),
        )
    for kind in ("LearningRateScheduler", "ReduceLROnPlateau"):
        setter = callback(script, kind)
        if setter is not None:
            what = f"{kind} sets the rate, which a schedule doesn't allow"
            raise NoFaithfulEdit(what, line=script.line(setter))
    rate = present_rate(draft)
    decay = spell(draft, "keras.optimizers.schedules.PolynomialDecay")
    text = f"{decay}(0.0, decay_steps={change.steps}, end_learning_rate={rate})"
    set_schedule(draft, text)
