"""Narrower ranges of an augmentation layer, or none of it."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.data import ScaleAugmentation
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built, named
from convalesce.treat.patch.source.places import place_of, take_away
from convalesce.treat.patch.source.values import follow, number, source_of, written

OTHERS = frozenset({"seed", "fill_value", "fill_mode", "interpolation", "name", "value_range"})


def write(change: ScaleAugmentation, draft: Draft) -> None:
    """Every range of the layer times the factor; at 0 the layer is taken out."""
    script = draft.script
    if change.layer not in {x.name for x in all_layers(script)}:
        snippet = f"# multiply the ranges of {change.layer} by {change.factor:g}"
        raise NoFaithfulEdit("the transforms are the user's own code", snippet)
    (found,) = built(script, named(script, [change.layer]))
    if not change.factor:
        take_away(draft, place_of(script, found.call))
        return
    scaled = 0
    for arg in found.call.args:
        if arg.keyword is not None and arg.keyword.value in OTHERS:
            continue
        given = follow(script, arg.value)
        parts = given.elements if isinstance(given, cst.Tuple | cst.List) else ()
        for part in [p.value for p in parts] or [arg.value]:
            now = number(script, part)
            if now is not None:
                text = script.code(follow(script, part))
                draft.replace(source_of(script, part), written(now * change.factor, text))
                scaled += 1
    if not scaled:
        what = f"{change.layer} has no range that is a number in the script"
        raise NoFaithfulEdit(what, line=script.line(found.call))
