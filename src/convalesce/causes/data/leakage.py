"""Training and validation share examples, or a target leaks into the inputs.

Validation then measures memory, or a clue that will not be there in use.

## Symptom
Validation is too good to be true, and new data disappoint. The same examples stand in training
and validation; or one column alone tells the target, while the next best hardly does.

## Why it happens
Oversampling, SMOTE or augmentation before the split; copies in the collected data; several
pictures of one subject on both sides. A column that was filled in after the outcome was known, or a
series that was shifted by one step.

## How it is confirmed
By facts, for copies: exact ones of pictures, series and volumes stand for themselves; tables and
tokens repeat by chance too, and count only beyond what copies within training lead to expect. So
for pictures that are a training picture moved by a pixel or two, turned or mirrored.
Nearly equal pictures are held against those between training and a hold-out set where the script
evaluates one. A telltale input is a suspicion, which a collapse on hold-out data confirms: the
loss there is many times that of validation. So is one whose inputs look just like training's, and
whose answers are far worse than validation's. False alarms: a task that one input does decide.

## Remedy
Split first; resample and augment the training part only. Drop the copies from training. Leave
out the input that gives the target away.

## Sources
- Kaufman, Rosset and Perlich, *Leakage in Data Mining: Formulation, Detection, and Avoidance*,
  KDD 2011.
- Barz and Denzler, *Do We Train on Test Data? Purging CIFAR of Near-Duplicates*, Journal of
  Imaging 6(6), 2020 (3.3 % of the test pictures of CIFAR-10 have a near copy in training).
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    ACROSS,
    EVALUATIONS,
    HISTORY,
    TRAIN,
    VALIDATION,
    VALIDATION_ANSWERS,
)
from convalesce.readings import data_reading, specimen

COPIES = core.Limit(
    0.05, unit="1", source="above the 3.3 % of CIFAR-10, which is in common use (Barz 2020)"
)
TRACES = 0.01  # a share of copies worth a note
FEWEST = 5  # copies below this number prove nothing
TELLS = core.Limit(0.95, unit="1", source="one input leaves a twentieth of the answer open")
BLIND = core.Limit(0, unit="nat", source="the loss of the best constant answer")
SOLVED = 0.1  # of what a constant answer loses
KNOWN = 0.25  # of it: hardly a training whose validation is merely lucky
ENOUGH = 100  # hold-out examples: a mean loss of fewer may be that of a few
ALIKE, MOVED = 1.1, 0.1  # hold-out inputs that far from training's could fail by themselves
OTHERS = 0.5  # the next best input leaves at least half of it open
COLLAPSE = core.Limit(
    4, unit="1", source="a squared error four times as large: every answer twice as far off"
)
SURE = 3.0  # standard errors
WHOLE = frozenset({"image", "volume", "sequence"})  # kinds in which values do not repeat by chance


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Copies across the splits, or an input that gives the target away.

    Args:
        signals: `TRAIN`; `ACROSS`, `VALIDATION`; `EVALUATIONS`, `HISTORY`,
            `VALIDATION_ANSWERS` to tell what hold-out data say.
    """
    train, across, validation = signals[TRAIN], signals.get(ACROSS), signals.get(VALIDATION)
    evaluations = signals.get(EVALUATIONS) or core.Evaluations()
    answers = signals.get(VALIDATION_ANSWERS)
    drop = data_reading.hold_out_loss(evaluations, signals.get(HISTORY), answers)
    found: list[core.Evidence | None] = [_telltale(train, drop, evaluations)]
    found.append(_hidden(train, evaluations, signals.get(HISTORY), answers))
    if across is not None:
        found.append(_copies(train, across, validation))
        found.append(_near_copies(train, across, evaluations, drop))
        found.append(_moved_copies(across))
    found += [_copies(train, c.across, c.split) for c in evaluations.calls if c.across is not None]
    suspects = [e for e in found if e is not None]
    order = (core.Severity.NOTE, core.Severity.WARNING, core.Severity.ERROR)
    return max(
        suspects, key=lambda e: (order.index(e.severity), e.stated, e.strength), default=None
    )


