"""Sequential models of a script rewritten as Functional ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst import matchers as m
from libcst.helpers import get_full_name_for_node
from rewrite import Draw, Refused

LIST = m.Call(func=m.Attribute(attr=m.Name("Sequential")) | m.Name("Sequential"))
MADE = m.SimpleStatementLine(
    body=[m.Assign(targets=[m.AssignTarget(m.Name())], value=LIST)],
)
NO_INPUT = "a Sequential does not begin with an Input"


@dataclass(frozen=True)
class _Stack:
    """A Sequential as read: the statements that build it, and its parts in order."""

    model: str
    start: int
    stop: int
    parts: list[cst.BaseExpression]
    keywords: list[cst.Arg]
    module: str


def functional(script: cst.Module, _draw: Draw) -> cst.Module | Refused:
    """Every Sequential that is built at the top of the script called layer by layer."""
    if m.findall(script, m.Attribute(attr=m.Name("layers")) & ~m.Attribute(value=m.Name("keras"))):
        return Refused("the script reaches into model.layers")
    stacks = _stacks(script)
    if isinstance(stacks, Refused):
        return stacks
    elsewhere = len(m.findall(script, LIST)) - len(stacks)
    if elsewhere or not stacks:
        where = "built inside a function, class or expression" if elsewhere else "in the script"
        return Refused(f"a Sequential is {where}" if elsewhere else f"no Sequential {where}")
    body = list(script.body)
    for number, stack in reversed(list(enumerate(stacks))):
        mark = "" if number == 0 else str(number + 1)
        taken = {node.value for node in m.findall(script, m.Name())}
        names = [_free(word + mark, taken) for word in ("inputs", "h")]
        body[stack.start : stack.stop] = list(_called(script, stack, *names))
    return script.with_changes(body=body)


def _stacks(script: cst.Module) -> list[_Stack] | Refused:
    stacks = []
    for start, line in enumerate(script.body):
        if not m.matches(line, MADE):
            continue
        assign = line.body[0]
        model, call = assign.targets[0].target.value, assign.value
        listed = [arg for arg in call.args if arg.keyword is None]
        keywords = [arg for arg in call.args if arg.keyword is not None]
        parts: list[cst.BaseExpression] = []
        if listed:
            if not isinstance(listed[0].value, cst.List):
                return Refused("a Sequential is given a list that is made elsewhere")
            elements = listed[0].value.elements
            if any(isinstance(element, cst.StarredElement) for element in elements):
                return Refused("a list of layers is unpacked")
            parts = [element.value for element in elements]
        adds = m.Call(func=m.Attribute(value=m.Name(model), attr=m.Name("add") | m.Name("pop")))
        added = m.SimpleStatementLine(body=[m.Expr(adds)])
        stop = start + 1
        while stop < len(script.body) and m.matches(script.body[stop], added):
            parts.append(script.body[stop].body[0].value.args[0].value)
            stop += 1
        if len(m.findall(script, adds)) != stop - start - 1:
            return Refused("layers are added in a loop, or later")
        if not parts or not m.matches(parts[0], m.Call()) or _word(parts[0]) != "Input":
            return Refused(NO_INPUT)
        module = (get_full_name_for_node(call.func) or "").rpartition(".")[0]
        stacks.append(_Stack(model, start, stop, parts, keywords, module))
    return stacks


def _word(call: cst.BaseExpression) -> str:
    return (get_full_name_for_node(call.func) or "").rpartition(".")[2]


def _free(word: str, taken: set[str]) -> str:
    while word in taken:
        word += "_"
    return word


def _called(script: cst.Module, stack: _Stack, first: str, name: str) -> Iterator[cst.CSTNode]:
    def code(node: cst.CSTNode) -> str:
        return script.code_for_node(node)

    def statement(text: str) -> cst.CSTNode:
        return cst.parse_statement(text, config=script.config_for_parsing)

    opening = statement(f"{first} = {code(stack.parts[0])}")
    yield opening.with_changes(leading_lines=script.body[stack.start].leading_lines)
    before = first
    for part in stack.parts[1:]:
        yield statement(f"{name} = {code(part)}({before})")
        before = name
    options = "".join(f", {code(arg).rstrip(', ')}" for arg in stack.keywords)
    kind = f"{stack.module}.Model" if stack.module else "Model"
    if not stack.module:  # Sequential was imported by itself
        yield statement("from keras import Model")
    yield statement(f"{stack.model} = {kind}({first}, {before}{options})")
