"""Examples come in class order: batches or the validation split see only some classes.

Stochastic gradient descent takes a batch for a fair sample of the data. In class order it is none.

## Symptom
The loss is a saw-tooth: each block of one class is learned, and the classes before it forgotten.
Or validation is near zero while training is high: `validation_split` takes the last rows, before
any shuffle, and these are of classes that training has hardly or never seen.

## Why it happens
Files read folder by folder, arrays put together class by class, a table sorted by its label;
`shuffle=False`; a `tf.data` pipeline without `shuffle`, or with a buffer smaller than the blocks.
`fit` shuffles arrays for each epoch, but only after it has cut off the validation split.

## How it is confirmed
By facts: the share of pairs within a batch that have the same class, against the share that random
batches would show; the share of neighbours with equal labels; the classes of both splits, and of
what `evaluate` was given: folds of sorted data test classes that training never saw. Blocks of a
time series, more in number than there are classes, are no class order for this purpose.

## Remedy
Shuffle inputs and labels together before splitting and batching, or split with `stratify`. In
`tf.data`, `shuffle` before `batch`, with a buffer as large as the data.

## Sources
- Bengio, *Practical Recommendations for Gradient-Based Training of Deep Architectures*, 2012,
  section 3.1 (the order of examples).
- Cohen, *A Coefficient of Agreement for Nominal Scales*, Educational and Psychological Measurement
  20, 1960 (agreement beyond chance).
"""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.core import (
    ACROSS,
    BATCH_LABELS,
    EVALUATIONS,
    SETUP,
    TRAIN,
    VALIDATION,
)
from convalesce.readings import data_reading, specimen

