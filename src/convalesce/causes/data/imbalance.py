"""One class outnumbers the others and the model leans to it.

Each example weighs alike in the loss, so that a class with few of them is cheap to give up.

## Symptom
Good accuracy, and hardly an example of the rare class is found. In segmentation: high accuracy by
position, and next to no overlap with the foreground.

## Why it happens
Where classes are r to 1, evidence for the rare one must outweigh odds of r before it is answered,
and most of each gradient comes from the common one. In a short or weak training the answer stays
with the common class.

## How it is confirmed
By facts: the counts of training, and the share of each class's validation examples that are found,
with its margin of error. Class weights, sample weights and losses made for it (focal, dice, IoU,
Tversky) excuse the counts; a rare class that is found is no fault. Where the model answers the same
for everything, or does not train, another cause may lie beneath, and it stays a suspicion. So does
a class that is found less than half as often within the margin of error: a training with class
weights must then find it.

## Remedy
`class_weight=` the inverse frequencies; oversample the rare class of the training split only (SMOTE
for tables); a focal or dice loss; a metric that weighs classes alike.

## Sources
- Buda, Maki and Mazurowski, *A systematic study of the class imbalance problem in convolutional
  neural networks*, Neural Networks 106, 2018.
- He and Garcia, *Learning from Imbalanced Data*, IEEE TKDE 21(9), 2009.
- Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, JASA 22, 1927.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    BATCH_LABELS,
    SETUP,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION_ANSWERS,
)
from convalesce.readings import data_reading, specimen

RATIO = core.Limit(
    5, unit="1", source="common classes shift the odds against the rare one by 5 (He 2009: 10 to 1)"
)
FOUND = core.Limit(
    0.5, unit="1", source="found half as often as the common classes, margin of error included"
)
OVERLAP = core.Limit(0.1, unit="1", source="a tenth of the foreground's union: as good as none")
MADE_FOR_IT = ("focal", "dice", "iou", "jaccard", "tversky", "weighted", "balanced")
SEEN = 20  # examples of a rare class, fewer of which prove nothing: only a trial may
MARGIN = 1.645  # one-sided 95 %
RANDOM_SPAN = 20.0  # above it, log odds of 3: next to no common example is answered as rare


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A rare class that is found far less often than the common ones.

    Args:
        signals: `TRAIN`; `SETUP` for weights and loss; `VALIDATION_ANSWERS`, or else
            `TRAIN_ANSWERS`.
    """
    train, setup = signals[TRAIN], signals.get(SETUP)
    validation, training = signals.get(VALIDATION_ANSWERS), signals.get(TRAIN_ANSWERS)
    answers = validation or training
    signal = VALIDATION_ANSWERS if validation else TRAIN_ANSWERS
    if answers is None or not train.targets or train.weighted or _is_handled(setup):
        return None
    own_loss = setup is not None and not all(loss.known for loss in setup.losses)
    doubtful = own_loss or answers.constant or not answers.finite
    if train.targets[0].form == "mask_binary":
        return _foreground(train.targets[0], answers, signal, doubtful=doubtful)
    labels, seen = data_reading.labels_of(train), signals.get(BATCH_LABELS)
    if labels is None or (not train.whole and _in_order(seen, labels)):
        return None
    return _rare_class(train, answers, signal, doubtful=doubtful)


def _in_order(seen: core.Series | None, labels: core.Targets) -> bool:
    """Batches come in class order: those that were looked at say nothing of the counts."""
    if seen is None or not len(seen):
        return False
    shares = data_reading.shares(labels.counts)
    alike, chance, _ = data_reading.togetherness(seen.values, shares)
    return data_reading.beyond_chance(alike, chance) >= data_reading.ORDERED.value


def _is_handled(setup: core.Setup | None) -> bool:
    """Weights or a loss that make up for the counts."""
    if setup is None:
        return False
    names = [loss.name.lower() for loss in setup.losses]
    return (
        len(set(setup.class_weight.values())) > 1
        or setup.sample_weight
        or any(word in name for name in names for word in MADE_FOR_IT)
    )


