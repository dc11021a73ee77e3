"""A validation split taken from the training examples."""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.setting import Setting

FEWEST = 20  # examples from which a share can be held out


def apply(change: core.HoldOut, setting: Setting) -> Setting:
    """The setting with so many training examples, drawn at random, held out for validation."""
    count = setting.train.count
    if count < FEWEST or not 0 < change.share < 1:
        raise core.CannotChange(f"{change.share} of {count} examples can't be held out")
    dealt = np.random.default_rng(setting.seed).permutation(count)
    cut = max(1, round(count * change.share))

    kept = rows.take(setting.train, np.sort(dealt[cut:]))
    held = rows.take(setting.train, np.sort(dealt[:cut]))
    return rows.changed(setting, train=kept, judged=kept, validation=held)
