"""Rewrites of a training script that leave its fault where it is.

Each takes the parsed script and the draw of its case. It returns the script anew, or `Refused` with
the reason where the rewrite would not be safe or finds nothing to change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

import libcst as cst
from libcst import matchers as m
from libcst.helpers import get_full_name_for_node

SEEDING = {"set_random_seed", "default_rng", "set_seed", "seed", "RandomState"}
SIZED = {"Dense", "Conv1D", "Conv2D", "Conv3D", "SeparableConv1D", "SeparableConv2D"}
HIDDEN = {"relu", "elu", "selu", "gelu", "swish", "silu", "tanh", "softplus", "leaky_relu"}
TIED = {"Add", "Average", "Multiply", "Subtract", "Dot", "GroupNormalization", "Reshape"}
CAPACITY = {"arch.too_shallow", "arch.too_deep", "arch.downsampling"}
BATCH = {"hp.batch_small", "hp.batch_large"}


@dataclass(frozen=True)
class Refused:
    """Why a rewrite was not made."""

    reason: str


@dataclass(frozen=True)
class Draw:
    """Random choices, the same in every script of a case.

    Attributes:
        causes: Every id that the label names, `also_true` included.
    """

    seed: int
    causes: frozenset[str]

    def pick(self, key: str, options: Sequence[int]) -> int:
        """One of the options; the same key gives the same choice."""
        return Random(f"{self.seed} {key}").choice(options)  # noqa: S311 - no secret


Rewrite = Callable[[cst.Module, Draw], cst.Module | Refused]


def seeds(script: cst.Module, draw: Draw) -> cst.Module | Refused:
    """Every seed moved by one number: seeds that were equal stay equal."""
    offset = draw.pick("seeds", range(1, 5000))
    found: dict[cst.CSTNode, cst.CSTNode] = {}
    for call in _calls(script):
        seeding = _last(call) in SEEDING
        for i, arg in enumerate(call.args):
            named = arg.keyword is not None and arg.keyword.value in {"seed", "random_state"}
            if isinstance(arg.value, cst.Integer) and (named or (seeding and i == 0)):
                found[arg.value] = cst.Integer(str(int(arg.value.value) + offset))
    return _replaced(script, found) or Refused("no seed is written as a number")


def names(script: cst.Module, draw: Draw) -> cst.Module | Refused:
    """Layers renamed whose name no other string of the script holds."""
    texts = list(_texts(script))
    found: dict[cst.CSTNode, cst.CSTNode] = {}
    for call in _calls(script):
        if not _last(call)[:1].isupper() or "metrics" in _dotted(call):
            continue
        for arg in call.args:
            if not m.matches(arg, m.Arg(keyword=m.Name("name"), value=m.SimpleString())):
                continue
            old = str(cst.ensure_type(arg.value, cst.SimpleString).evaluated_value)
            if sum(old in text for text in texts) == 1:
                digest = hashlib.sha1(f"{draw.seed} {old}".encode()).hexdigest()  # noqa: S324
                found[arg.value] = cst.SimpleString(f'"part_{digest[:5]}"')
    return _replaced(script, found) or Refused("no layer has a name that stands nowhere else")


def widths(script: cst.Module, draw: Draw) -> cst.Module | Refused:
    """Hidden layers up to a quarter wider or narrower, equal widths alike, all even."""
    if draw.causes & CAPACITY:
        return Refused("the fault is the capacity")
    tied = sorted({_last(call) for call in _calls(script)} & TIED)
    if tied:
        return Refused(f"{', '.join(tied)} ties the widths to each other")
    if _adds_tensors(script):
        return Refused("a sum of tensors ties the widths to each other")
    last = _outputs(script)
    found: dict[cst.CSTNode, cst.CSTNode] = {}
    for call in _calls(script):
        width = _width(call)
        if width is None or call in last or _keyword(call, "activation") not in HIDDEN:
            continue
        old = int(width.value)
        near = [w for w in range(2, 2 * old, 2) if abs(w - old) <= old / 4 and w != old]
        if near and old % 2 == 0:
            found[width] = cst.Integer(str(draw.pick(f"width {old}", near)))
    return _replaced(script, found) or Refused("no hidden layer of known activation and even width")


def batches(script: cst.Module, draw: Draw) -> cst.Module | Refused:
    """Batch sizes times 0.75 to 1.5, equal sizes alike."""
    if draw.causes & BATCH:
        return Refused("the fault is the batch size")
    calls = list(_calls(script))
    if any("schedules" in _dotted(call) for call in calls):
        return Refused("a schedule counts the steps")
    if any(_argument(call, "steps_per_epoch") for call in calls):
        return Refused("the steps of an epoch are counted")
    sizes = [arg.value for call in calls if (arg := _argument(call, "batch_size"))]
    sizes += [call.args[0].value for call in calls if _last(call) == "batch" and call.args]
    found: dict[cst.CSTNode, cst.CSTNode] = {}
    for size in sizes:
        if isinstance(size, cst.Integer) and (old := int(size.value)) >= 4:
            near = [n for n in range(-(-3 * old // 4), 3 * old // 2 + 1) if n != old]
            found[size] = cst.Integer(str(draw.pick(f"batch {old}", near)))
    return _replaced(script, found) or Refused("no batch size of 4 or more is written as a number")


def datasets(script: cst.Module, _draw: Draw) -> cst.Module | Refused:
    """Arrays given to `fit` wrapped as tf.data, shuffled as `fit` does."""
    fits = [call for call in _calls(script) if _last(call) == "fit" and len(call.args) > 1]
    reason = "no call of fit takes arrays"
    found: dict[cst.CSTNode, cst.CSTNode] = {}
    for call in fits:
        reason = _why_no_dataset(call) or ""
        if reason:
            break
        found[call] = _fit_on_datasets(script, call)
    if not found or reason:
        return Refused(reason)
    body = list(_replaced(script, found).body)
    if "import tensorflow as tf" not in script.code:
        at = next(i for i, line in enumerate(body) if _is_plain_import(line))
        body.insert(at + 1, cst.parse_statement("import tensorflow as tf\n"))
    return script.with_changes(body=body)


def _why_no_dataset(call: cst.Call) -> str | None:
    positional = [arg for arg in call.args if arg.keyword is None]
    if len(positional) != 2 or any(arg.star for arg in call.args):
        return "fit takes something else than x and y"
    if any(isinstance(arg.value, cst.Dict) for arg in positional[:1]):
        return "the inputs are a dict"
    for key in ("validation_split", "sample_weight", "shuffle", "steps_per_epoch"):
        if _argument(call, key):
            return f"fit is given {key}"
    held = _argument(call, "validation_data")
    if held and not m.matches(held.value, m.Tuple(elements=[m.Element(), m.Element()])):
        return "validation_data is no pair written out"
    return None


def _fit_on_datasets(script: cst.Module, call: cst.Call) -> cst.Call:
    def code(node: cst.CSTNode) -> str:
        return script.code_for_node(node)

    size_given, held = _argument(call, "batch_size"), _argument(call, "validation_data")
    size = code(size_given.value) if size_given else "32"
    x, y = (code(arg.value) for arg in call.args[:2])
    slices = "tf.data.Dataset.from_tensor_slices"
    wrapped = cst.parse_expression(f"{slices}(({x}, {y})).shuffle(len({x})).batch({size})")
    args = [cst.Arg(wrapped, comma=call.args[1].comma)]
    for arg in call.args[2:]:
        if arg is held:
            pair = code(arg.value).strip("()")
            pair = code(arg.value) if code(arg.value).startswith("(") else f"({pair})"
            args.append(
                arg.with_changes(value=cst.parse_expression(f"{slices}({pair}).batch({size})"))
            )
        elif arg is not size_given:
            args.append(arg)
    return call.with_changes(args=args)


def _is_plain_import(line: cst.CSTNode) -> bool:
    future = m.SimpleStatementLine(body=[m.ImportFrom(module=m.Name("__future__"))])
    plain = m.SimpleStatementLine(body=[m.Import() | m.ImportFrom()])
    return m.matches(line, plain) and not m.matches(line, future)


def _calls(tree: cst.CSTNode) -> Iterator[cst.Call]:
    yield from (cst.ensure_type(node, cst.Call) for node in m.findall(tree, m.Call()))


def _dotted(call: cst.Call) -> str:
    return get_full_name_for_node(call.func) or ""


def _last(call: cst.Call) -> str:
    """Name of what is called, without what it belongs to: `Dense` of `keras.layers.Dense(3)`."""
    if isinstance(call.func, cst.Attribute):
        return call.func.attr.value
    return call.func.value if isinstance(call.func, cst.Name) else ""


def _argument(call: cst.Call, key: str) -> cst.Arg | None:
    return next((a for a in call.args if a.keyword is not None and a.keyword.value == key), None)


def _keyword(call: cst.Call, key: str) -> str | None:
    arg = _argument(call, key)
    if arg is None or not isinstance(arg.value, cst.SimpleString):
        return None
    return str(arg.value.evaluated_value)


def _width(call: cst.Call) -> cst.Integer | None:
    if _last(call) not in SIZED:
        return None
    given = _argument(call, "units") or _argument(call, "filters")
    if given is None and call.args and call.args[0].keyword is None:
        given = call.args[0]
    return given.value if given and isinstance(given.value, cst.Integer) else None


def _texts(tree: cst.CSTNode) -> Iterator[str]:
    for node in m.findall(tree, m.SimpleString() | m.FormattedStringText()):
        if isinstance(node, cst.SimpleString):
            yield str(node.evaluated_value)
        elif isinstance(node, cst.FormattedStringText):
            yield node.value


def _adds_tensors(script: cst.Module) -> bool:
    """Whether a sum has what a layer returned as a term, or stands in a method `call`."""
    on_layer = m.Assign(targets=[m.AssignTarget(m.Name())], value=m.Call(func=m.Call()))
    tensors = {
        cst.ensure_type(cst.ensure_type(node, cst.Assign).targets[0].target, cst.Name).value
        for node in m.findall(script, on_layer)
    }
    term = m.Name(value=m.MatchIfTrue(lambda name: name in tensors)) | m.Call(func=m.Call())
    sums = m.BinaryOperation(left=term) | m.BinaryOperation(right=term)
    inside = m.findall(script, m.FunctionDef(name=m.Name("call")))
    return bool(m.findall(script, sums)) or any(
        m.findall(method, m.BinaryOperation()) for method in inside
    )


def _outputs(script: cst.Module) -> set[cst.Call]:
    """Calls that make an output: the end of a Sequential, what a Model is given as outputs."""
    last: set[cst.Call] = set()
    assigned = {
        node.targets[0].target.value: node.value
        for node in m.findall(script, m.Assign(targets=[m.AssignTarget(m.Name())]))
    }
    for call in _calls(script):
        if _last(call) == "Sequential" and call.args and isinstance(call.args[0].value, cst.List):
            last |= set(_calls(call.args[0].value.elements[-1]))
        if _last(call) == "add" and call.args:
            continue
        if _last(call) == "Model":
            for arg in call.args[1:]:
                last |= set(_calls(arg))
                for name in m.findall(arg, m.Name()):
                    if name.value in assigned:
                        last |= set(_calls(assigned[name.value]))
    added = [call for call in _calls(script) if _last(call) == "add" and call.args]
    return last | (set(_calls(added[-1])) if added else set())


def _replaced(script: cst.Module, found: dict[cst.CSTNode, cst.CSTNode]) -> cst.Module | None:
    if not found:
        return None
    return script.visit(_Swap(found))


class _Swap(cst.CSTTransformer):
    def __init__(self, found: dict[cst.CSTNode, cst.CSTNode]) -> None:
        super().__init__()
        self._found = found

    def on_leave(self, original_node: cst.CSTNode, updated_node: cst.CSTNode) -> cst.CSTNode:
        left = super().on_leave(original_node, updated_node)
        return self._found.get(original_node, left)
