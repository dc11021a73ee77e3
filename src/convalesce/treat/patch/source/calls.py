"""Arguments of calls: found by name or place, set, added and taken out in the user's layout."""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import source_of

CONV = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups")
ONE_D = ("filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate")
POOL = ("pool_size", "strides", "padding")
CELL = ("units", "activation")
INIT = ("use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer")
# Order of the arguments that users write without their names (Keras 3).
ORDER: dict[str, tuple[str, ...]] = {
    "Dense": ("units", "activation", *INIT),
    "Conv1D": (*ONE_D, "groups", "activation", *INIT),
    "Conv2D": (*CONV, "activation", *INIT),
    "Conv3D": (*CONV, "activation", *INIT),
    "SeparableConv1D": (*ONE_D, "depth_multiplier", "activation"),
    "SeparableConv2D": (*ONE_D, "depth_multiplier", "activation"),
    "DepthwiseConv2D": ("kernel_size", "strides", "padding", "depth_multiplier"),
    "Conv2DTranspose": ("filters", "kernel_size", "strides", "padding"),
    "Conv1DTranspose": ("filters", "kernel_size", "strides", "padding"),
    "MaxPooling1D": POOL,
    "MaxPooling2D": POOL,
    "MaxPooling3D": POOL,
    "AveragePooling1D": POOL,
    "AveragePooling2D": POOL,
    "AveragePooling3D": POOL,
    "LSTM": (*CELL, "recurrent_activation"),
    "GRU": (*CELL, "recurrent_activation"),
    "SimpleRNN": CELL,
    "Activation": ("activation",),
    "Dropout": ("rate",),
    "SpatialDropout1D": ("rate",),
    "SpatialDropout2D": ("rate",),
    "AlphaDropout": ("rate",),
    "GaussianDropout": ("rate",),
    "SGD": ("learning_rate", "momentum", "nesterov", "weight_decay"),
    "RMSprop": ("learning_rate", "rho", "momentum"),
    "Adam": ("learning_rate", "beta_1", "beta_2", "epsilon", "amsgrad", "weight_decay"),
    "AdamW": ("learning_rate", "weight_decay", "beta_1", "beta_2"),
    "Nadam": ("learning_rate", "beta_1"),
    "Adamax": ("learning_rate", "beta_1"),
    "ExponentialDecay": ("initial_learning_rate", "decay_steps", "decay_rate"),
    "InverseTimeDecay": ("initial_learning_rate", "decay_steps", "decay_rate"),
    "PolynomialDecay": ("initial_learning_rate", "decay_steps", "end_learning_rate"),
    "CosineDecay": ("initial_learning_rate", "decay_steps", "alpha"),
    "CosineDecayRestarts": ("initial_learning_rate", "first_decay_steps"),
    "PiecewiseConstantDecay": ("boundaries", "values"),
    "EarlyStopping": ("monitor", "min_delta", "patience"),
    "ReduceLROnPlateau": ("monitor", "factor", "patience"),
    "ModelCheckpoint": ("filepath", "monitor"),
    "compile": ("optimizer", "loss", "loss_weights", "metrics"),
    "fit": (
        "x",
        "y",
        "batch_size",
        "epochs",
        "verbose",
        "callbacks",
        "validation_split",
        "validation_data",
        "shuffle",
        "class_weight",
    ),
    "evaluate": ("x", "y"),
    "predict": ("x",),
    "add_argument": (),
}
OPTIMIZERS = frozenset(
    {"SGD", "RMSprop", "Adam", "AdamW", "Nadam", "Adamax", "Adagrad", "Adadelta", "Ftrl", "Lion"}
) | {"Lamb", "Adafactor", "Muon"}


def argument(script: Script, call: cst.Call, name: str) -> cst.Arg | None:
    """The argument of this name, however it was handed over; None where it is not.

    Raises:
        NoFaithfulEdit: It may be hidden behind `*` or `**`.
    """
    for arg in call.args:
        if arg.keyword is not None and arg.keyword.value == name:
            return arg
    kind = script.called(call)
    order = ORDER.get(kind, ("learning_rate",) if kind in OPTIMIZERS else ())
    index = order.index(name) if name in order else None
    for i, arg in enumerate(call.args):
        if arg.star:
            what = f"`{script.code(arg)}` may hold {name}"
            raise NoFaithfulEdit(what, line=script.line(call))
        if arg.keyword is None and i == index:
            return arg
    return None


