"""BatchNormalization behind layers."""

from __future__ import annotations

from convalesce import core
from convalesce.core.changes.arch import InsertBatchNormalization
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import all_layers, built, hidden, named
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.places import place_of, put_behind
from convalesce.treat.patch.source.script import Script


def write(change: InsertBatchNormalization, draft: Draft) -> None:
    """Right behind each layer: ahead of an activation layer, behind an `activation=`."""
    script = draft.script
    meant = named(script, change.after) if change.after else hidden(script)
    bare = [x for x in meant if not _normalised(script, x)]
    for each in built(script, bare, "layers.BatchNormalization()"):
        name = spell(draft, "keras.layers.BatchNormalization", each.call)
        own = f"{each.layer.name}_norm" if each.layer.name.isidentifier() else "norm"
        put_behind(draft, place_of(script, each.call), f"{name}()", own)


def _normalised(script: Script, layer: core.Layer) -> bool:
    """BatchNormalization stands behind it already."""
    layers = all_layers(script)
    behind = [x for x in layers if layer.name in x.connects]
    behind = behind or list(layers[layers.index(layer) + 1 :][:1])
    return any(x.kind == "BatchNormalization" for x in behind)
