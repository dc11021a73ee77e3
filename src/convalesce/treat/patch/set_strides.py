"""Strides of convolutions and poolings."""

from __future__ import annotations

from convalesce import core
from convalesce.core.changes.arch import SetStrides
from convalesce.treat.patch.source.calls import argument, drop_argument, set_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import Built, all_layers, built, hidden, named
from convalesce.treat.patch.source.places import place_of, take_away
from convalesce.treat.patch.source.script import Script

LEAST = 4  # positions that are left of the smallest map


def write(change: SetStrides, draft: Draft) -> None:
    """Of the named layers; a pooling of stride 1 is taken out.

    Where none is named, strides of 1 go to all that have more, and larger ones to hidden
    convolutions of stride 1, first to last, as long as the map allows.
    """
    script = draft.script
    meant = list(named(script, change.layers)) if change.layers else []
    meant = [x for x in meant or _unnamed(script, change.strides) if x.strides]
    if not meant:
        raise NoFaithfulEdit("no layer with strides is concerned")
    model = script.facts.model
    if model is not None and model.skips:
        raise NoFaithfulEdit("branches of the model must keep the same size where they meet")
    for each in built(script, meant, f"strides={change.strides}"):
        if each.layer.kind.endswith(("Pooling1D", "Pooling2D", "Pooling3D")):
            _pooling(draft, each, change.strides)
        elif each.layer.strides == (change.strides,) * len(each.layer.strides):
            continue
        elif change.strides == 1:
            drop_argument(draft, each.call, "strides", "1")
        else:
            set_argument(draft, each.call, "strides", str(change.strides))


def _unnamed(script: Script, strides: int) -> list[core.Layer]:
    if strides == 1:
        return [x for x in all_layers(script) if x.strides and max(x.strides) > 1]
    able = [x for x in hidden(script) if x.kind.startswith("Conv")]
    sizes = [n for x in able for n in x.output_shape[:-1] if n is not None]
    left, count = min(sizes, default=0), 0
    while left // strides ** (count + 1) >= LEAST:
        count += 1
    return [x for x in able if x.strides and max(x.strides) == 1][:count]


def _pooling(draft: Draft, each: Built, strides: int) -> None:
    if strides == 1:
        take_away(draft, place_of(draft.script, each.call))
        return
    if _is(each.layer, strides):
        return
    if argument(draft.script, each.call, "strides") is not None:
        drop_argument(draft, each.call, "strides")
    set_argument(draft, each.call, "pool_size", str(strides))


def _is(layer: core.Layer, strides: int) -> bool:
    same = (strides,) * len(layer.strides)
    return layer.strides == same == layer.kernel_size
