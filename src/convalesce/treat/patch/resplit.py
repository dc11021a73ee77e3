"""A split in which each class has its share on both sides."""

from __future__ import annotations

import libcst as cst

from convalesce.core.changes.data import Resplit
from convalesce.treat.patch.source.calls import argument, drop_argument, set_argument
from convalesce.treat.patch.source.data import split_share, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.later import resample_later
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.splits import classes, cut_of, unpacked, validation_pair
from convalesce.treat.patch.source.training import fit_call

RESAMPLES = frozenset({"fit_resample", "resample", "repeat", "tile", "concatenate", "vstack"})
COPIES = 0.01  # of the validation rows: those that are alike by chance, or nearly
SNIPPET = """\
x_train, x_val, y_train, y_val = train_test_split(
    x, y, test_size=0.2, stratify=y, random_state=0
)  # first of all; resample and augment x_train and y_train only"""


def write(change: Resplit, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """By `train_test_split` in the place of the split, or what multiplies examples behind it."""
    script = draft.script
    fit, arrays = fit_call(script), training(script)
    if arrays.consumer is not fit:
        raise NoFaithfulEdit("the split is made in a pipeline", line=script.line(fit))
    if _copied(script) and resample_later(draft):
        return
    _check_copies(script, fit)
    splitting = [c for c in script.of(cst.Call) if script.called(c) == "train_test_split"]
    if splitting:
        _stratify(draft, splitting)
    elif split_share(script):
        _in_fit(draft)
    else:
        _sliced(draft)


def _stratify(draft: Draft, calls: list[cst.Call]) -> None:
    script, call = draft.script, calls[0]
    arrays = [a for a in call.args if a.keyword is None and not a.star]
    kept = argument(script, call, "shuffle")
    done = argument(script, call, "stratify") is not None and kept is None
    if len(calls) > 1 or len(arrays) != 2 or done:
        what = "the script splits in this way already, or at several places"
        raise NoFaithfulEdit(what, line=script.line(call))
    _check_order(script, call)
    if kept is not None:
        drop_argument(draft, call, "shuffle")
    if classes(script):
        set_argument(draft, call, "stratify", script.code(arrays[1].value))


def _in_fit(draft: Draft) -> None:
    script = draft.script
    fit, arrays = fit_call(script), training(script)
    _check_order(script, fit)
    names = _names(draft)
    size = f"test_size={split_share(script)}"
    draft.before(script.statement(fit), _split(draft, names, arrays.x, arrays.y, size))
    draft.replace(arrays.given_x, names[0])
    draft.replace(arrays.given_y, names[2])
    share = argument(script, fit, "validation_split")
    if share is None or share.keyword is None:
        raise NoFaithfulEdit("the split has no name in fit", line=script.line(fit))
    draft.replace(share, f"validation_data=({names[1]}, {names[3]})")


def _sliced(draft: Draft) -> None:
    """Slices in fit, or statements that do nothing but slice."""
    script = draft.script
    fit, arrays, cut = fit_call(script), training(script), cut_of(draft.script)
    held = validation_pair(script)
    if cut is None or held is None:
        what = "the script doesn't show training and validation being cut from one array"
        raise NoFaithfulEdit(what, line=script.line(fit))
    _check_order(script, cut.statement)
    size = f"train_size={cut.until}"
    given = (arrays.given_x, held[0], arrays.given_y, held[1])
    if script.statement(fit) is cut.statement:
        names = _names(draft)
        draft.before(cut.statement, _split(draft, names, cut.x, cut.y, size))
        for node, name in zip(given, names, strict=True):
            draft.replace(node, name)
        return
    written = [unpacked(script, node) for node in given]
    statements = list(dict.fromkeys(script.statement(node) for node in written))
    plain = all(isinstance(n, cst.Name) for n in given)
    if not plain or not _only(script, statements, {script.code(n) for n in given}):
        what = "the statements that split do other things too"
        raise NoFaithfulEdit(what, line=script.line(cut.statement))
    names = [script.code(n) for n in given]
    draft.replace(statements[0], _split(draft, names, cut.x, cut.y, size))
    for other in statements[1:]:
        draft.remove(other)


def _only(script: Script, statements: list[cst.BaseStatement], names: set[str]) -> bool:
    """The statements bind these names and no others."""
    bound: set[str] = set()
    for statement in statements:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        for each in small:
            if not isinstance(each, cst.Assign) or len(each.targets) != 1:
                return False
            target = each.targets[0].target
            parts = target.elements if isinstance(target, cst.Tuple) else None
            bound |= {script.code(p.value) for p in parts} if parts else {script.code(target)}
    return bound == names


def _names(draft: Draft) -> list[str]:
    return [draft.fresh(name) for name in ("x_train", "x_val", "y_train", "y_val")]


def _split(draft: Draft, names: list[str], x: str, y: str, size: str) -> str:
    split = spell(draft, "sklearn.model_selection.train_test_split")
    stratify = f", stratify={y}" if classes(draft.script) else ""
    return f"{', '.join(names)} = {split}({x}, {y}, {size}{stratify}, random_state=0)"


def _check_copies(script: Script, fit: cst.Call) -> None:
    """Copies on both sides stay there, however the rows are dealt.

    Raises:
        NoFaithfulEdit: There are: what makes them has to come behind the split, by hand.
    """
    copied = _copied(script)
    if copied:
        raise NoFaithfulEdit(f"{copied} before the split", SNIPPET, script.line(fit))


def _copied(script: Script) -> str:
    """What shows that examples are multiplied ahead of the split; empty where nothing does."""
    across, held = script.facts.across, script.facts.validation
    if held is None or across is None:
        return ""
    found = across.duplicates
    shown = (
        (found.exact, held.scanned, "also stand in training: they are copied"),
        (found.moved, found.moved_of, "are training pictures, moved: they are multiplied"),
    )
    for copies, of, so in shown:
        if copies > COPIES * max(of, 1):
            return f"{copies} rows of validation {so}"
    return ""


def _check_order(script: Script, split: cst.CSTNode) -> None:
    """Nothing may be resampled in front of the split.

    Raises:
        NoFaithfulEdit: Something is: the order has to change, by hand.
    """
    for call in script.of(cst.Call):
        outside = script.enclosing(call, cst.FunctionDef) is None
        earlier = outside and script.end(call) < script.start(split)
        if earlier and script.called(call) in RESAMPLES:
            what = f"`{script.called(call)}` comes before the split"
            raise NoFaithfulEdit(what, line=script.line(call))
