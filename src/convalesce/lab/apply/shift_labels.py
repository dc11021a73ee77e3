"""Labels of a stretch moved back to the rows that they belong to."""

from __future__ import annotations

from convalesce import core
from convalesce.lab import pairing, rows
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows


def apply(change: core.ShiftLabels, setting: Setting) -> Setting:
    """The setting with the labels moved, and without the rows that get none."""
    if setting.judged.count != setting.train.count:
        raise core.CannotChange("the training examples were resampled: repair the labels first")
    part = slice(change.start, change.stop)
    train, judged = (moved(split, change.by, part) for split in (setting.train, setting.judged))
    return rows.changed(setting, train=train, judged=judged)


def moved(split: Rows, by: int, part: slice | None) -> Rows:
    """Rows with the labels of a part moved, without those that get none."""
    shifted = rows.map_targets(split, lambda _, y: pairing.moved(y, by, part))
    return rows.take(shifted, pairing.kept_after(split.count, by, part))
