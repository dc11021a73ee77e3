"""The optimizer's decoupled weight decay."""

from __future__ import annotations

from convalesce.core.changes.reg import SetWeightDecay
from convalesce.treat.patch.source.calls import argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import optimizer_of, set_optimizer
from convalesce.treat.patch.source.values import written


def write(change: SetWeightDecay, draft: Draft) -> None:
    """`weight_decay` of the optimizer; nothing where 0 is in force already."""
    script = draft.script
    optimizer = optimizer_of(script)
    given = argument(script, optimizer.call, "weight_decay") if optimizer.call else None
    if given is None and not change.value and optimizer.name != "AdamW":
        return
    set_optimizer(draft, {"weight_decay": written(change.value)})
