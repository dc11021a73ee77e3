"""The activation of hidden layers, in the layer or in a layer of its own behind it."""

from __future__ import annotations

from convalesce.core.changes.arch import SetActivation
from convalesce.treat.patch.source.activations import activating, set_activation
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import built, hidden, named


def write(change: SetActivation, draft: Draft) -> None:
    """The named layers, or all hidden ones that have a kernel."""
    script = draft.script
    meant = named(script, change.layers) if change.layers else hidden(script)
    acting = [activating(script, layer) for layer in meant]
    found = built(script, acting, f'activation="{change.activation}"')
    for each in found:
        set_activation(draft, each, change.activation, found)
