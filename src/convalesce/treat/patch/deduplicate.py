"""Training without the examples that validation holds too."""

from __future__ import annotations

from convalesce.core.changes.data import Deduplicate
from convalesce.treat.patch.source.data import add_lines, split_off, split_share, training
from convalesce.treat.patch.source.data import validation as validation_of
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy
from convalesce.treat.patch.source.training import fit_call

SNIPPET = """\
held_out = {row.tobytes() for row in np.asarray(x_val, x_train.dtype)}
keep = np.array([row.tobytes() not in held_out for row in x_train])
x_train, y_train = x_train[keep], y_train[keep]"""


def write(change: Deduplicate, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Compare rows byte by byte, right in front of fit; validation stays as it is."""
    script = draft.script
    fit = fit_call(script)
    arrays = training(script)
    share, held = split_share(script), validation_of(script)
    if held is None and not share:
        raise NoFaithfulEdit("the validation arrays are not seen", line=script.line(fit))
    x, y, lines = split_off(draft, arrays)
    x_val = held[0] if held is not None and not share else lines[2].partition(",")[0]
    np, others, keep = numpy(draft), draft.fresh("held_out"), draft.fresh("keep")
    lines += [
        f"{others} = {{row.tobytes() for row in {np}.asarray({x_val}, {x}.dtype)}}",
        f"{keep} = {np}.array([row.tobytes() not in {others} for row in {x}])",
        f"{x}, {y} = {x}[{keep}], {y}[{keep}]",
    ]
    add_lines(draft, arrays, lines, early=False)