def _rare_class(
    train: core.Split,
    answers: core.Predictions,
    signal: core.Signal[core.Predictions],
    *,
    doubtful: bool,
) -> core.Evidence | None:
    """The rare class that falls furthest behind."""
    counts, recall = train.targets[0].counts, answers.recall
    there = [c for c, count in enumerate(counts) if count > 0 and c < len(recall)]
    most = max((counts[c] for c in there), default=0)
    common = [recall[c] for c in there if counts[c] * RATIO.value > most]
    usual = sum(r for r in common if not math.isnan(r)) / max(1, len(common))
    behind = []
    for c in there:
        shown = sum(answers.confusion[c])
        if counts[c] * RATIO.value > most or shown <= 0:
            continue
        bound = _upper_bound(recall[c], shown)
        if usual > 0 and recall[c] < FOUND.value * usual and (shown >= SEEN or bound < FOUND.value):
            behind.append((most / counts[c], c, recall[c], bound < FOUND.value * usual))
    if not behind:
        return None
    ratio, rare, found, sure = max(behind, key=lambda one: (one[3], one[0]))
    readings = (
        core.Reading(signal, found / usual, FOUND, f"class {rare} found, against common classes"),
        core.Reading(TRAIN, ratio, RATIO, f"commonest class over class {rare}"),
    )
    return core.Evidence(
        readings=readings,
        says=f"Class {rare} has {counts[rare]} training examples to {most} of the commonest, and "
        f"{found:.0%} of its examples are found, against {usual:.0%} of the common classes'",
        strength=data_reading.beyond(ratio, RATIO.value)
        * (1 - 0.5 * data_reading.unit(found / usual)),
        stated=sure and not doubtful,
        severity=core.Severity.WARNING,
        changes=(
            core.WeightClasses(),
            core.Oversample("random" if any(i.kind == "tokens" for i in train.inputs) else "smote"),
            core.SetMetric("balanced accuracy (recall of each class)"),
        ),
    )


def _foreground(
    target: core.Targets,
    answers: core.Predictions,
    signal: core.Signal[core.Predictions],
    *,
    doubtful: bool,
) -> core.Evidence | None:
    """Rare foreground that is left out of the answers."""
    shares = data_reading.shares(target.counts)
    if len(shares) != 2 or not 0 < shares[1] * RATIO.value <= shares[0]:
        return None
    ratio, iou = shares[0] / shares[1], data_reading.unit(answers.iou)
    if iou > OVERLAP.value or not answers.positive_share < shares[1]:
        return None
    return core.Evidence(
        readings=(
            core.Reading(signal, iou, OVERLAP, "overlap with the foreground"),
            core.Reading(TRAIN, ratio, RATIO, "background over foreground"),
        ),
        says=f"{shares[1]:.1%} of the positions are foreground; {answers.positive_share:.1%} are "
        f"answered so, and the overlap (IoU) is {iou:.2f}",
        strength=data_reading.beyond(ratio, RATIO.value) * (1 - iou),
        stated=not doubtful and ratio > RANDOM_SPAN,
        severity=core.Severity.WARNING,
        changes=(core.SetLoss("dice"), core.SetMetric("binary_io_u")),
    )


def _upper_bound(share: float, shown: int) -> float:
    """Upper end of Wilson's interval for a share of `shown` examples."""
    square = MARGIN**2 / shown
    spread = math.sqrt(max(0.0, share * (1 - share) / shown + square / (4 * shown)))
    return (share + square / 2 + MARGIN * spread) / (1 + square)


def probe(evidence: core.Evidence) -> core.Trial:
    """With the counts made up for, the rare classes must be found."""
    first, *others = remedies(evidence)
    return core.Trial(first, predict=core.IS_EVEN, steps=None, otherwise=tuple(others[:1]))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Weights first; for masks a loss of the overlap."""
    return list(evidence.changes) or [core.WeightClasses()]


def _setup(loss: str = "binary_crossentropy", **weights: float) -> core.Setup:
    by_class = {int(k[1:]): v for k, v in weights.items()}
    return core.Setup(losses=(core.Loss(name=loss),), optimizer=None, class_weight=by_class)


def _answers(found: int) -> core.Predictions:
    table = ((96, 4), (20 - found, found))
    return core.Predictions(role="validation", examples=120, confusion=table)


_RARE = specimen.split(specimen.targets((1160, 40), "binary"))
_MASKS = specimen.split(specimen.targets((98_000, 2_000), "mask_binary"), examples=50)
_EMPTY = core.Predictions(role="validation", examples=50, positive_share=0.0, iou=0.0)

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN,),
    wants=(SETUP, VALIDATION_ANSWERS, TRAIN_ANSWERS, BATCH_LABELS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("data.nonfinite", "data.unshuffled", "hp.lr_low", "hp.lr_high", "hp.metric", "hp.loss"),
    sick=(
        core.record({TRAIN: _RARE, VALIDATION_ANSWERS: _answers(1)}),
        core.record({TRAIN: _RARE, VALIDATION_ANSWERS: _answers(9)}),
        core.record({TRAIN: _RARE, TRAIN_ANSWERS: _answers(0), SETUP: _setup()}),
        core.record({TRAIN: _MASKS, VALIDATION_ANSWERS: _EMPTY, SETUP: _setup()}),
    ),
    healthy=(
        core.record({TRAIN: _RARE, VALIDATION_ANSWERS: _answers(17)}),
        core.record({TRAIN: _RARE, TRAIN_ANSWERS: _answers(0), SETUP: _setup(c0=1.0, c1=29.0)}),
        core.record({TRAIN: _MASKS, VALIDATION_ANSWERS: _EMPTY, SETUP: _setup("dice")}),
        core.record(
            {
                TRAIN: replace(_RARE, whole=False),
                VALIDATION_ANSWERS: _answers(1),
                BATCH_LABELS: [[32.0, 0.0]] * 25 + [[0.0, 32.0]],
            }
        ),
    ),
)
