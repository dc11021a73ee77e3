"""The optimizer's momentum, and whether it is Nesterov's."""

from __future__ import annotations

from convalesce.core.changes.hp import SetMomentum
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.training import compile_call, optimizer_of, set_optimizer
from convalesce.treat.patch.source.values import written

ARGUMENT = {
    "SGD": "momentum",
    "RMSprop": "momentum",
    "Adam": "beta_1",
    "AdamW": "beta_1",
    "Nadam": "beta_1",
    "Adamax": "beta_1",
    "Lion": "beta_1",
    "Lamb": "beta_1",
}


def write(change: SetMomentum, draft: Draft) -> None:
    """`momentum` of SGD and RMSprop, `beta_1` of Adam and its kin."""
    script = draft.script
    name = optimizer_of(script).name
    if name not in ARGUMENT:
        what = f"{name} has no momentum"
        raise NoFaithfulEdit(what, line=script.line(compile_call(script)))
    settings = {ARGUMENT[name]: written(change.value)}
    if change.nesterov is not None:
        if name != "SGD":
            what = f"{name} has no momentum after Nesterov"
            raise NoFaithfulEdit(what, line=script.line(compile_call(script)))
        settings["nesterov"] = str(change.nesterov)
    set_optimizer(draft, settings)
