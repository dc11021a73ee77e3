"""Training and validation, dealt anew from what both hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Indices
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows


def deal(groups: Indices, size: int, seed: int) -> tuple[Indices, Indices]:
    """Indices of the rest and of `size` examples, each group in equal shares, in random order.

    Args:
        groups: Group of each example, 0 and up; shape `(examples,)`.
        size: Examples of the second part; less than all.
        seed: Of the draw.
    """
    draw = np.random.default_rng([seed, 7])
    counts = np.bincount(groups)
    exact = counts * (size / len(groups))
    given = np.floor(exact).astype(np.int64)
    # The largest remainders get the examples that rounding left over.
    for group in np.argsort(given - exact, kind="stable")[: size - int(given.sum())]:
        given[group] += 1
    second = [
        draw.permutation(np.flatnonzero(groups == group))[: given[group]]
        for group in np.flatnonzero(given)
    ]
    chosen = np.zeros(len(groups), bool)
    chosen[np.concatenate(second) if second else np.zeros(0, np.int64)] = True
    return draw.permutation(np.flatnonzero(~chosen)), draw.permutation(np.flatnonzero(chosen))


def dealt_anew(setting: Setting, *, once: bool) -> Setting:
    """The setting with training and validation pooled and dealt anew, in shuffled order.

    Args:
        setting: As it is.
        once: Of equal examples, the copies stay with the training split or are left out.

    Raises:
        core.CannotChange: There is no validation split, or too little to deal.
    """
    held = setting.validation
    if held is None or held.y is None:
        raise core.CannotChange("there is no validation split to deal anew")
    plain = setting.judged
    pool = rows.pooled(plain, held)
    groups = rows.strata(pool, setting.form)
    if once:
        hashes = rows.prints(pool)
        _, first, copy_of = np.unique(hashes, return_index=True, return_inverse=True)
        size = min(held.count, round(len(first) * held.count / pool.count))
        if not 0 < size < len(first):
            raise core.CannotChange(f"{len(first)} distinct examples are too few to split")
        ours, theirs = deal(groups[first], size, setting.seed)
        mine = np.isin(copy_of, ours)
        train = np.random.default_rng([setting.seed, 8]).permutation(np.flatnonzero(mine))
        validation = first[theirs]
    else:
        train, validation = deal(groups, held.count, setting.seed)
    fed = _as_fed(rows.take(pool, train), setting.train)
    return rows.changed(
        setting,
        train=fed,
        judged=rows.take(pool, train),
        validation=rows.take(_like(pool, held), validation),
    )


def _as_fed(dealt: Rows, train: Rows) -> Rows:
    return replace(dealt, batch=train.batch, steps=train.steps, shuffled=True)


def _like(pool: Rows, held: Rows) -> Rows:
    weight = pool.weight if held.weight is not None else None
    return replace(held, x=pool.x, y=pool.y, weight=weight, whole=pool.whole, dataset=None, seen=())
