"""Another batch size, the rate scaled with it: in proportion for SGD, by its root for Adam."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.apply.scale_learning_rate import apply as scale_rate
from convalesce.lab.setting import Setting
from convalesce.readings.rates import scaled_within


def apply(change: core.SetBatchSize, setting: Setting) -> Setting:
    """The setting with other batches and the rate that goes with them."""
    if change.size < 1:
        raise core.CannotChange(f"a batch can't hold {change.size} examples")
    size = min(change.size, setting.train.count)
    times = size / max(setting.train.batch, 1)
    optimizer = setting.compiled.get("optimizer")
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    factor = scaled_within(type(inner).__name__, times)
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
