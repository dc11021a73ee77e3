"""The loss that compile is given."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.hp import SetLoss
from convalesce.treat.patch.source.calls import set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import compile_call
from convalesce.treat.patch.source.values import follow, quoted, source_of, string

CLASSES = {
    "binary_crossentropy": "BinaryCrossentropy",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "huber": "Huber",
    "hinge": "Hinge",
    "poisson": "Poisson",
    "kl_divergence": "KLDivergence",
    "dice": "Dice",
}
SHORT = {"mean_squared_error": "mse", "mean_absolute_error": "mae"}


def write(change: SetLoss, draft: Draft) -> None:
    """The loss's name in quotes where the user has one; its class where it needs a setting."""
    script = draft.script
    call = compile_call(script)
    if change.name not in CLASSES:
        raise NoFaithfulEdit(f"use a loss {change.name}", "", script.line(call))
    given = value(script, call, "loss")
    written = follow(script, given) if given is not None else None
    if isinstance(written, cst.Dict):
        given = written = _of_output(script, written, change.output)
    elif isinstance(written, cst.List) or change.output:
        raise NoFaithfulEdit("there are several outputs", "", script.line(call))
    kind = CLASSES[change.name]
    if isinstance(written, cst.Call) and script.called(written) == kind:
        _set_logits(draft, written, from_logits=bool(change.from_logits))
        return
    like = written if isinstance(written, cst.Call) else None
    if change.from_logits or change.name == "dice" or like is not None:
        flag = "from_logits=True" if change.from_logits else ""
        text = f"{spell(draft, f'keras.losses.{kind}', like)}({flag})"
    else:
        name = SHORT.get(change.name, change.name)
        short = string(script, given) in SHORT.values()
        text = quoted(script, name if short else change.name)
    if given is None:
        set_argument(draft, call, "loss", text)
    else:
        draft.replace(source_of(script, given), text)


def _of_output(script: Script, losses: cst.Dict, output: str) -> cst.BaseExpression:
    """What stands for one output in a dictionary of losses."""
    for element in losses.elements:
        key = element.key if isinstance(element, cst.DictElement) else None
        if output and key is not None and string(script, key) == output:
            return element.value
    raise NoFaithfulEdit("there is a loss for each output", "", script.line(losses))


def _set_logits(draft: Draft, loss: cst.Call, *, from_logits: bool) -> None:
    if from_logits or value(draft.script, loss, "from_logits") is not None:
        set_argument(draft, loss, "from_logits", str(from_logits))
