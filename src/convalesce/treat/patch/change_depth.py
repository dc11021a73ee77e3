"""Hidden layers more or fewer."""

from __future__ import annotations

import libcst as cst

from convalesce import core
from convalesce.core.changes.arch import ChangeDepth
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import Built, all_layers, built, hidden
from convalesce.treat.patch.source.places import place_of, put_behind, take_away
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import follow, number, source_of

WITH = frozenset({"Activation", "ReLU", "LeakyReLU", "BatchNormalization", "Dropout"})


def write(change: ChangeDepth, draft: Draft) -> None:
    """Repeat the last hidden layer, or take out those that keep the shape, the last first."""
    script = draft.script
    model = script.facts.model
    if model is not None and model.skips:
        raise NoFaithfulEdit("branches of the model meet: which layers belong together is open")
    stack = hidden(script)
    if not stack:
        raise NoFaithfulEdit("the model has no hidden layer")
    looped = _looped(script, stack)
    if looped is not None:
        _count(draft, looped, change.layers)
    elif change.layers > 0:
        _repeat(draft, stack, change.layers)
    else:
        _drop(draft, stack, -change.layers)


def _repeat(draft: Draft, stack: list[core.Layer], times: int) -> None:
    script = draft.script
    (end,) = built(script, stack[-1:])
    if any(a.keyword is not None and a.keyword.value == "name" for a in end.call.args):
        what = "the layer to repeat has a name of its own"
        raise NoFaithfulEdit(what, script.code(end.call), script.line(end.call))
    place = place_of(script, end.call)
    for _ in range(times):
        put_behind(draft, place, script.code(end.call), "hidden")


def _drop(draft: Draft, stack: list[core.Layer], count: int) -> None:
    script = draft.script
    able = [x for x in reversed(stack) if x.input_shape and x.input_shape == x.output_shape]
    if len(able) < count:
        raise NoFaithfulEdit(f"only {len(able)} layers keep the shape and can go without others")
    going = able[:count]
    layers = all_layers(script)
    for layer in list(going):
        for behind in layers[layers.index(layer) + 1 :]:
            if behind.kind not in WITH:
                break
            going.append(behind)
    for each in built(script, sorted(going, key=layers.index)):
        take_away(draft, place_of(script, each.call))


def _looped(script: Script, stack: list[core.Layer]) -> Built | None:
    """The call in a loop that builds at least half of the hidden layers, one a turn."""
    for layer in stack:
        try:
            alike = [x for x in all_layers(script) if x.site == layer.site]
            (found,) = built(script, [x for x in alike if x.kind == layer.kind])
        except (NoFaithfulEdit, ValueError):
            continue
        if len(found.layers) > 1 and 2 * len(found.layers) >= len(stack):
            return found
    return None


def _count(draft: Draft, looped: Built, layers: int) -> None:
    """Other turns of `for … in range(n)`."""
    script = draft.script
    loop = script.enclosing(looped.call, cst.For)
    turns = follow(script, loop.iter) if loop is not None else None
    if not isinstance(turns, cst.Call) or script.called(turns) != "range" or len(turns.args) != 1:
        what = "the loop that builds the layers has no plain count"
        raise NoFaithfulEdit(what, line=script.line(looped.call))
    now = number(script, turns.args[0].value)
    if now is None or now != len(looped.layers):
        what = "the loop that builds the layers has no plain count"
        raise NoFaithfulEdit(what, line=script.line(turns))
    if now + layers < 0:
        raise NoFaithfulEdit(f"the loop makes {now:g} layers only", line=script.line(turns))
    draft.replace(source_of(script, turns.args[0].value), str(int(now + layers)))