def value(script: Script, call: cst.Call, name: str) -> cst.BaseExpression | None:
    """The expression of an argument; None where it is not given."""
    found = argument(script, call, name)
    return found.value if found is not None else None


def set_argument(
    draft: Draft, call: cst.Call, name: str, text: str, among: Sequence[cst.Call] = ()
) -> None:
    """Give an argument another value: at its definition where only it is meant, else here.

    Args:
        draft: Takes the edit.
        call: Whose argument it is.
        name: Of the argument.
        text: The value.
        among: Calls that get the same value for an argument of this name.
    """
    script, found = draft.script, argument(draft.script, call, name)
    if found is not None:
        others = [value(script, other, name) for other in among]
        draft.replace(source_of(script, found.value, others), text)
    else:
        append(draft, call.args, draft.script.end(call) - 1, f"{name}={text}")


def drop_argument(draft: Draft, call: cst.Call, name: str, instead: str = "None") -> None:
    """Take an argument out; one that others stand behind by place becomes `instead`."""
    found = argument(draft.script, call, name)
    if found is None:
        return
    index = call.args.index(found)
    placed = any(a.keyword is None for a in call.args[index + 1 :])
    if found.keyword is None and placed:
        draft.replace(found.value, instead)
    else:
        take_out(draft, call.args, index)


def append(draft: Draft, items: Sequence[cst.CSTNode], close: int, text: str) -> None:
    """Add an item behind the last of an argument list or a list literal.

    Args:
        draft: Takes the edit.
        items: Arguments or elements that are there.
        close: Offset of the closing bracket.
        text: The new item.
    """
    if not items:
        draft.insert(close, text)
        return
    behind(draft, items, len(items) - 1, close, text)


def behind(draft: Draft, items: Sequence[cst.CSTNode], index: int, close: int, text: str) -> None:
    """Add an item behind the one at `index`, on a line of its own where items have theirs."""
    script = draft.script
    end = script.end(items[index])
    following = script.start(items[index + 1]) if index + 1 < len(items) else close
    apart = script.line_at(following) > script.line_at(max(end - 1, 0))
    if not (apart and script.opens_line(items[index])):
        draft.insert(end, f", {text}")
        return
    indent = script.indent(script.start(items[index]))
    comma = _comma(script, end, following)
    if comma is None:
        draft.insert(end, ",")
    draft.insert(script.line_end(comma or end), f"\n{indent}{text}{',' if comma else ''}")


def ahead(draft: Draft, items: Sequence[cst.CSTNode], index: int, text: str) -> None:
    """Add an item in front of the one at `index`."""
    script, item = draft.script, items[index]
    start = script.start(item)
    own = script.opens_line(item)
    draft.insert(start, f"{text},\n{script.indent(start)}" if own else f"{text}, ")


def take_out(draft: Draft, items: Sequence[cst.CSTNode], index: int) -> None:
    """Take an item out, with its comma and, where it has one, its line."""
    script, item = draft.script, items[index]
    start, end = script.start(item), script.end(item)
    comma = _comma(script, end, script.line_end(end))
    behind = end if comma is None else comma + 1
    line_end = script.line_end(behind)
    if script.opens_line(item) and not script.text[behind:line_end].strip():
        first = script.starts[script.line_at(start) - 1]
        draft.splice(first, script.starts[script.line_at(line_end)], "")
        return
    following = script.start(items[index + 1]) if index + 1 < len(items) else None
    before = script.end(items[index - 1]) if index else None
    if following is not None and "#" not in script.text[end:following]:
        draft.splice(start, following, "")
    elif following is None and before is not None and "#" not in script.text[before:start]:
        draft.splice(before, end, "")
    else:
        draft.splice(start, behind, "")


def _comma(script: Script, start: int, end: int) -> int | None:
    """Offset of the comma that follows an item; None where something else comes first."""
    for offset in range(start, end):
        if script.text[offset] == ",":
            return offset
        if not script.text[offset].isspace():
            return None
    return None
