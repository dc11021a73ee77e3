"""Which layers may learn."""

from __future__ import annotations

import libcst as cst

from convalesce import core
from convalesce.core.changes.arch import SetTrainable
from convalesce.treat.patch.source.calls import set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.layers import all_layers, built, named
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import compile_call


def write(change: SetTrainable, draft: Draft) -> None:
    """Turn the flag where the script sets it; else say it where the layers are built."""
    script, flag = draft.script, str(change.trainable)
    meant = named(script, change.layers) if change.layers else list(all_layers(script))
    snippet = f"layer.trainable = {flag}  # for each layer meant, in front of compile"
    set_there = _flags(script, str(not change.trainable))
    frozen = [x for x in all_layers(script) if x.parameters and not x.trainable]
    others = [x.name for x in frozen if x not in meant] if change.trainable else []
    if len(set_there) == 1 and others:
        what = f"this line also freezes {', '.join(others[:4])}, which shall stay so"
        raise NoFaithfulEdit(what, snippet, script.line(set_there[0]))
    if len(set_there) == 1:
        draft.replace(set_there[0], flag)
        return
    if set_there:
        what = f"the script sets trainable at {len(set_there)} places"
        raise NoFaithfulEdit(what, snippet, script.line(set_there[0]))
    if change.trainable and _flag_base(draft, frozen, meant, flag):
        return
    if change.trainable and not _said(draft, change):
        what = "the script doesn't say that the layers are frozen"
        raise NoFaithfulEdit(what, snippet, script.line(compile_call(script)))
    meant = [x for x in meant if x.parameters]
    if not change.trainable and _flag_base(draft, [*all_layers(script)], meant, flag):
        return
    for each in built(script, meant, snippet):
        given = value(script, each.call, "trainable")
        if given is not None or not change.trainable:
            set_argument(draft, each.call, "trainable", flag)


def _flag_base(draft: Draft, among: list[core.Layer], meant: list[core.Layer], flag: str) -> bool:
    """A flag behind the line that builds, or loads, a whole model out of the layers meant."""
    script = draft.script
    site = meant[0].site if meant else None
    together = [x for x in among if x.site == site and x.parameters]
    if site is None or together != meant or len(meant) < 2:
        return False
    line = script.line_of(site, f"where {meant[0].name} is built")
    for assign in script.of(cst.Assign):
        target, made = assign.targets[0].target, assign.value
        here = script.line(assign) <= line <= script.line_at(script.end(assign) - 1)
        name = script.full_name(made.func) if isinstance(made, cst.Call) else ""
        whole = name.startswith("keras.applications.") or name.endswith(".load_model")
        if here and isinstance(target, cst.Name) and whole:
            # A flag that a model has already is not handed on to its layers.
            freed = (f"for layer in {target.value}.layers:", "    layer.trainable = True")
            lines = freed if flag == "True" else (f"{target.value}.trainable = False",)
            draft.after(script.statement(assign), *lines)
            return True
    return False


def _flags(script: Script, flag: str) -> list[cst.BaseExpression]:
    """Values of `….trainable = flag`."""
    return [
        assign.value
        for assign in script.of(cst.Assign)
        if isinstance(assign.targets[0].target, cst.Attribute)
        and assign.targets[0].target.attr.value == "trainable"
        and script.code(assign.value) == flag
    ]


def _said(draft: Draft, change: SetTrainable) -> bool:
    """`trainable=` stands in the call of each layer that is meant."""
    script = draft.script
    calls = built(script, named(script, change.layers))
    return all(value(script, each.call, "trainable") is not None for each in calls)
