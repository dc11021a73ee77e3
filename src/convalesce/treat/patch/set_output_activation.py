"""The activation of the last layer and, if need be, its width."""

from __future__ import annotations

from convalesce.core.changes.arch import SetOutputActivation
from convalesce.treat.patch.source.activations import activating, set_activation
from convalesce.treat.patch.source.calls import set_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import built, last


def write(change: SetOutputActivation, draft: Draft) -> None:
    """`activation`, and `units` (or `filters`) of the layer that makes the output."""
    script = draft.script
    end = last(script, change.layer)
    units = f"{change.units}, " if change.units else ""
    snippet = f'layers.{end.kind}({units}activation="{change.activation}")'
    acting = activating(script, end)
    (found,) = built(script, [acting], snippet)
    set_activation(draft, found, change.activation)
    if change.units:
        (wide,) = built(script, [end], snippet)
        set_argument(
            draft, wide.call, "filters" if "Conv" in end.kind else "units", f"{change.units}"
        )
