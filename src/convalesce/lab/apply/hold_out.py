"""A validation split taken from the training examples."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.rows import changed
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows

FEWEST = 20  # examples from which a share can be held out


def apply(change: core.HoldOut, setting: Setting) -> Setting:
    """The setting with so many training examples, drawn at random, held out for validation."""
    import keras

    count = setting.train.count
    if count < FEWEST or not 0 < change.share < 1:
        raise core.CannotChange(f"{change.share} of {count} examples can't be held out")
    dealt = np.random.default_rng(setting.seed).permutation(count)
    cut = max(1, round(count * change.share))

    def part(rows: Any) -> Rows:
        def take(values: Any) -> Any:
            if values is None:
                return None
            return keras.tree.map_structure(lambda a: np.asarray(a)[rows], values)

        train = setting.train
        return replace(train, x=take(train.x), y=take(train.y), weight=take(train.weight))

    kept, held = part(np.sort(dealt[cut:])), part(np.sort(dealt[:cut]))
    return changed(setting, train=kept, judged=kept, validation=held)
