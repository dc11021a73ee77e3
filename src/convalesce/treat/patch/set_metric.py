"""The metric that compile is given, and what follows it by name."""

from __future__ import annotations

import ast
import re

import libcst as cst

from convalesce.core.changes.hp import SetMetric
from convalesce.treat.patch.source.calls import set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import compile_call
from convalesce.treat.patch.source.values import follow, quoted, source_of, string

NAMES = frozenset(
    {
        "accuracy",
        "binary_accuracy",
        "categorical_accuracy",
        "sparse_categorical_accuracy",
        "top_k_categorical_accuracy",
        "sparse_top_k_categorical_accuracy",
        "mean_absolute_error",
        "mean_squared_error",
    }
)
SHORT = {"mean_absolute_error": "mae", "mean_squared_error": "mse"}
LOSS = "loss"
HITS = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "mean_io_u", "recall")
# Class, its arguments, and the name under which Keras logs it.
MADE = {
    "binary_io_u": ("BinaryIoU", "target_class_ids=[1]", "binary_io_u"),
    "BinaryIoU": ("BinaryIoU", "target_class_ids=[1]", "binary_io_u"),
    "BinaryAccuracy(threshold=0)": ("BinaryAccuracy", "threshold=0", "binary_accuracy"),
}
CHOICE = "metrics=[keras.metrics.BinaryIoU(target_class_ids=[1]), keras.metrics.Recall()]"


def write(change: SetMetric, draft: Draft) -> None:
    """Put it in the place of the only metric; rename the log's key wherever it is read."""
    script = draft.script
    call = compile_call(script)
    if change.name not in NAMES | MADE.keys():
        raise NoFaithfulEdit(f"choose one: {change.name}", CHOICE, script.line(call))
    given = value(script, call, "metrics")
    listed = follow(script, given) if given is not None else None
    text, key = _written(draft, change.name)
    if given is None or listed is None:
        set_argument(draft, call, "metrics", f"[{text}]")
        return
    if not isinstance(listed, cst.List | cst.Tuple) or len(listed.elements) != 1:
        what = f"it is open which of `{script.code(given)}` is meant"
        raise NoFaithfulEdit(what, f"metrics=[{text}]", script.line(given))
    only = listed.elements[0].value
    old = _logged(script, only)
    if old is None:
        what = f"the name that `{script.code(only)}` is logged under is not known"
        raise NoFaithfulEdit(what, f"metrics=[{text}]", script.line(only))
    draft.replace(source_of(script, only), text)
    _rename(draft, old, key, keep=[only])


def _written(draft: Draft, name: str) -> tuple[str, str]:
    """Text of the metric, and the key that Keras logs it under."""
    if name in MADE:
        kind, arguments, key = MADE[name]
        return f"{spell(draft, f'keras.metrics.{kind}')}({arguments})", key
    short = SHORT.get(name, name)
    return quoted(draft.script, short), short


def _logged(script: Script, metric: cst.BaseExpression) -> str | None:
    """The key of the log for a metric; None where Keras numbers it or it can't be told."""
    text = string(script, metric)
    if text is not None:
        return text
    made = follow(script, metric)
    if isinstance(made, cst.Call):
        name = value(script, made, "name")
        kind = script.called(made)
        plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
        return string(script, name) if name is not None else plain
    return None


def _rename(draft: Draft, old: str, new: str, keep: list[cst.BaseExpression]) -> None:
    """Give the log's keys the new name; callbacks that followed the old one follow the loss.

    What the new metric shows may stand still for longer than a callback waits; trials follow the
    loss, too.
    """
    if old == new:
        return
    for text in draft.script.of(cst.SimpleString):
        if text in keep or text.evaluated_value not in (old, f"val_{old}"):
            continue
        if not _is_key(draft.script, text):
            continue
        prefix = "val_" if text.evaluated_value == f"val_{old}" else ""
        mark = text.value[-1]
        assert ast.literal_eval(text.value)  # noqa: S101 - a plain string, not a format
        named = LOSS if _monitors(draft.script, text) else new
        draft.replace(text, f"{mark}{prefix}{named}{mark}")
        if named == LOSS:
            _turn(draft, text)


def _turn(draft: Draft, text: cst.SimpleString) -> None:
    """A callback that says which way is better says it for the loss."""
    call = draft.script.enclosing(text, cst.Call)
    mode = value(draft.script, call, "mode") if call is not None else None
    if mode is not None:
        draft.replace(source_of(draft.script, mode), quoted(draft.script, "min"))


def _monitors(script: Script, text: cst.SimpleString) -> bool:
    """A callback follows it."""
    parent = script.parent(text)
    call = script.parent(parent) if isinstance(parent, cst.Arg) else None
    return isinstance(call, cst.Call) and script.called(call) != "get"


def _is_key(script: Script, text: cst.SimpleString) -> bool:
    """It looks something up (a subscript, `get`) or is what a callback monitors."""
    parent = script.parent(text)
    if isinstance(parent, cst.Index):
        return True
    if isinstance(parent, cst.Arg):
        call = script.parent(parent)
        if parent.keyword is not None:
            return parent.keyword.value == "monitor"
        return isinstance(call, cst.Call) and script.called(call) in {
            "get",
            "EarlyStopping",
            "ReduceLROnPlateau",
        }
    return False