PURE = 0.9  # beyond it a batch is as good as of one class
ENOUGH = 20.0  # examples of rarer classes that random batches would have shown
MOVED = core.Limit(
    0.25, unit="1", source="a quarter of the labels would have to change for equal class shares"
)
BY_CHANCE = core.Limit(
    1e-3, unit="1", source="chance that a random split leaves every example on one side"
)
SURE = 4.0  # times what random splits differ by


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Batches, or the validation split, that class order has made unlike the data.

    Args:
        signals: `TRAIN`; `BATCH_LABELS`, `SETUP`; `ACROSS`, `VALIDATION`; `EVALUATIONS`.
    """
    train, setup = signals[TRAIN], signals.get(SETUP)
    seen, across = signals.get(BATCH_LABELS), signals.get(ACROSS)
    validation, evaluations = signals.get(VALIDATION), signals.get(EVALUATIONS)
    labels = data_reading.labels_of(train)
    found: list[core.Evidence | None] = []
    counted = labels is not None and labels.form != "sign"  # batches count from class 0 on
    if labels is not None and seen is not None and len(seen) and counted:
        found.append(_one_sided(seen, labels))
    elif labels is not None:
        found.append(_in_blocks(train, labels, setup))
    if across is not None and setup is not None and labels is not None:
        found.append(_cut_off(train, labels, (validation, across), setup))
    calls = evaluations.calls if evaluations is not None and labels is not None else ()
    found += [
        _cut_off(train, labels, (call.split, call.across), setup)
        for call in calls
        if call.across is not None and labels is not None and setup is not None
    ]
    suspects = [e for e in found if e is not None]
    return max(suspects, key=lambda e: (e.stated, e.strength), default=None)


def _one_sided(seen: core.Series, labels: core.Targets) -> core.Evidence | None:
    """Batches as they were fed: pairs of one class, beyond what random batches would show."""
    shares = data_reading.shares(labels.counts)
    alike, chance, shown = data_reading.togetherness(seen.values, shares)
    rare = shown * (1 - max(shares, default=1.0))
    excess = data_reading.beyond_chance(alike, chance)
    if not rare >= ENOUGH or not data_reading.ORDERED.value <= excess <= 1:
        return None
    return core.Evidence(
        readings=(
            core.Reading(BATCH_LABELS, excess, data_reading.ORDERED, "class order within batches"),
        ),
        says=f"In {alike:.0%} of pairs within a batch both examples are of one class; in random "
        f"batches it would be {chance:.0%}",
        strength=data_reading.beyond(excess, data_reading.ORDERED.value),
        stated=True,
        severity=core.Severity.ERROR if excess >= PURE else core.Severity.WARNING,
    )


def _in_blocks(
    train: core.Split, labels: core.Targets, setup: core.Setup | None
) -> core.Evidence | None:
    """Not seen batch by batch: blocks of one class longer than what mixes them."""
    order = data_reading.sortedness(labels)
    runs = data_reading.runs(labels, train.scanned)
    mixed_over = max(setup.batch_size or 32 if setup else 32, 2 * (train.shuffle_buffer or 0))
    by_fit = train.shuffled_by == "fit" or (setup is not None and setup.shuffle is True)
    unlimited = bool(train.shuffled_by) and train.shuffle_buffer is None
    if not train.whole or by_fit or unlimited or order < data_reading.ORDERED.value:
        return None
    if train.scanned / runs < mixed_over or train.scanned < 2 * mixed_over:
        return None
    return core.Evidence(
        readings=(
            core.Reading(
                TRAIN, order, data_reading.ORDERED, "neighbours of one class, beyond chance"
            ),
        ),
        says=f"The training data come in blocks of one class, {train.scanned / runs:.0f} examples "
        "long on average, and nothing mixes them before they are batched",
        strength=data_reading.beyond(order, data_reading.ORDERED.value),
        stated=True,
        severity=core.Severity.ERROR if order >= PURE else core.Severity.WARNING,
    )


def _cut_off(
    train: core.Split,
    labels: core.Targets,
    held: tuple[core.Split | None, core.Across],
    setup: core.Setup,
) -> core.Evidence | None:
    """A validation split, or another hold-out, cut from data in class order.

    One of classes of which training shows next to nothing tests nothing.
    """
    validation, across = held
    which = "hold-out" if across.role == "held_out" else "validation"
    there = data_reading.labels_of(validation)
    first, second = data_reading.size(train), data_reading.size(validation)
    runs = data_reading.runs(labels, train.scanned)
    if there is None or not first or not second or runs > 2 * data_reading.present(labels):
        return None
    unseen = sum(there.counts[c] for c in across.only_there if 0 <= c < len(there.counts))
    chance = (second / (first + second)) ** min(max(unseen, 0), 10_000)
    noise = data_reading.noise_of_distance(len(labels.counts), first, second)
    split = setup.validation == "split" and which == "validation"
    signal: core.Signal[Any] = ACROSS if which == "validation" else EVALUATIONS
    apart = which == "hold-out" and across.label_shift >= PURE
    if unseen > 0 and chance < BY_CHANCE.value:
        reading = core.Reading(signal, chance, BY_CHANCE, "chance of this under a random split")
        classes = ", ".join(map(str, across.only_there[:5]))
        says = (
            f"{unseen} of {second} {which} examples are of classes that training never shows "
            f"({classes}): the data were split in class order"
        )
    elif split and MOVED.value <= across.label_shift <= 1 and across.label_shift > SURE * noise:
        reading = core.Reading(ACROSS, across.label_shift, MOVED, "distance of the class shares")
        says = (
            f"validation_split took the last {second} rows of data in class order: their class "
            f"shares are {across.label_shift:.2f} from those of training (0 alike, 1 apart)"
        )
    else:
        return None
    return core.Evidence(
        readings=(reading,),
        says=says,
        strength=0.95 if split or apart else 0.7,
        stated=split or apart,
        severity=core.Severity.ERROR,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Dealt at random, what is known of validation must rise."""
    first, *others = remedies(evidence)
    return core.Trial(first, predict=core.KNOWS, steps=None, otherwise=tuple(others))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Shuffle; where the split was cut in class order, split again."""
    split_again = any(r.signal in {ACROSS, EVALUATIONS} for r in evidence.readings)
    return [core.Shuffle(), core.Resplit()] if split_again else [core.Shuffle()]


def _setup(validation: str = "", *, shuffle: bool | None = True) -> core.Setup:
    return core.Setup(
        losses=(core.Loss(name="sparse_categorical_crossentropy"),),
        optimizer=None,
        batch_size=32,
        shuffle=shuffle,
        validation=validation,
    )


_SORTED = specimen.split(specimen.targets((400, 400), adjacency=0.999))
_RANDOM = specimen.split(specimen.targets((400, 400)))
_PURE_BATCHES = {str(c): [32.0 * (step % 2 == c) for step in range(10)] for c in range(2)}
_MIXED_BATCHES = {"0": [15.0, 18.0, 14.0] * 3, "1": [17.0, 14.0, 18.0] * 3}
_SIGNS = specimen.split(specimen.targets((400, 400), "sign"))
_ONES = {"0": [0.0] * 10, "1": [16.0] * 10}  # of signs, -1 is not counted
_LAST = specimen.split(specimen.targets((0, 0, 200)), role="validation")


def _tested(shift: float) -> core.Signals:
    """A hold-out of a class that training, in class order, never shows; or of its own classes."""
    across = core.Across(role="held_out", only_there=(2,) if shift else (), label_shift=shift)
    call = core.Evaluation(metrics={}, split=_LAST, across=across)
    evaluations = core.Evaluations(calls=(call,))
    return core.record(
        {TRAIN: _SORTED, SETUP: _setup(), BATCH_LABELS: _MIXED_BATCHES, EVALUATIONS: evaluations}
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN,),
    wants=(BATCH_LABELS, SETUP, ACROSS, VALIDATION, EVALUATIONS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.preprocessing_mismatch",
        "data.labels",
        "hp.lr_high",
        "hp.lr_low",
        "hp.epochs_few",
    ),
    sick=(
        core.record({TRAIN: _SORTED, BATCH_LABELS: _PURE_BATCHES}),
        core.record({TRAIN: _SORTED, SETUP: _setup(shuffle=False)}),
        core.record(
            {
                TRAIN: _SORTED,
                VALIDATION: _LAST,
                SETUP: _setup("split"),
                ACROSS: core.Across(role="validation", only_there=(2,), label_shift=1.0),
            }
        ),
        _tested(1.0),
    ),
    healthy=(
        core.record({TRAIN: _SORTED, SETUP: _setup("data")}),
        core.record({TRAIN: _SIGNS, SETUP: _setup(), BATCH_LABELS: _ONES}),
        core.record({TRAIN: _SORTED, SETUP: _setup(), BATCH_LABELS: _MIXED_BATCHES}),
        core.record(
            {
                TRAIN: _RANDOM,
                VALIDATION: _RANDOM,
                SETUP: _setup("split"),
                ACROSS: core.Across(role="validation", label_shift=0.02),
            }
        ),
        _tested(0.0),
    ),
)
