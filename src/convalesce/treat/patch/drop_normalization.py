"""Normalisation layers taken out."""

from __future__ import annotations

from convalesce import core
from convalesce.core.changes.arch import DropNormalization
from convalesce.readings.structure import normalises
from convalesce.treat.patch.source.calls import drop_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import all_layers, built, has_kernel, named
from convalesce.treat.patch.source.places import place_of, take_away
from convalesce.treat.patch.source.script import Script


def write(change: DropNormalization, draft: Draft) -> None:
    """Each of them; `use_bias=False` of the layer in front of one goes with it."""
    script = draft.script
    present = named(script, change.layers) if change.layers else all_layers(script)
    going = [x for x in present if normalises(x)]
    if not going:
        return
    for each in built(script, going):
        take_away(draft, place_of(script, each.call))
    for each in built(script, _in_front(script, going)):
        given = value(script, each.call, "use_bias")
        if given is not None and script.code(given) == "False":
            drop_argument(draft, each.call, "use_bias", "True")


def _in_front(script: Script, going: list[core.Layer]) -> list[core.Layer]:
    """Layers with a kernel whose values go straight into one of these."""
    layers = list(all_layers(script))
    found = []
    for layer in going:
        first = max(0, layers.index(layer) - 1)
        before = [x for x in layers if x.name in layer.connects] or layers[first : first + 1]
        found += [x for x in before if has_kernel(x)]
    return [x for x in layers if x in found and x not in going]
