"""A stretch of training rows left out."""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows


def apply(change: core.LeaveOut, setting: Setting) -> Setting:
    """The setting without these rows in training; held-out rows stay.

    Raises:
        core.CannotChange: No row would be left.
    """
    part = slice(change.start, change.stop)

    def kept(split: Rows) -> Rows:
        left = np.delete(np.arange(split.count), part)
        if not len(left):
            raise core.CannotChange("no training row would be left")
        return rows.take(split, left)

    return rows.changed(setting, train=kept(setting.train), judged=kept(setting.judged))
