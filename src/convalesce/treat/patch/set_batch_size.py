"""The batch size, with the learning rate scaled by as much."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.hp import SetBatchSize
from convalesce.readings.rates import scaled_within
from convalesce.treat.patch.source.calls import set_argument, value
from convalesce.treat.patch.source.data import pipeline
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.rates import change_rate
from convalesce.treat.patch.source.training import fit_call, optimizer_of
from convalesce.treat.patch.source.values import number, source_of

DEFAULT = 32  # of fit, for arrays
FOLDERS = frozenset({"image_dataset_from_directory", "text_dataset_from_directory"})


def write(change: SetBatchSize, draft: Draft) -> None:
    """Where the batches are cut; the rate in proportion for SGD, by the root for others."""
    script = draft.script
    fit, new = fit_call(script), str(change.size)
    if value(script, fit, "y") is not None or _is_array(draft, fit):
        given = value(script, fit, "batch_size")
        now = DEFAULT if given is None else number(script, given)
        set_argument(draft, fit, "batch_size", new)
    else:
        place = _cut(draft, fit)
        now = number(script, place)
        draft.replace(source_of(script, place), new)
    setup = script.facts.setup
    now = now or (setup.batch_size if setup is not None else None)
    if now and now != change.size:
        factor = scaled_within(optimizer_of(script).name, change.size / now)
        change_rate(draft, lambda rate: rate * factor, f"# scale the rate by {factor:g}")


def _is_array(draft: Draft, fit: cst.Call) -> bool:
    return value(draft.script, fit, "batch_size") is not None


def _cut(draft: Draft, fit: cst.Call) -> cst.BaseExpression:
    """The size that a pipeline's `batch` is given."""
    script = draft.script
    x = value(script, fit, "x")
    calls = pipeline(script, x) if x is not None else []
    for call in calls:
        if script.called(call) == "batch" and call.args:
            return call.args[0].value
        given = value(script, call, "batch_size") if script.called(call) in FOLDERS else None
        if given is not None:
            return given
    what = "where the batches are cut is not seen"
    raise NoFaithfulEdit(what, line=script.line(fit))
