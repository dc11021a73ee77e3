"""Global average pooling in the place of Flatten."""

from __future__ import annotations

from convalesce.core.changes.arch import PoolGlobally
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built
from convalesce.treat.patch.source.names import spell


def write(change: PoolGlobally, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Each Flatten of a map with channels last."""
    script = draft.script
    flat = [x for x in all_layers(script) if x.kind == "Flatten" and 2 <= len(x.input_shape) <= 4]
    if not flat:
        raise NoFaithfulEdit("the model has no Flatten behind a map")
    for each in built(script, flat, "layers.GlobalAveragePooling2D()"):
        rank = len(each.layer.input_shape) - 1
        name = spell(draft, f"keras.layers.GlobalAveragePooling{rank}D", each.call)
        draft.replace(each.call.func, name)
