"""Faults of labels: stand-ins, broken rows, a single class, contradictions, wrong pairs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from convalesce.core.change import Change
from convalesce.core.changes.data import Deduplicate, DropRows, RepairLabels
from convalesce.core.course import Predictions
from convalesce.core.data import Across, Split, Targets
from convalesce.core.setup import Setup
from convalesce.readings.mispairing import mispairings
from convalesce.readings.task import CLASS_LOSSES, REGRESSION_LOSSES

FEW = 0.01  # share of rows up to which contradictions are taken for slips of the pen
BESIDE = 0.5  # IoU that a model must reach on training to count as having learnt the masks
SIZED = 0.25  # relative difference between the share of foreground answered and true
FEWEST_ANSWERS = 100  # in the surer half
MANY_WRONG = 0.08  # with fewer wrong answers, their spread can't be told
KNOWS = 0.6  # of what chance leaves open: with more wrong, the model knows too little
BY_HEART = 0.1  # training ahead of validation
EVENLY, AT_LEAST, SURE_ERRORS = 0.75, 0.6, 2.0
FLAT = (
    "errors of a selective classifier (Geifman and El-Yaniv 2017) fall with what it leaves out; "
    "calibration in benchmarks/results/instruments.md"
)
NUMBERS = frozenset({"continuous", "class_index"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFault:
    """One fault.

    Attributes:
        signal: Whose figure it is: train, validation, across or answers.
        firm: It follows from facts. `grave`: training cannot succeed so.
    """

    signal: str
    observed: float
    limit: float
    unit: str
    source: str
    says: str
    change: Change
    strength: float
    firm: bool = True
    grave: bool = True
    rows: tuple[int, ...] = ()


def label_faults(
    train: Split,
    validation: Split | None,
    across: Across | None,
    answers: tuple[Predictions | None, Predictions | None],
    setup: Setup,
) -> list[LabelFault]:
    """Every fault that the data show.

    Args:
        train: The training split, its targets as the loss saw them.
        validation: The other split.
        across: One split against the other.
        answers: Of the trained model on training and on validation.
        setup: What compile and fit were told.
    """
    found: list[LabelFault] = []
    known = bool(setup.losses) and all(one.known for one in setup.losses)
    ruled = known and not setup.custom_train_step and not setup.partial
    for target in train.targets:
        found += [*_stand_in(target), *_broken_rows(target, train)]
        if ruled and len(train.targets) == len(setup.losses) == 1:
            found += _one_value(target, train, setup)
    found += _numbered_from(train, validation, across)
    found += _contradictions(train)
    found += _masks_beside(train, answers)
    found += _flat_doubt(answers)
    found += [
        LabelFault(
            signal=pair.signal,
            observed=pair.observed,
            limit=pair.limit,
            unit="1",
            source="five nearest neighbours, beyond chance; limits in standard errors",
            says=pair.says,
            change=RepairLabels(pair.mend),
            strength=pair.strength,
            firm=pair.firm,
            grave=pair.grave,
            rows=pair.rows,
        )
        for pair in mispairings(train, validation, across, answers)
    ]
    return found


def _stand_in(target: Targets) -> Iterator[LabelFault]:
    """-999, 9999 and their like among figures; another far value is but a suspicion."""
    value = target.sentinel
    if value is None or target.sentinel_count < 2 or target.form not in NUMBERS:
        return
    if value not in (target.minimum, target.maximum):
        return
    digits = f"{abs(value):.0f}"
    usual = float(value).is_integer() and len(digits) > 1 and set(digits) == {"9"}
    yield LabelFault(
        signal="train",
        observed=target.sentinel_count,
        limit=0,
        unit="rows",
        source="a stand-in for a missing value is no target",
        says=f"{target.sentinel_count} targets are {value:g}, far outside all others: a stand-in "
        "for no reading?",
        change=DropRows(value),
        strength=1.0 if usual else 0.6,
        firm=usual,
        grave=usual,
    )


def _broken_rows(target: Targets, train: Split) -> Iterator[LabelFault]:
    """Rows that break the form which nearly all rows have."""
    rows = target.form in {"one_hot", "mask_one_hot", "soft"}
    if not rows or target.invalid_rows < 1 or target.form == "mask_one_hot":
        return
    yield LabelFault(
        signal="train",
        observed=target.invalid_rows,
        limit=0,
        unit="rows",
        source="shares of one example sum to 1",
        says=f"{target.invalid_rows} of {train.scanned} label rows don't sum to 1",
        change=RepairLabels("give each row exactly one class, or leave it out"),
        strength=0.8,
        grave=False,
    )


def _one_value(target: Targets, train: Split, setup: Setup) -> Iterator[LabelFault]:
    known = setup.losses[0].name in CLASS_LOSSES | REGRESSION_LOSSES
    constant = target.distinct == 1 and target.minimum == target.maximum
    shown = [c for c in target.counts if c > 0]
    single = target.form in {"one_hot", "binary", "class_index"} and len(shown) == 1
    if not known or not train.whole or train.scanned < 2 or not (constant or single):
        return
    yield LabelFault(
        signal="train",
        observed=1,
        limit=2,
        unit="distinct labels",
        source="one label for all examples leaves nothing to tell apart",
        says="all training labels are the same",
        change=RepairLabels("read them again: every example carries the same"),
        strength=1.0,
    )


def _numbered_from(
    train: Split, validation: Split | None, across: Across | None
) -> Iterator[LabelFault]:
    """Class numbers of one split run one higher than those of the other."""
    if validation is None or across is None or not across.only_there:
        return
    if not train.targets or not validation.targets:
        return
    ours, theirs = train.targets[0], validation.targets[0]
    if not ours.form == theirs.form == "class_index" or ours.maximum - ours.minimum < 2:
        return
    step = theirs.minimum - ours.minimum
    if abs(step) != 1 or theirs.maximum - ours.maximum != step:
        return
    yield LabelFault(
        signal="across",
        observed=theirs.minimum,
        limit=ours.minimum,
        unit="lowest class number",
        source="both splits number their classes alike",
        says=f"classes run from {ours.minimum:g} to {ours.maximum:g} in training and from "
        f"{theirs.minimum:g} to {theirs.maximum:g} in validation",
        change=RepairLabels("number the classes of both splits from 0"),
        strength=1.0,
    )


def _contradictions(train: Split) -> Iterator[LabelFault]:
    """Exact copies of pictures or sequences with another label; tables may repeat by right."""
    copies = train.duplicates
    kinds = {part.kind for part in train.inputs}
    blank = sum(part.blank_examples for part in train.inputs)
    if not kinds or not kinds <= {"image", "volume", "sequence"} or copies.compared < 1:
        return
    if copies.conflicting <= blank + FEW * copies.compared:
        return
    yield LabelFault(
        signal="train",
        observed=copies.conflicting,
        limit=FEW * copies.compared,
        unit="examples",
        source="an input has one label; one in a hundred is taken for slips of the pen",
        says=f"{copies.conflicting} exact copies of training examples carry another label",
        change=Deduplicate(),
        strength=0.8,
        grave=False,
        rows=tuple(row for pair in copies.pairs for row in pair),
    )


def _flat_doubt(answers: tuple[Predictions | None, Predictions | None]) -> Iterator[LabelFault]:
    """The surest answers on validation are wrong nearly as often as all: labels were dealt so.

    Where classes are hard to tell, errors gather where the model doubts; where a share of the
    labels is wrong, they are spread evenly. A model that knows little, or that has learned by
    heart, is sure of the wrong ones, too.
    """
    trained, held = answers
    if trained is None or held is None or not math.isfinite(held.surer_error):
        return
    wrong, open_ = 1 - held.accuracy, 1 - held.baseline_accuracy
    half = held.examples // 2
    if half < FEWEST_ANSWERS or not open_ > 0 or not MANY_WRONG <= wrong <= KNOWS * open_:
        return
    if held.accuracy < trained.accuracy - BY_HEART:
        return
    sure = held.surer_error
    error = math.sqrt(max(sure * (1 - sure), 1 / half) / half)
    if not (sure > EVENLY * wrong and sure - SURE_ERRORS * error > AT_LEAST * wrong):
        return
    yield LabelFault(
        signal="held",
        observed=sure / wrong,
        limit=EVENLY,
        unit="of the share of all answers",
        source=FLAT,
        says=f"of the validation answers that the model is surest of {sure:.0%} are wrong, of all "
        f"{wrong:.0%}: labels that are wrong at random are missed so, classes that are hard to "
        "tell are not",
        change=RepairLabels("look through the named examples, and ask a second person"),
        strength=0.6,
        firm=False,
        grave=False,
        rows=trained.hardest,
    )


def _masks_beside(
    train: Split, answers: tuple[Predictions | None, Predictions | None]
) -> Iterator[LabelFault]:
    """Masks learnt well on training lie beside the things on validation, at the right size."""
    trained, held = answers
    if trained is None or held is None or not train.targets:
        return
    share = train.targets[0].mean
    if train.targets[0].form != "mask_binary" or not 0 < share < 1:
        return
    sized = all(abs(a.positive_share / share - 1) <= SIZED for a in (trained, held))
    if not (sized and trained.iou > BESIDE and held.iou < trained.iou / 2):
        return
    yield LabelFault(
        signal="answers",
        observed=held.iou,
        limit=trained.iou / 2,
        unit="1",
        source="half of the intersection over union on training",
        says=f"masks overlap {trained.iou:.2f} on training and {held.iou:.2f} on validation, at "
        "the right size: they lie beside the things. Are the masks of one split shifted?",
        change=RepairLabels("lay masks over their pictures, in both splits"),
        strength=0.6,
        firm=False,
        grave=False,
        rows=trained.hardest,
    )
