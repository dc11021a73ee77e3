"""A bound on the norm of the whole gradient."""

from __future__ import annotations

from convalesce.core.changes.hp import ClipGradients
from convalesce.treat.patch.source.calls import argument, drop_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.training import optimizer_of, set_optimizer
from convalesce.treat.patch.source.values import written


def write(change: ClipGradients, draft: Draft) -> None:
    """`global_clipnorm`, in the place of any other clipping: Keras takes one of them."""
    script, norm = draft.script, written(change.norm)
    call = optimizer_of(script).call
    others = ("clipnorm", "clipvalue")
    if call is not None:
        for name in others:
            found = argument(script, call, name)
            if found is not None and argument(script, call, "global_clipnorm") is None:
                draft.replace(found, f"global_clipnorm={norm}")
                return
            drop_argument(draft, call, name)
    set_optimizer(draft, {"global_clipnorm": norm})
