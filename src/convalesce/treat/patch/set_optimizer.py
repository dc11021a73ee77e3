"""Another optimizer."""

from __future__ import annotations

from convalesce.core.changes.hp import SetOptimizer
from convalesce.treat.patch.source.calls import OPTIMIZERS, set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import Optimizer, compile_call, optimizer_of
from convalesce.treat.patch.source.values import number, quoted

MOMENTUM = 0.9  # plain SGD is seldom what is meant by another optimizer
KEPT = ("clipnorm", "global_clipnorm", "clipvalue")


def write(change: SetOptimizer, draft: Draft) -> None:
    """The other class at its default rate; clipping is kept, and a schedule where it shall be."""
    script = draft.script
    if change.name not in OPTIMIZERS:
        raise NoFaithfulEdit(f"Keras has no optimizer {change.name}")
    present = optimizer_of(script)
    if present.name == change.name:
        return
    momentum = [f"momentum={MOMENTUM}"] if change.name == "SGD" else []
    if present.call is None:
        text = quoted(script, change.name.lower())
        if momentum:
            text = f"{spell(draft, 'keras.optimizers.SGD')}({momentum[0]})"
        if present.text is not None:
            draft.replace(present.text, text)
        else:
            set_argument(draft, compile_call(script), "optimizer", text)
        return
    scheduled = ("learning_rate",) if change.scheduled and _scheduled(script, present) else ()
    kept = [
        f"{name}={script.code(given)}"
        for name in (*scheduled, *KEPT)
        if (given := value(script, present.call, name)) is not None
    ]
    spelled = spell(draft, f"keras.optimizers.{change.name}", present.call)
    draft.replace(present.call, f"{spelled}({', '.join([*momentum, *kept])})")


def _scheduled(script: Script, present: Optimizer) -> bool:
    """The rate is a schedule, and no number."""
    rate = value(script, present.call, "learning_rate") if present.call is not None else None
    return rate is not None and number(script, rate) is None
