"""Penalties on the kernels."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.reg import SetWeightPenalty
from convalesce.treat.patch.source.calls import argument, drop_argument, set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import Built, all_layers, built, has_kernel
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import follow, source_of, written

KINDS = frozenset({"l1", "l2", "l1_l2", "L1", "L2", "L1L2"})
DEPTHWISE = frozenset({"DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"})


def write(change: SetWeightPenalty, draft: Draft) -> None:
    """Other factors where layers have a penalty; else one on each kernel."""
    script = draft.script
    kernels = [x for x in all_layers(script) if has_kernel(x) and x.kind not in DEPTHWISE]
    penalised = [x for x in kernels if x.l1 or x.l2]
    none = not change.l1 and not change.l2
    if none and not penalised:
        return
    snippet = f"kernel_regularizer=keras.regularizers.{_factors(change, 'L1', 'L2', 'L1L2')}"
    done: list[cst.CSTNode] = []
    for each in built(script, penalised or kernels, "" if none else snippet):
        if none:
            drop_argument(draft, each.call, "kernel_regularizer")
        else:
            _set(change, draft, each, done)


def _set(change: SetWeightPenalty, draft: Draft, each: Built, done: list[cst.CSTNode]) -> None:
    script = draft.script
    given = value(script, each.call, "kernel_regularizer")
    present = _penalty(script, given)
    if given is None or present is None:
        name = _factors(change, "L1", "L2", "L1L2")
        text = spell(draft, f"keras.regularizers.{name.partition('(')[0]}")
        text += "(" + name.partition("(")[2]
        if given is None or source_of(script, given) not in done:
            set_argument(draft, each.call, "kernel_regularizer", text)
        if (found := argument(script, each.call, "kernel_regularizer")) is not None:
            done.append(source_of(script, found.value))
        return
    if any(present is known for known in done):  # one object that several layers are given
        return
    done.append(present)
    spelled = script.called(present)
    small = spelled == spelled.lower()
    names = ("l1", "l2", "l1_l2") if small else ("L1", "L2", "L1L2")
    text = _factors(change, *names)
    kind = text.partition("(")[0]
    name = spell(draft, f"keras.regularizers.{kind}", present)
    draft.replace(present, f"{name}({text.partition('(')[2]}")


def _penalty(script: Script, given: cst.BaseExpression | None) -> cst.Call | None:
    made = follow(script, given) if given is not None else None
    if isinstance(made, cst.Call) and script.called(made) in KINDS:
        return made
    return None


def _factors(change: SetWeightPenalty, one: str, two: str, both: str) -> str:
    if change.l1 and change.l2:
        return f"{both}(l1={written(change.l1)}, l2={written(change.l2)})"
    if change.l1:
        return f"{one}({written(change.l1)})"
    return f"{two}({written(change.l2)})"
