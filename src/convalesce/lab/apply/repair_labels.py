"""Labels and inputs brought together again, as far as the arrays tell how."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.lab import pairing, rows
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
    slipped = SLIPPED.search(change.how)
    if slipped:
        return _from_row(setting, int(slipped[1]))
    if "pair inputs and labels of the validation split" in change.how:
        return _validation(setting)
    if "pair inputs and labels of" in change.how or "cut alike" in change.how:
        return _training(setting)
    if change.how.startswith("look through the named examples"):
        return _without_outvoted(setting)
    raise core.CannotChange(f"the arrays do not tell how to {change.how}")


def _classes(split: Rows) -> Indices:
    labels = rows.labels_of(split)
    if labels is None:
        raise core.CannotChange("the targets are no classes, one an example, to compare by")
    return labels


def _training(setting: Setting) -> Setting:
    by = pairing.slip(pairing.alike(rows.leaves(setting.train.x)), _classes(setting.train))
    if not by:
        raise core.CannotChange(NOT_FOUND)
    return _shifted(setting, by, None)


def _validation(setting: Setting) -> Setting:
    held = setting.validation
    if held is None or held.y is None:
        raise core.CannotChange("there is no validation split")
    by = pairing.slip(pairing.alike(rows.leaves(held.x)), _classes(held))
    if not by:
        raise core.CannotChange(NOT_FOUND)
    return rows.changed(setting, validation=_moved(held, by, None))


def _from_row(setting: Setting, row: int) -> Setting:
    """The worse side of a row: moved back, or left out where no move helps."""
    train = setting.train
    if not train.whole:
        raise core.CannotChange(f"only a sample is at hand: row {row} of the data is not known")
    found, labels = pairing.alike(rows.leaves(train.x)), _classes(train)
    sides = [slice(0, row), slice(row, train.count)]
    worse = min(sides, key=lambda side: pairing.agreement(found, labels, side)[0])
    by = pairing.slip(found, labels, worse)
    worse = pairing.stretch(found, labels, worse, by)
    if by:
        return _shifted(setting, by, worse)

    def kept(split: Rows) -> Rows:
        return rows.take(split, np.delete(np.arange(split.count), worse))

    return rows.changed(setting, train=kept(train), judged=kept(setting.judged))


def _shifted(setting: Setting, by: int, part: slice | None) -> Setting:
    if setting.judged.count != setting.train.count:
        raise core.CannotChange("the training examples were resampled: repair the labels first")
    train, judged = (_moved(split, by, part) for split in (setting.train, setting.judged))
    return rows.changed(setting, train=train, judged=judged)


def _moved(split: Rows, by: int, part: slice | None) -> Rows:
    shifted = rows.map_targets(split, lambda _, y: pairing.moved(y, by, part))
    return rows.take(shifted, pairing.kept_after(split.count, by, part))


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
