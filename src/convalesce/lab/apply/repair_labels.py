"""Labels and inputs brought together again, as far as the arrays tell how."""

from __future__ import annotations

import re
from dataclasses import replace

from convalesce import core
from convalesce.lab import pairing, rows
from convalesce.lab.apply import leave_out, shift_labels
from convalesce.lab.recoding import RECODINGS
from convalesce.lab.rows import Indices
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows

# What only the user can do, and why no experiment can.
BEYOND = {
    "read them again": "every example carries the same label: the right ones are not at hand",
    "encode them as arrays": "the labels are text or objects, and fit had not begun",
    "pair every input with": "inputs and labels differ in number: which belong together is unknown",
    "give fit its y": "no labels are at hand",
    "give one array of labels": "the labels of each output are not at hand",
    "as said": "how to write the labels is not said",
    "lay masks over": "by how much masks and pictures are apart is not known",
}
SLIPPED = re.compile(r"look around row (\d+)")
OF_VALIDATION = "pair inputs and labels of the validation split"
ALL = re.compile(r"pair inputs and labels of(?! the validation split)|cut alike")
NOT_FOUND = "no shift of the labels by up to 8 rows makes look-alikes agree: join them by a key"


def apply(change: core.RepairLabels, setting: Setting) -> Setting:
    """The setting with its labels repaired as `how` asks.

    Raises:
        core.CannotChange: The arrays do not hold what is needed.
    """
    if setting.train.y is None or not rows.leaves(setting.train.y):
        raise core.CannotChange("no labels are at hand")
    for recoding in RECODINGS:
        found = recoding.words.search(change.how)
        if found is not None:
            return recoding.make(setting, found.groups())
    for words, why in BEYOND.items():
        if change.how.startswith(words):
            raise core.CannotChange(f"{why} ({change.how})")
    told = exact(change, setting)
    if isinstance(told, core.ShiftLabels):
        return shift_labels.apply(told, setting)
    if isinstance(told, core.LeaveOut):
        return leave_out.apply(told, setting)
    if OF_VALIDATION in change.how:
        return _validation(setting)
    if change.how.startswith("look through the named examples"):
        return _without_outvoted(setting)
    raise core.CannotChange(f"the arrays do not tell how to {change.how}")


def _classes(split: Rows) -> Indices:
    labels = rows.labels_of(split)
    if labels is None:
        raise core.CannotChange("the targets are no classes, one an example, to compare by")
    return labels


def exact(change: core.RepairLabels, setting: Setting) -> core.Change:
    """The same with its rows, where the arrays tell which labels slipped, and by how much.

    Raises:
        core.CannotChange: They do not.
    """
    slipped = SLIPPED.search(change.how)
    if slipped:
        return _from_row(setting, int(slipped[1]))
    if ALL.search(change.how):
        return _training(setting)
    return change


def _training(setting: Setting) -> core.Change:
    by = pairing.slip(pairing.alike(rows.leaves(setting.train.x)), _classes(setting.train))
    if not by:
        raise core.CannotChange(NOT_FOUND)
    return core.ShiftLabels(by, 0, setting.train.count)


def _validation(setting: Setting) -> Setting:
    held = setting.validation
    if held is None or held.y is None:
        raise core.CannotChange("there is no validation split")
    by = pairing.slip(pairing.alike(rows.leaves(held.x)), _classes(held))
    if not by:
        raise core.CannotChange(NOT_FOUND)
    return rows.changed(setting, validation=shift_labels.moved(held, by, None))


def _from_row(setting: Setting, row: int) -> core.Change:
    """The worse side of a row: moved back, or left out where no move helps."""
    train = setting.train
    if not train.whole:
        raise core.CannotChange(f"only a sample is at hand: row {row} of the data is not known")
    found, labels = pairing.alike(rows.leaves(train.x)), _classes(train)
    sides = [slice(0, row), slice(row, train.count)]
    worse = min(sides, key=lambda side: pairing.agreement(found, labels, side)[0])
    by = pairing.slip(found, labels, worse)
    start, stop, _ = pairing.stretch(found, labels, worse, by).indices(train.count)
    return core.ShiftLabels(by, start, stop) if by else core.LeaveOut(start, stop)


def _without_outvoted(setting: Setting) -> Setting:
    """Without the training examples whose look-alikes all carry another label."""

    def cleaned(split: Rows) -> Rows:
        found = pairing.outvoted(pairing.alike(rows.leaves(split.x)), _classes(split))
        rows.needs_some(~found, "is outvoted by its look-alikes")
        return rows.take(split, ~found)

    train = cleaned(setting.train)
    same = setting.judged is setting.train
    judged = replace(train) if same else cleaned(setting.judged)
    return rows.changed(setting, train=train, judged=judged)
