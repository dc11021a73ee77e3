"""A Normalization layer in front of the model, adapted on the training split."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.data import Normalize
from convalesce.readings import entrance
from convalesce.treat.patch.source.calls import value
from convalesce.treat.patch.source.data import (
    binds,
    is_local,
    pipeline,
    training,
    training_rows,
)
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.front import Front, front, layer_text, put_in_front
from convalesce.treat.patch.source.layers import all_layers, built
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.training import fit_call

SNIPPET = """\
normalize = layers.Normalization()
normalize.adapt(x_train)  # the training split only
# and `normalize` as the first layer of the model"""


def write(change: Normalize, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Adapt ahead of the model where the data are there already, else ahead of fit."""
    script = draft.script
    if _adapt_what_is_there(draft):
        return
    into = front(draft, SNIPPET)
    rows, names = _rows(draft)
    statement = into.statement(script)
    holder = into.place.holder if into.place is not None else None
    fit = script.statement(fit_call(script))
    ready = binds(script, names, statement)
    there = ready is not None and ready is binds(script, names, fit)
    if there and holder is None:
        name = draft.fresh("normalize")
        draft.before(
            statement,
            f"{name} = {layer_text(draft, into, 'Normalization')}",
            f"{name}.adapt({rows})",
        )
        put_in_front(draft, into, [name], name)
        return
    _adapt_later(draft, into, holder, rows, fit)


def _adapt_what_is_there(draft: Draft) -> bool:
    """Adapt a Normalization of the model that never was, where the script has a name for it."""
    script = draft.script
    found = [x for x in all_layers(script) if entrance.idle(x)]
    if len(found) != 1:
        return False
    try:
        (there,) = built(script, found)
    except NoFaithfulEdit:
        return False
    assign = script.parent(there.call)
    name = dotted(assign.targets[0].target) if isinstance(assign, cst.Assign) else ""
    fit = script.statement(fit_call(script))
    if not name.isidentifier() or not is_local(script, {name}, fit_call(script)):
        return False
    draft.before(fit, f"{name}.adapt({_rows(draft)[0]})")
    return True


def _rows(draft: Draft) -> tuple[str, set[str]]:
    """What to adapt on, and the variables that it needs."""
    script = draft.script
    try:
        arrays = training(script)
    except NoFaithfulEdit:
        given = value(script, fit_call(script), "x")
        train = script.facts.train
        piped = given is not None and (pipeline(script, given) or _is_piped(script))
        if not piped or given is None or (train and train.source != "tf.data"):
            raise
        if any(script.called(c) == "repeat" for c in pipeline(script, given)):
            raise NoFaithfulEdit("the pipeline has no end to adapt to") from None
        return f"{script.code(given)}.map(lambda x, y: x)", {dotted(given)}
    return training_rows(draft, arrays)[0], _variables(arrays.given_x)


def _is_piped(script: Script) -> bool:
    return script.facts.train is not None and script.facts.train.source == "tf.data"


def _variables(expression: cst.BaseExpression) -> set[str]:
    bare: cst.CSTNode = expression
    while isinstance(bare, cst.Subscript):
        bare = bare.value
    return {dotted(bare)}


def _adapt_later(
    draft: Draft, into: Front, holder: cst.Assign | None, rows: str, fit: cst.BaseStatement
) -> None:
    """The model is built before the data are there, or out of their sight."""
    script = draft.script
    receiver = fit_call(script).func
    model = dotted(receiver.value) if isinstance(receiver, cst.Attribute) else ""
    if not model or (holder is None and _is_nested(script)):
        raise NoFaithfulEdit("the model is built where the data are not seen")
    if holder is not None and _on_self(holder):
        layer = layer_text(draft, into, "Normalization")
        put_in_front(draft, into, [layer], "normalize")
        draft.before(fit, f"{model}.normalize.adapt({rows})")
        return
    mark = '"' if script.text.count('"') >= script.text.count("'") else "'"
    layer = layer_text(draft, into, "Normalization", f"name={mark}normalize{mark}")
    put_in_front(draft, into, [layer], "normalize")
    draft.before(fit, f"{model}.get_layer({mark}normalize{mark}).adapt({rows})")


def _on_self(holder: cst.Assign) -> bool:
    return dotted(holder.targets[0].target).startswith("self.")


def _is_nested(script: Script) -> bool:
    """The first layer is part of a model within the model."""
    depths = [x.path.count("/") for x in all_layers(script)]
    return depths[0] > min(depths)
