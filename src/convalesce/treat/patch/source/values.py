"""Where a value is written, what number it is, and how a number is written."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Sequence

import libcst as cst
from libcst import metadata

from convalesce.treat.patch.source.script import Script, dotted

DEPTH = 6  # names that stand for names


def source_of(
    script: Script, expression: cst.BaseExpression, among: Sequence[cst.CSTNode | None] = ()
) -> cst.BaseExpression:
    """Where the value is written: the definition of its name where nothing else reads it.

    Args:
        script: The user's.
        expression: That reads the value.
        among: Other readers, which are to get the same value.
    """
    for _ in range(DEPTH):
        written = _definition(script, expression, alone=True, among=among)
        if written is None:
            break
        expression = written
    return expression


def follow(script: Script, expression: cst.BaseExpression) -> cst.BaseExpression:
    """What a name stands for, whoever else reads it; the expression itself where that is open."""
    for _ in range(DEPTH):
        written = _definition(script, expression, alone=False)
        if written is None:
            break
        expression = written
    return expression


def number(script: Script, expression: cst.BaseExpression | None) -> float | None:
    """The number that it comes to; None where that depends on the run."""
    if expression is None:
        return None
    expression = follow(script, expression)
    if isinstance(expression, cst.Integer | cst.Float):
        return float(ast.literal_eval(expression.value))
    if isinstance(expression, cst.UnaryOperation) and isinstance(expression.operator, cst.Minus):
        inner = number(script, expression.expression)
        return None if inner is None else -inner
    return _computed(script, expression) if isinstance(expression, cst.BinaryOperation) else None


def _computed(script: Script, operation: cst.BinaryOperation) -> float | None:
    left, right = number(script, operation.left), number(script, operation.right)
    combine = ARITHMETIC.get(type(operation.operator))
    if left is None or right is None or combine is None:
        return None
    try:
        return float(combine(left, right))
    except (ZeroDivisionError, OverflowError, TypeError):  # a complex power among them
        return None


def string(script: Script, expression: cst.BaseExpression | None) -> str | None:
    """The text that it comes to; None where it is none."""
    found = follow(script, expression) if expression is not None else None
    if isinstance(found, cst.SimpleString) and isinstance(found.evaluated_value, str):
        return found.evaluated_value
    return None


def written(value: float, like: str = "") -> str:
    """A number as Python text, to four digits, with an exponent where `like` has one."""
    plain = f"{value:.4g}"
    number = float(plain)
    if "e" in like.lower() or (number and not 1e-4 <= abs(number) < 1e6):
        mantissa, _, exponent = f"{number:.3e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        return f"{mantissa}e{int(exponent)}"
    return repr(number)


def quoted(script: Script, text: str) -> str:
    """A string in the quotes that the script uses more."""
    double = script.text.count('"') >= script.text.count("'")
    return f'"{text}"' if double else f"'{text}'"


def scope_of(script: Script, node: cst.CSTNode) -> metadata.Scope | None:
    """The scope in which a node is read."""
    for each in (node, *script.ancestors(node)):
        scope = script.scopes.get(each)
        if scope is not None:
            return scope
    return script.scopes.get(script.tree)


def assignments(script: Script, name: cst.CSTNode) -> list[metadata.Assignment]:
    """All places in its scope that bind a name."""
    scope, text = scope_of(script, name), dotted(name)
    if scope is None or not text or "." in text:
        return []
    return [a for a in scope[text] if isinstance(a, metadata.Assignment)]


def reads(assignment: metadata.Assignment) -> Iterator[cst.CSTNode]:
    """The places that read what was bound."""
    for access in assignment.references:
        yield access.node


def _definition(
    script: Script,
    expression: cst.BaseExpression,
    *,
    alone: bool,
    among: Sequence[cst.CSTNode | None] = (),
) -> cst.BaseExpression | None:
    if isinstance(expression, cst.Subscript):
        return _entry(script, expression, alone=alone)
    if not isinstance(expression, cst.Name):
        return None
    bound = assignments(script, expression)
    if len(bound) != 1:
        return None
    meant = (expression, *among)
    if alone and not all(any(r is m for m in meant) for r in reads(bound[0])):
        return None
    return _bound_value(script, bound[0].node, alone=alone)


def _bound_value(script: Script, target: cst.CSTNode, *, alone: bool) -> cst.BaseExpression | None:
    """What a name that is bound once is bound to."""
    if isinstance(target, cst.Param):
        return _handed(script, target, alone=alone)
    holder = script.parent(target)
    if isinstance(holder, cst.AssignTarget):
        assign = script.parent(holder)
        if isinstance(assign, cst.Assign) and len(assign.targets) == 1:
            return assign.value
    if isinstance(holder, cst.AnnAssign):
        return holder.value
    if isinstance(holder, cst.Element) and isinstance(script.parent(holder), cst.Tuple):
        return _unpacked(script, holder)
    return None


def _unpacked(script: Script, element: cst.Element) -> cst.BaseExpression | None:
    """The value of one variable of `a, b = 1, 2`."""
    left = script.parent(element)
    assign = script.parent(script.parent(left))
    if not isinstance(left, cst.Tuple) or not isinstance(assign, cst.Assign):
        return None
    values = assign.value
    if isinstance(values, cst.Tuple) and len(left.elements) == len(values.elements):
        return values.elements[left.elements.index(element)].value
    return None


def _handed(script: Script, param: cst.Param, *, alone: bool) -> cst.BaseExpression | None:
    """What the only call of a function hands over for a parameter, or its default."""
    function = script.enclosing(param, cst.FunctionDef)
    if function is None or script.enclosing(function, cst.ClassDef) is not None:
        return None
    bound = [a for a in assignments(script, function.name) if a.node is function]
    uses = list(reads(bound[0])) if len(bound) == 1 else []
    calls = [c for u in uses if isinstance(c := script.parent(u), cst.Call) and c.func is u]
    if len(calls) != len(uses) or not calls or (alone and len(calls) != 1) or len(calls) > 1:
        return None
    order = [p.name.value for p in function.params.params]
    for i, arg in enumerate(calls[0].args):
        if arg.star:
            return None
        name = arg.keyword.value if arg.keyword else order[i] if i < len(order) else ""
        if name == param.name.value:
            return arg.value
    return param.default


def _entry(script: Script, expression: cst.Subscript, *, alone: bool) -> cst.BaseExpression | None:
    """The entry of a dictionary literal that a subscript with a plain key reads."""
    bound = assignments(script, expression.value)
    key = _key(expression)
    if len(bound) != 1 or key is None:
        return None
    table = _bound_value(script, bound[0].node, alone=False)
    uses = list(reads(bound[0]))
    keys = [_key(p) for u in uses if isinstance(p := script.parent(u), cst.Subscript)]
    if not isinstance(table, cst.Dict) or len(keys) != len(uses) or None in keys:
        return None
    if alone and keys.count(key) != 1:
        return None
    for element in table.elements:
        if isinstance(element, cst.DictElement) and script.code(element.key)[1:-1] == key:
            return element.value
    return None


def _key(subscript: cst.Subscript) -> str | None:
    if len(subscript.slice) != 1 or not isinstance(subscript.slice[0].slice, cst.Index):
        return None
    index = subscript.slice[0].slice.value
    if isinstance(index, cst.SimpleString) and isinstance(index.evaluated_value, str):
        return index.evaluated_value
    return None


ARITHMETIC: dict[type[cst.BaseBinaryOp], Callable[[float, float], float]] = {
    cst.Add: operator.add,
    cst.Subtract: operator.sub,
    cst.Multiply: operator.mul,
    cst.Divide: operator.truediv,
    cst.FloorDivide: operator.floordiv,
    cst.Power: operator.pow,
}
