"""What the confirmation asks: each instrument at the point of a training where its answer tells."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.asking import learning_curve, noise_scale
from convalesce.lab.bench import KerasLab
from convalesce.lab.instruments.along_update import along_update
from convalesce.lab.instruments.augmented_similarity import augmented_similarity
from convalesce.lab.instruments.initial_loss import initial_loss
from convalesce.lab.instruments.memorisation_speed import EPOCHS, FOLDS, memorisation_speed
from convalesce.lab.instruments.memorise import STEPS, memorise
from convalesce.lab.instruments.mode_gap import mode_gap
from convalesce.lab.instruments.sharpness import sharpness
from convalesce.lab.loss import full_batches, some, trained
from convalesce.lab.rows import take
from convalesce.lab.setting import Setting
from convalesce.lab.untouched import untouched
from convalesce.observe.kept import Rows

WARM = 20  # updates after which steps and curvature are asked: an adaptive rule has its measure
BATCHES = 3  # whose updates are followed; the middle one is told
CURVED = 256  # examples that the curvature is taken over
PRODUCTS = 20  # of one power iteration
VARIED = 256  # examples that are compared as they are and varied
PASSES = (1.3 + FOLDS - 1) * EPOCHS  # over the examples that are watched as they are learned
FEWEST = 10  # batches of them
# Steps that each takes about, see docs/instruments.md.
COSTS = {
    core.Instrument.ALONG_UPDATE: WARM + 8 * BATCHES,
    core.Instrument.AUGMENTED_SIMILARITY: 20,
    core.Instrument.INITIAL_LOSS: 7,
    core.Instrument.MEMORISE: 2 * STEPS + 17,
    core.Instrument.MODE_GAP: 25,
    core.Instrument.NOISE_SCALE: 16,
    core.Instrument.SHARPNESS: WARM + 90,
}


def answer(lab: KerasLab, fit: int, instrument: core.Instrument, seconds: float) -> core.Answered:
    """What an instrument answers on a fit, within its time; see `core.Lab.ask`."""
    reach = lab.reach(fit)
    if reach.why_not:
        raise core.CannotChange(reach.why_not)
    expected = reach.overhead_s + reach.seconds_a_step * COSTS.get(instrument, 0)
    if expected > seconds:
        raise core.OutOfTime(
            f"it takes about {expected:.0f} s; {max(seconds, 0.0):.0f} s are left of the budget"
        )
    match instrument:
        case core.Instrument.NOISE_SCALE:
            return noise_scale(lab, fit)
        case core.Instrument.LEARNING_CURVE:
            return learning_curve(lab, fit, seconds - reach.overhead_s)
        case core.Instrument.MEMORISATION_SPEED:
            with lab.standing(fit) as setting:
                return _speed(setting, (seconds - reach.overhead_s) / reach.seconds_a_step)
    after = instrument in {core.Instrument.MODE_GAP, core.Instrument.AUGMENTED_SIMILARITY}
    with lab.standing(fit, after=after) as setting:
        return ASKED[instrument](setting)


def _along_update(setting: Setting) -> core.AlongUpdate:
    """Of the updates of a few batches, the one of the middle factor."""
    model, rows = setting.model, setting.train
    with untouched(model):
        _warm(model, rows)
        drawn = islice(full_batches(rows.count, rows.batch, WARM), BATCHES)
        found = [along_update(model, take(rows, index)) for index in drawn]
    found.sort(key=lambda one: one.figure.value)
    middle = found[len(found) // 2]
    return replace(middle, says=f"{_when(rows)}{middle.says}")


def _sharpness(setting: Setting) -> core.Sharpness:
    model, rows = setting.model, setting.train
    with untouched(model):
        _warm(model, rows)
        drawn = islice(full_batches(rows.count, rows.batch, WARM), max(1, CURVED // rows.batch))
        found = sharpness(model, take(rows, np.concatenate(list(drawn))), most=PRODUCTS)
    return replace(found, says=f"{_when(rows)}{found.says}")


def _warm(model: Any, rows: Rows) -> None:
    """Train for a few updates from the beginning, in an order that no arm has."""
    for index in islice(full_batches(rows.count, rows.batch, WARM + 1), WARM):
        trained(model, *some(rows, index))


def _when(rows: Rows) -> str:
    return f"{WARM} updates of {min(rows.batch, rows.count)} examples from the start, "


def _similarity(setting: Setting) -> core.AugmentedSimilarity:
    """Of the data pipeline's random steps where it has any, else of the model's random layers."""
    model, rows = setting.model, setting.train
    order = np.random.default_rng(0).permutation(rows.count)[:VARIED]
    redrawn = rows.redrawn
    if redrawn is not None and redrawn.holds(rows):
        drawn = [np.asarray(batch[0]) for batch in redrawn.batches(order[None], rows.batch)]
        return augmented_similarity(
            model, take(redrawn.plain, order), np.concatenate(drawn), space="features"
        )
    layers = [
        layer
        for layer in model._flatten_layers()  # noqa: SLF001
        if type(layer).__name__.startswith("Random")
    ]
    if not layers:
        raise core.CannotChange("neither the data pipeline nor the model varies its examples")
    plain = take(rows, order)
    varied = plain.x
    for layer in layers:
        varied = layer(varied, training=True)
    return augmented_similarity(model, plain, np.asarray(varied), space="features")


def _speed(setting: Setting, steps: float) -> core.MemorisationSpeed:
    """Over as many examples as can be watched in so many steps.

    Raises:
        core.OutOfTime: They would be too few.
    """
    rows = setting.train
    watched, least = int(steps / PASSES) * rows.batch, FEWEST * rows.batch
    if watched < min(rows.count, least):
        raise core.OutOfTime(
            f"there is time to watch {max(watched, 0)} examples as they are learned; "
            f"{least} are the least that says something"
        )
    index = np.sort(np.random.default_rng(0).permutation(rows.count)[:watched])
    found = memorisation_speed(setting.model, take(rows, index))
    return replace(found, suspects=tuple(int(index[row]) for row in found.suspects))


ASKED: dict[core.Instrument, Callable[[Setting], core.Answered]] = {
    core.Instrument.ALONG_UPDATE: _along_update,
    core.Instrument.AUGMENTED_SIMILARITY: _similarity,
    core.Instrument.INITIAL_LOSS: lambda setting: initial_loss(setting.model, setting.train),
    core.Instrument.MEMORISE: lambda setting: memorise(setting.model, setting.train),
    core.Instrument.MODE_GAP: lambda setting: mode_gap(setting.model, setting.train),
    core.Instrument.SHARPNESS: _sharpness,
}
