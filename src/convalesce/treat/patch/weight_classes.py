"""`class_weight` of fit, counted from the labels."""

from __future__ import annotations

from convalesce.core.changes.data import WeightClasses
from convalesce.treat.patch.source.calls import set_argument
from convalesce.treat.patch.source.data import class_numbers, training, training_rows
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.training import fit_call
from convalesce.treat.patch.source.values import written

SNIPPET = """\
counts = np.bincount(y_train)
class_weight = {c: len(y_train) / (len(counts) * max(n, 1)) for c, n in enumerate(counts)}"""


def write(change: WeightClasses, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Inverse to the counts of the training rows; as figures where only the scan knows them."""
    script = draft.script
    fit = fit_call(script)
    target = _target(script)
    if target == "sign" or (script.facts.model and len(script.facts.model.outputs) > 1):
        what = "class_weight asks for classes numbered from 0, and for one output"
        raise NoFaithfulEdit(what, line=script.line(fit))
    try:
        arrays = training(script)
    except NoFaithfulEdit:
        set_argument(draft, fit, "class_weight", _counted(script))
        return
    labels = class_numbers(draft, training_rows(draft, arrays)[1])
    train = script.facts.train
    whole = train is not None and "int" in train.targets[0].dtype
    text = labels if whole or labels.endswith(".argmax(axis=1)") else f"{labels}.astype(int)"
    np, counts, weight = numpy(draft), draft.fresh("counts"), draft.fresh("class_weight")
    each = f"{counts}.sum() / (len({counts}) * max(n, 1))"
    draft.before(
        script.statement(fit),
        f"{counts} = {np}.bincount({text})",
        f"{weight} = {{c: {each} for c, n in enumerate({counts})}}",
    )
    set_argument(draft, fit, "class_weight", weight)


def _target(script: Script) -> str:
    train = script.facts.train
    return train.targets[0].form if train is not None and train.targets else ""


def _counted(script: Script) -> str:
    """A dictionary literal, from the scan's counts."""
    train = script.facts.train
    forms = {"class_index", "binary", "one_hot"}
    if train is None or len(train.targets) != 1 or train.targets[0].form not in forms:
        what = "the labels are not one class an example"
        raise NoFaithfulEdit(what, line=script.line(fit_call(script)))
    counts = train.targets[0].counts
    total, classes = sum(counts), len(counts)
    pairs = (f"{c}: {written(total / (classes * max(n, 1)))}" for c, n in enumerate(counts))
    return "{" + ", ".join(pairs) + "}"
