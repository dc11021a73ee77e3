"""Filters and units of the hidden layers."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.arch import ScaleWidth
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built, hidden
from convalesce.treat.patch.source.origin import from_file
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import number, source_of

# Layers whose inputs must have a width that is written elsewhere.
BOUND = frozenset(
    {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Dot", "Reshape"}
) | {"GroupNormalization", "MultiHeadAttention"}


def write(change: ScaleWidth, draft: Draft) -> None:
    """Each hidden layer's width times the factor, at least 1."""
    script = draft.script
    bound = [x for x in all_layers(script) if x.kind in BOUND]
    if bound:
        what = f"{bound[0].name} ({bound[0].kind}) asks for a width that would no longer fit"
        raise NoFaithfulEdit(what)
    done: list[object] = []
    meant = [x for x in hidden(script) if not x.kind.startswith("Depthwise")]
    found = built(script, meant, f"# multiply filters and units by {change.factor:g}")
    widths = [
        value(script, b.call, "filters" if "Conv" in b.layer.kind else "units") for b in found
    ]
    for each, given in zip(found, widths, strict=True):
        now = number(script, given)
        if given is None or (now is None and from_file(script, given)):
            what = f"the width of {each.layer.name} is not a number in the script"
            raise NoFaithfulEdit(what, line=script.line(each.call))
        if now is None:  # a parameter, a loop's variable, an option of the command line
            draft.replace(given, _times(script, given, change.factor))
            continue
        place = source_of(script, given, widths)
        if not any(place is known for known in done):
            done.append(place)
            draft.replace(place, str(max(1, round(now * change.factor))))


def _times(script: Script, given: cst.BaseExpression, factor: float) -> str:
    """The expression, multiplied; a width stays a whole number."""
    text = script.code(given)
    if (
        not isinstance(given, cst.Name | cst.Attribute | cst.Subscript | cst.Call)
        and not given.lpar
    ):
        text = f"({text})"
    return (
        f"{text} * {factor:.0f}" if factor.is_integer() else f"max(1, round({text} * {factor:g}))"
    )
