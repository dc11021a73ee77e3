"""Another batch size, the rate scaled with it: in proportion for SGD, by its root for Adam."""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.lab.apply.scale_learning_rate import apply as scale_rate
from convalesce.lab.setting import Setting

PROPORTIONAL = {"SGD"}
MOST = 4.0  # times: further than that neither rule of scaling has been shown to hold


def apply(change: core.SetBatchSize, setting: Setting) -> Setting:
    """The setting with other batches and the rate that goes with them.

    The rules are those of Goyal et al., *Accurate, Large Minibatch SGD*, 2017, and Malladi et al.,
    *On the SDEs and Scaling Rules for Adaptive Gradient Algorithms*, 2022.
    """
    if change.size < 1:
        raise core.CannotChange(f"a batch can't hold {change.size} examples")
    size = min(change.size, setting.train.count)
    times = size / max(setting.train.batch, 1)
    optimizer = setting.compiled.get("optimizer")
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    factor = times if type(inner).__name__ in PROPORTIONAL else math.sqrt(times)
    factor = min(MOST, max(1 / MOST, factor))
    steps = setting.train.steps
    changed = replace(
        setting,
        train=replace(
            setting.train,
            batch=size,
            steps=None if steps is None else max(1, round(steps / times)),
        ),
    )
    return scale_rate(core.ScaleLearningRate(factor), changed)