def _copies(
    train: core.Split, across: core.Across, other: core.Split | None
) -> core.Evidence | None:
    """Exact copies, beyond those that chance and blank examples account for."""
    found, kind = across.duplicates, train.inputs[0].kind if train.inputs else "other"
    blank = other.inputs[0].blank_examples if other and other.inputs else 0
    copies = found.exact - max(0, blank)
    if found.compared < 1 or not FEWEST <= copies <= found.compared:
        return None
    share = data_reading.share(copies, found.compared)
    within = 0.0 if kind in WHOLE else data_reading.copies(train)
    chance = data_reading.repeats_by_chance(within)
    error = math.sqrt(chance / found.compared + 2 * chance / max(1, train.duplicates.compared))
    beyond = share - chance - SURE * error
    sampled_before = kind == "tabular" and chance > 0 and not train.duplicates.conflicting
    if beyond < TRACES and not (sampled_before and share >= COPIES.value):
        return None
    serious = share >= COPIES.value
    return core.Evidence(
        readings=(core.Reading(ACROSS, share, COPIES, "validation examples with a copy"),),
        says=f"{copies} of {found.compared} {_role(across)} examples ({share:.1%}) stand in the "
        "training data too" + (f", where chance explains {chance:.1%}" if chance else ""),
        strength=data_reading.beyond(share, COPIES.value) if serious else 0.3,
        stated=beyond >= TRACES,
        severity=core.Severity.WARNING if serious else core.Severity.NOTE,
        rows=tuple(pair[0] for pair in found.pairs if pair),
        changes=(core.Deduplicate(), core.Resplit()),
    )


def _near_copies(
    train: core.Split, across: core.Across, evaluations: core.Evaluations, drop: float
) -> core.Evidence | None:
    """Nearly equal pictures, beyond those between training and a hold-out set, or within it."""
    found, usual = across.duplicates, train.duplicates
    if found.compared < 1 or not FEWEST <= found.near <= found.compared:
        return None
    apart = [c.across.duplicates for c in evaluations.calls if c.across is not None]
    chance = data_reading.repeats_by_chance(data_reading.share(usual.near, usual.compared))
    if apart:
        chance = max(data_reading.share(d.near, d.compared) for d in apart)
    beyond = data_reading.share(found.near, found.compared) - chance
    if beyond < COPIES.value:
        return None
    return core.Evidence(
        readings=(core.Reading(ACROSS, beyond, COPIES, "near copies beyond the usual"),),
        says=f"{found.near} of {found.compared} {_role(across)} pictures are nearly equal to a "
        f"training picture, {beyond:.0%} more than pictures of this kind usually are",
        strength=0.8 * data_reading.beyond(beyond, COPIES.value),
        stated=bool(apart) and drop >= COLLAPSE.value,
        rows=tuple(pair[0] for pair in found.pairs if pair),
        changes=(core.Resplit(), core.Deduplicate()),
    )


def _moved_copies(across: core.Across) -> core.Evidence | None:
    """Pictures that are a training picture but for a shift, a turn or a mirror."""
    found = across.duplicates
    share = data_reading.share(found.moved, found.moved_of)
    if not FEWEST <= found.moved <= found.moved_of or share < COPIES.value:
        return None
    return core.Evidence(
        readings=(
            core.Reading(ACROSS, share, COPIES, "pictures that are a training picture, moved"),
        ),
        says=f"{found.moved} of {found.moved_of} {_role(across)} pictures are a training picture "
        "moved by a pixel or two, turned or mirrored: they were multiplied before they were split",
        strength=data_reading.beyond(share, COPIES.value),
        stated=True,
        severity=core.Severity.WARNING,
        rows=tuple(pair[0] for pair in found.pairs if pair),
        changes=(core.Resplit(),),
    )


