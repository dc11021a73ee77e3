"""Training examples that also stand in validation, or that contradict a copy, are left out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows
from convalesce.observe.scan.fingerprints import hash_rows
from convalesce.observe.scan.pictures import PictureCollector, near_across

WHOLE = frozenset({"image", "volume", "sequence"})  # values of tables and tokens repeat by right


def apply(change: core.Deduplicate, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting without them in training; validation stays as it is.

    Copies are exact ones, and for pictures nearly equal ones. Copies within training that carry
    different labels all go: which label is right is not known.
    """
    kinds = set(rows.kinds(setting))
    pictures = kinds == {"image"}

    def unique(split: Rows) -> NDArray[np.bool_]:
        kept = ~_contradicted(split) if kinds <= WHOLE else np.ones(split.count, bool)
        if setting.validation is not None:
            kept &= ~_in_both(split, setting.validation, pictures=pictures)
        return kept

    kept = unique(setting.train)
    if kept.all():
        raise core.CannotChange("no training example stands in validation or contradicts a copy")
    if not kept.any():
        raise core.CannotChange("every training example stands in validation: none would be left")
    train = rows.take(setting.train, kept)
    if setting.judged is setting.train:
        return rows.changed(setting, train=train, judged=rows.take(setting.judged, kept))
    judged = unique(setting.judged)
    return rows.changed(
        setting, train=train, judged=rows.take(setting.judged, judged) if judged.any() else None
    )


def _in_both(train: Rows, held: Rows, *, pictures: bool) -> NDArray[np.bool_]:
    found = np.isin(rows.prints(train), rows.prints(held))
    if pictures:
        collectors = [PictureCollector(), PictureCollector()]
        for collector, split in zip(collectors, (train, held), strict=True):
            collector.add(0, rows.leaves(split.x)[0])
        small = [collector.finish() for collector in collectors]
        if small[0] is not None and small[1] is not None:
            found[[ours for ours, _ in near_across(small[0], small[1])]] = True
    return found


def _contradicted(train: Rows) -> NDArray[np.bool_]:
    """Examples with an exact copy of another label; those all of whose values are equal apart."""
    inputs, targets = rows.prints(train), hash_rows(rows.leaves(train.y))
    _, group = np.unique(inputs, return_inverse=True)
    pairs = np.unique(np.stack([group.astype(np.uint64), targets], 1), axis=0)
    labels = np.bincount(pairs[:, 0].astype(np.int64), minlength=int(group.max(initial=0)) + 1)
    blank = np.ones(train.count, bool)
    for array in rows.leaves(train.x):
        flat = array.reshape(len(array), -1)
        blank &= (flat == flat[:, :1]).all(1)
    return np.asarray((labels[group] > 1) & ~blank)
