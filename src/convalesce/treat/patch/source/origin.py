"""Whether a value comes from outside of the script: a file of settings that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import libcst as cst

from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import assignments, reads

LOADERS = frozenset(
    {"open", "load", "loads", "safe_load", "full_load", "read", "read_text", "read_bytes"}
) | {"readlines", "fromfile", "genfromtxt", "loadtxt", "read_csv", "read_json"}
DEPTH = 8  # names that stand for names

N = TypeVar("N", bound=cst.CSTNode)


def from_file(script: Script, expression: cst.BaseExpression) -> bool:
    """The value was read from a file, where a person would change it."""
    found: list[cst.CSTNode] = [expression]
    for _ in range(DEPTH):
        calls = (call for each in found for call in _within(script, each, cst.Call))
        if any(script.called(call) in LOADERS for call in calls):
            return True
        names = [name for each in found for name in _within(script, each, cst.Name)]
        before = [source for name in names for source in _sources(script, name)]
        found = list({id(source): source for source in before}.values())
    return False


def _within(script: Script, node: cst.CSTNode, kind: type[N]) -> list[N]:
    start, end = script.start(node), script.end(node)
    return [n for n in script.of(kind) if start <= script.start(n) and script.end(n) <= end]


def _sources(script: Script, name: cst.Name) -> Iterator[cst.CSTNode]:
    """What was bound to a name: values, what a loop runs over, what calls hand over."""
    for bound in assignments(script, name):
        node = bound.node
        if isinstance(node, cst.FunctionDef):
            yield node.body
        elif isinstance(node, cst.Param):
            yield from _handed(script, node)
        else:
            holder = next(
                (
                    a
                    for a in script.ancestors(node)
                    if isinstance(a, cst.BaseSmallStatement | cst.For | cst.CompFor)
                ),
                None,
            )
            if isinstance(holder, cst.For | cst.CompFor):
                yield holder.iter
            elif isinstance(holder, cst.Assign | cst.AnnAssign | cst.AugAssign) and holder.value:
                yield holder.value


def _handed(script: Script, param: cst.Param) -> Iterator[cst.CSTNode]:
    """What the calls of its function hand over, whichever argument it is, and its default."""
    if param.default is not None:
        yield param.default
    function = script.enclosing(param, cst.FunctionDef)
    for bound in assignments(script, function.name) if function is not None else ():
        for use in reads(bound):
            call = script.parent(use)
            if isinstance(call, cst.Call):
                yield from (arg.value for arg in call.args)