def _telltale(
    train: core.Split, drop: float, evaluations: core.Evaluations
) -> core.Evidence | None:
    """One input that all but tells the target, with nothing like it beside it."""
    telltale = train.telltale
    values = math.prod(n or 1 for x in train.inputs for n in x.shape)
    if telltale is None or values < 2 or not TELLS.value <= telltale.score <= 1:
        return None
    collapsed, tried = drop >= COLLAPSE.value, not math.isnan(drop)
    if not 0 <= telltale.runner_up <= OTHERS and not collapsed:
        return None
    if tried and not collapsed:
        return None
    readings = [core.Reading(TRAIN, telltale.score, TELLS, f"what {telltale.where} tells alone")]
    says = (
        f"{telltale.where} alone tells the target ({telltale.score:.2f} of 1; the next best "
        f"{telltale.runner_up:.2f})"
    )
    if collapsed:
        readings.append(core.Reading(EVALUATIONS, drop, COLLAPSE, "hold-out over validation loss"))
        says += f", and on hold-out data the loss is {drop:.3g} times that of validation"
    return core.Evidence(
        readings=tuple(readings),
        says=says,
        strength=0.95 if collapsed else 0.5 + 0.4 * (telltale.score - telltale.runner_up),
        stated=collapsed,
        severity=core.Severity.ERROR if collapsed else core.Severity.WARNING,
        changes=(core.DropFeature(telltale.where),),
    )


def _hidden(
    train: core.Split,
    evaluations: core.Evaluations,
    history: core.History | None,
    answers: core.Predictions | None,
) -> core.Evidence | None:
    """Validation is answered well, and hold-out inputs like it far worse, or blindly."""
    validation = history.curve("val_loss")[-1:] if history is not None else ()
    blind = answers.baseline_loss if answers is not None else math.nan
    if not validation or not validation[0] <= KNOWN * blind:
        return None
    solved = validation[0] <= SOLVED * blind
    for call in evaluations.calls:
        loss, across = call.metrics.get("loss", math.nan), call.across
        if across is None or not _alike(across):
            continue
        many = call.split is not None and (call.split.examples or 0) >= ENOUGH
        worse = many and 0 < validation[0] < math.inf and loss >= COLLAPSE.value * validation[0]
        blindly = solved and loss >= blind
        if not blindly and not worse:
            continue
        telltale = train.telltale
        where = telltale.where if telltale is not None and telltale.score > OTHERS else ""
        hint = f"; {where} tells most of it alone" if where else ""
        return core.Evidence(
            readings=(
                core.Reading(EVALUATIONS, loss, replace(BLIND, value=blind), "hold-out loss")
                if blindly
                else core.Reading(
                    EVALUATIONS, loss / validation[0], COLLAPSE, "hold-out over validation loss"
                ),
            ),
            says=f"validation is answered with a loss of {validation[0]:.2g}, and hold-out data "
            f"whose inputs look the same "
            + (
                f"worse than blindly ({loss:.2g} against {blind:.2g})"
                if blindly
                else f"with {loss:.2g}, {loss / validation[0]:.1f} times that"
            )
            + f": what was learned is not in the hold-out data{hint}",
            strength=0.75 if blindly else 0.6,
            severity=core.Severity.ERROR if blindly else core.Severity.WARNING,
            changes=((core.DropFeature(where),) if where else ()) + (core.Resplit(),),
        )
    return None


def _alike(across: core.Across) -> bool:
    """The inputs and the mix of classes are those of training."""
    moved = max((abs(s) for s in across.shift), default=0.0)
    rougher = across.texture if math.isfinite(across.texture) else 1.0
    near = across.distance <= ALIKE and 1 / ALIKE <= rougher <= ALIKE
    return near and moved <= MOVED and across.label_shift <= MOVED


