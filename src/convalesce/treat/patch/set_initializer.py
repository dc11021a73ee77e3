"""The kernel initialiser of layers."""

from __future__ import annotations

from convalesce.core.changes.arch import SetInitializer
from convalesce.treat.patch.source.calls import set_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import built, hidden, named
from convalesce.treat.patch.source.values import quoted


def write(change: SetInitializer, draft: Draft) -> None:
    """`kernel_initializer` of the named layers, or of all hidden ones that have a kernel."""
    script = draft.script
    meant = named(script, change.layers) if change.layers else hidden(script)
    text = quoted(script, change.initializer)
    found = built(script, meant, f"kernel_initializer={text}")
    for each in found:
        names = ["kernel_initializer"]
        if each.layer.kind.startswith("Depthwise"):
            names = ["depthwise_initializer"]
        elif each.layer.kind.startswith("Separable"):
            names = ["depthwise_initializer", "pointwise_initializer"]
        for name in names:
            set_argument(draft, each.call, name, text, [other.call for other in found])
