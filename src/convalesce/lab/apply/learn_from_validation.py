"""Half of the validation examples in place of the training examples; the others judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.dealing import deal
from convalesce.lab.setting import Setting

FEWEST = 40  # examples of which half can be learned from


def apply(change: core.LearnFromValidation, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with as many updates an epoch, copies among the examples left out."""
    held, train = setting.validation, setting.train
    if held is None or held.y is None:
        raise core.CannotChange("there are no validation examples to learn from")
    _, firsts = np.unique(rows.prints(held), return_index=True)
    if len(firsts) < FEWEST:
        raise core.CannotChange(f"{len(firsts)} validation examples are too few to learn from")
    groups = rows.strata(held, setting.form)[firsts]
    taught, others = deal(groups, len(firsts) // 2, setting.seed)
    few = rows.take(held, firsts[taught])
    again = np.resize(np.arange(few.count), train.count)
    fed = replace(
        rows.take(few, again),
        dataset=None,
        seen=(),
        redrawn=None,
        shuffled=True,
        batch=train.batch,
        steps=train.steps,
    )
    left = replace(rows.take(held, firsts[others]), dataset=None, seen=())
    return rows.changed(setting, train=fed, judged=few, validation=left)