def _role(across: core.Across) -> str:
    return "hold-out" if across.role == "held_out" else "validation"


def probe(evidence: core.Evidence) -> core.Trial:
    """Without the leak validation must fall back: it is no remedy's task to raise it."""
    return core.Trial(remedies(evidence)[0], predict=core.KNOWS, decisive=False)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Take the copies, or the telltale input, out."""
    return list(evidence.changes) or [core.Resplit()]


def _multiplied(moved: int) -> core.Across:
    found = core.Duplicates(compared=500, moved=moved, moved_of=500)
    return core.Across(role="validation", duplicates=found)


def _across(exact: int = 0, near: int = 0) -> core.Across:
    found = core.Duplicates(exact=exact, near=near, compared=500, pairs=((3, 7),) * bool(exact))
    return core.Across(role="validation", duplicates=found)


_PICTURES = specimen.split(specimen.targets((500, 500)))
_TABLE = specimen.split(
    specimen.targets((500, 500), "binary"),
    specimen.inputs("tabular", (4,)),
    duplicates=core.Duplicates(exact=300, conflicting=40, compared=1000),
)
_TOLD = specimen.split(
    specimen.targets((500, 500), "binary"),
    specimen.inputs("tabular", (9,)),
    telltale=core.Telltale(where="feature 5", score=1.0, runner_up=0.35),
)
_COURSE = core.History(metrics={"loss": (0.2, 0.01), "val_loss": (0.1, 0.01)})
_ANSWERS = core.Predictions(role="validation", examples=500, baseline_loss=0.6)


def _held_out(
    loss: float, across: core.Across | None = None, split: core.Split | None = None
) -> core.Evaluations:
    call = core.Evaluation(metrics={"loss": loss}, across=across, split=split)
    return core.Evaluations(calls=(call,))


def _disappointing(loss: float) -> core.Signals:
    return core.record(
        {
            TRAIN: _PICTURES,
            HISTORY: core.History(metrics={"loss": (0.3, 0.1), "val_loss": (0.2, 0.12)}),
            VALIDATION_ANSWERS: _ANSWERS,
            EVALUATIONS: _held_out(loss, core.Across(role="held_out"), _PICTURES),
        }
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN,),
    wants=(ACROSS, VALIDATION, EVALUATIONS, HISTORY, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    sick=(
        _disappointing(0.5),
        core.record({TRAIN: _PICTURES, VALIDATION: _PICTURES, ACROSS: _across(exact=120)}),
        core.record({TRAIN: _PICTURES, ACROSS: _across(near=200)}),
        core.record({TRAIN: _PICTURES, ACROSS: _multiplied(90)}),
        core.record({TRAIN: _TOLD}),
        core.record(
            {
                TRAIN: _TOLD,
                HISTORY: _COURSE,
                VALIDATION_ANSWERS: _ANSWERS,
                EVALUATIONS: _held_out(1.4),
            }
        ),
        core.record(
            {
                TRAIN: _PICTURES,
                HISTORY: _COURSE,
                VALIDATION_ANSWERS: _ANSWERS,
                EVALUATIONS: _held_out(5.0, core.Across(role="held_out")),
            }
        ),
    ),
    healthy=(
        _disappointing(0.3),
        core.record(
            {
                TRAIN: _PICTURES,
                HISTORY: _COURSE,
                VALIDATION_ANSWERS: _ANSWERS,
                EVALUATIONS: _held_out(5.0, core.Across(role="held_out", distance=2.0)),
            }
        ),
        core.record({TRAIN: _PICTURES, ACROSS: _across(exact=2, near=10)}),
        core.record({TRAIN: _PICTURES, ACROSS: _multiplied(4)}),
        core.record({TRAIN: _TABLE, ACROSS: _across(exact=150)}),
        core.record({TRAIN: _TOLD, HISTORY: _COURSE, EVALUATIONS: _held_out(0.011)}),
    ),
)
