"""Narrower ranges of an augmentation layer, or none of it."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.data import ScaleAugmentation
from convalesce.treat.patch.source.calls import argument, drop_argument
from convalesce.treat.patch.source.data import GENERATOR
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built, named
from convalesce.treat.patch.source.places import place_of, take_away
from convalesce.treat.patch.source.values import follow, number, source_of, written

AROUND_ONE = frozenset({"zoom_range", "brightness_range"})
ARGUMENTS = AROUND_ONE | {
    "rotation_range",
    "width_shift_range",
    "height_shift_range",
    "shear_range",
    "horizontal_flip",
    "vertical_flip",
}
OTHERS = frozenset({"seed", "fill_value", "fill_mode", "interpolation", "name", "value_range"})


def write(change: ScaleAugmentation, draft: Draft) -> None:
    """Every range of the layer times the factor; at 0 the layer is taken out."""
    script = draft.script
    if change.layer in ARGUMENTS:
        _of_generator(change, draft)
        return
    if change.layer not in {x.name for x in all_layers(script)}:
        snippet = f"# multiply the ranges of {change.layer} by {change.factor:g}"
        raise NoFaithfulEdit("the transforms are the user's own code", snippet)
    (found,) = built(script, named(script, [change.layer]))
    if not change.factor:
        take_away(draft, place_of(script, found.call))
        return
    given = [
        arg.value
        for arg in found.call.args
        if arg.keyword is None or arg.keyword.value not in OTHERS
    ]
    if not sum([_scale(draft, value, change.factor) for value in given]):
        what = f"{change.layer} has no range that is a number in the script"
        raise NoFaithfulEdit(what, line=script.line(found.call))


def _scale(draft: Draft, value: cst.BaseExpression, factor: float, middle: float = 0.0) -> int:
    """Numbers of a range, taken that much nearer to its middle; how many there are."""
    script, scaled = draft.script, 0
    given = follow(script, value)
    parts = given.elements if isinstance(given, cst.Tuple | cst.List) else ()
    for part in [p.value for p in parts] or [value]:
        now = number(script, part)
        if now is not None:
            text = script.code(follow(script, part))
            nearer = middle + (now - middle) * factor
            whole = now.is_integer() and nearer.is_integer() and "." not in text
            new = str(int(nearer)) if whole else written(nearer, text)
            draft.replace(source_of(script, part), new)
            scaled += 1
    return scaled


def _of_generator(change: ScaleAugmentation, draft: Draft) -> None:
    """One argument of Keras's ImageDataGenerator, where one call alone gives it."""
    script, name = draft.script, change.layer
    made = [c for c in script.of(cst.Call) if script.called(c) == GENERATOR]
    given = [(c, arg) for c in made if (arg := argument(script, c, name)) is not None]
    if len(given) != 1:
        snippet = f"{name}=...,  # {change}"
        raise NoFaithfulEdit(f"not one {GENERATOR} alone is given {name}", snippet)
    ((call, arg),) = given
    if not change.factor or name.endswith("flip"):
        drop_argument(draft, call, name)
        return
    range_of_factors = isinstance(follow(script, arg.value), cst.Tuple | cst.List)
    middle = 1.0 if range_of_factors and name in AROUND_ONE else 0.0
    if not _scale(draft, arg.value, change.factor, middle):
        what = f"{name} is not a number in the script"
        raise NoFaithfulEdit(what, line=script.line(call))
