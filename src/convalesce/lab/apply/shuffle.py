"""Examples in random order, before they are batched and before a validation split is cut off."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.dealing import dealt_anew
from convalesce.lab.setting import Setting

MOVED = 0.25  # total variation distance of the shares: as `data.unshuffled` has it


def apply(change: core.Shuffle, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with a new order each epoch.

    Where `validation_split` cut the last rows off data in class order, a shuffle before
    the cut gives another validation split too: both are pooled and dealt anew.
    """
    if _cut_in_order(setting):
        return dealt_anew(setting, once=False)
    if setting.train.shuffled:
        raise core.CannotChange("fit shuffles the training examples already")
    return rows.changed(setting, train=replace(setting.train, shuffled=True))


def _cut_in_order(setting: Setting) -> bool:
    setup, held = rows.fact(setting, core.SETUP), setting.validation
    if setup is None or setup.validation != "split" or held is None or held.y is None:
        return False
    groups = rows.strata(rows.pooled(setting.judged, held), setting.form)
    count = int(groups.max(initial=0)) + 1
    cut = setting.judged.count
    ours = np.bincount(groups[:cut], minlength=count) / max(1, cut)
    theirs = np.bincount(groups[cut:], minlength=count) / max(1, len(groups) - cut)
    return float(np.abs(ours - theirs).sum()) / 2 >= MOVED
