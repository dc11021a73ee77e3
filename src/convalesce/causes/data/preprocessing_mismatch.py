"""Training, validation or serving data went through different preprocessing.

The model meets inputs that it was never trained on; that it fails there says nothing about it.

## Symptom
Validation far below training from the first epoch on, while training goes well.

## Why it happens
Scaling written twice, once for each split, and changed in one: 0 to 1 here, -1 to 1 there;
statistics taken from each split; another tokeniser, upper case against lower; another sampling
rate, resize or colour order; an artefact in the pictures of one class only; a vocabulary of
other texts, so that most words of these are unknown.

## How it is confirmed
By facts: mean and deviation of each channel against those of training, far beyond what random
splits of this size differ by; the histogram of tokens; roughness; distance to the nearest training
example; examples that have become equal; nearly blank pictures of one class. It counts where
training does well and the other split does not, or where answers are not known. Drift of a time
series, and splits of different classes, shift the figures too: these stay suspicions. By
experiment: a fifth of the training examples is held out. A model that overfits, or has too few
examples, does not know them either; where it knows them, and not the validation examples, these
are of another kind. So it is asked where all that is proven is learning by heart.

## Remedy
Put the preprocessing into the model (`Rescaling`, `Normalization`, `TextVectorization`), so that
every split and the server go through the same.

## Sources
- Breck, Polyzotis, Roy, Whang and Zinkevich, *Data Validation for Machine Learning*, MLSys 2019
  (training-serving skew).
- Rabanser, Guennemann and Lipton, *Failing Loudly: An Empirical Study of Methods for Detecting
  Dataset Shift*, NeurIPS 2019.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    ACROSS,
    EVALUATIONS,
    FED,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION,
    VALIDATION_ANSWERS,
)
from convalesce.readings import curves, data_reading, differences, specimen

DROP = 0.1  # of what there is to learn: the other split does worse than training
HALF = 0.5  # of what training shows, lost on the other split
LEFT = 0.5  # of what there is to know: known of validation, the texts say enough
LOST = core.Limit(0.5, unit="1", source="half of a class is found in training and not elsewhere")
TRAINED = 0.3  # learned below it, training itself does too badly to compare
UNKNOWN = core.Limit(
    0.5,
    unit="1",
    source="Zipf 1949: the commonest of ten words has a third; of 15 texts measured, 5 to 22 %",
)
WORDS = 10  # a vocabulary that is smaller may well have one that prevails
OUT_OF_VOCABULARY = (1, 2)  # TextVectorization, StringLookup and Tokenizer say 1, imdb.load_data 2


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A split whose inputs are of another kind than those of training, and that fares worse.

    Args:
        signals: `TRAIN`, `FED`; `ACROSS` with `VALIDATION`, `EVALUATIONS`; `TRAIN_ANSWERS` and
            `VALIDATION_ANSWERS` tell how each fares.
    """
    train, across = signals[TRAIN], signals.get(ACROSS)
    trained, answers = signals.get(TRAIN_ANSWERS), signals.get(VALIDATION_ANSWERS)
    validation, evaluations = signals.get(VALIDATION), signals.get(EVALUATIONS)
    known = curves.skill(trained)
    found: list[core.Evidence | None] = []
    if across is not None:
        left = _left(train, trained, answers)
        sides = train, validation, across
        found.append(_against(ACROSS, *sides, (known, left)) or _unsure(*sides, (trained, answers)))
    if answers is not None:
        found.append(_unknown_words(train, curves.skill(answers)))
    if trained is not None and answers is not None:
        found.append(_lost_class(data_reading.as_fed(train, signals.get(FED)), trained, answers))
    found += [
        _against(EVALUATIONS, train, call.split, call.across, (known, math.nan))
        for call in (evaluations.calls if evaluations is not None else ())
        if call.across is not None
    ]
    suspects = [e for e in found if e is not None]
    return max(suspects, key=lambda e: (e.stated, e.strength), default=None)


def _left(
    train: core.Split, trained: core.Predictions | None, answers: core.Predictions | None
) -> float:
    """What is known of the other split; of numbers also on the scale of training's.

    A series that drifts varies less within a split than over all, so that the same errors leave
    less of it explained.
    """
    known = curves.skill(answers)
    numbers = bool(train.targets) and train.targets[0].form == "continuous"
    if not numbers or trained is None or answers is None or not trained.baseline_loss > 0:
        return known
    ours = 1 - answers.loss / trained.baseline_loss
    return max(known, ours) if math.isfinite(ours) else known


def _unsure(
    train: core.Split,
    other: core.Split | None,
    across: core.Across,
    answers: tuple[core.Predictions | None, core.Predictions | None],
) -> core.Evidence | None:
    """As many right answers, and a loss that is worse than that of a constant one.

    A net of ReLUs ranks the classes of inputs on another scale nearly as before; it is sure of the
    wrong ones by as much as the scale is off.
    """
    known, left = (_by_loss(a) for a in answers)
    if not (known >= TRAINED and left < 0):
        return None
    evidence = _against(ACROSS, train, other, across, (known, left))
    return evidence if evidence is not None and evidence.stated else None


def _by_loss(answers: core.Predictions | None) -> float:
    """What is known of classes by the loss alone; nan for numbers."""
    if answers is None or curves.unbounded(answers) or not math.isfinite(answers.accuracy):
        return math.nan
    return 1 - answers.loss / answers.baseline_loss if answers.baseline_loss > 0 else math.nan


def _against(
    signal: core.Signal[core.Across] | core.Signal[core.Evaluations],
    train: core.Split,
    other: core.Split | None,
    across: core.Across,
    fares: tuple[float, float],
) -> core.Evidence | None:
    """One split against training."""
    known, left = fares
    judged = known >= TRAINED and not math.isnan(left)
    if judged and known - left < DROP:
        return None
    found = list(differences.differences(train, other, across))
    if not judged:
        found = [one for one in found if one.sure]
    if not found:
        return None
    if differences.of_draws(train, other, found):
        return None  # see data.augmentation
    found.sort(key=lambda one: (one.sure, one.observed / one.limit.value), reverse=True)
    worst = found[0]
    which = "hold-out" if across.role == "held_out" else "validation"
    says = f"The {which} inputs are not like those of training: {worst.what}"
    if judged:
        says += f"; of what there is to learn training shows {known:.0%} and {which} "
        says += f"{data_reading.unit(left):.0%}"
    lost = data_reading.unit((known - left) / known) if judged else 0.5
    far = judged and known - left >= differences.GAP.value and differences.apart(train)
    return core.Evidence(
        readings=tuple(
            core.Reading(signal, one.observed, one.limit, one.what) for one in found[:4]
        ),
        says=says,
        strength=(0.5 + 0.5 * lost) * data_reading.beyond(worst.observed, worst.limit.value),
        stated=worst.sure,
        severity=core.Severity.ERROR if worst.sure and lost > HALF else core.Severity.WARNING,
        changes=(core.HoldOut(),) if far and signal is ACROSS else (),
    )


def _unknown_words(train: core.Split, left: float) -> core.Evidence | None:
    """Texts of a vocabulary that is not theirs: most of their words are one token, the unknown."""
    for x in train.inputs:
        if x.kind != "tokens" or (x.vocabulary or 0) < WORDS or not left < LEFT:
            continue
        if x.commonest_token_share > UNKNOWN.value:
            return core.Evidence(
                readings=(
                    core.Reading(TRAIN, x.commonest_token_share, UNKNOWN, "tokens that are one"),
                ),
                says=f"{x.commonest_token_share:.0%} of the tokens of training are token "
                f"{x.commonest_token} (padding left out): if that stands for unknown words, the "
                "vocabulary is not that of these texts",
                strength=0.5 + 0.5 * data_reading.unit(x.commonest_token_share),
                stated=x.commonest_token in OUT_OF_VOCABULARY,
                severity=core.Severity.WARNING,
            )
    return None


def _lost_class(
    fed: tuple[core.Inputs, ...], trained: core.Predictions, answers: core.Predictions
) -> core.Evidence | None:
    """One class that training answers and validation never, its pictures nearly blank."""
    blank = fed[0].blank_share_by_class if fed else ()
    both = enumerate(zip(trained.recall, answers.recall, blank, strict=False))
    for c, (ours, theirs, share) in both:
        shown = min(sum(trained.confusion[c]), sum(answers.confusion[c]))
        others = [b for k, b in enumerate(blank) if k != c]
        if shown < differences.ENOUGH or not others or not ours - theirs >= LOST.value:
            continue
        if share - max(others) >= differences.BLANK.value:
            return core.Evidence(
                readings=(
                    core.Reading(VALIDATION_ANSWERS, ours - theirs, LOST, f"of class {c} lost"),
                    core.Reading(TRAIN, share, differences.BLANK, f"class {c} nearly blank"),
                ),
                says=f"{share:.0%} of the training pictures of class {c} are nearly blank, unlike "
                f"those of other classes; training finds {ours:.0%} of the class, validation "
                f"{theirs:.0%}",
                strength=data_reading.unit(share) * data_reading.unit(ours - theirs),
                stated=True,
                severity=core.Severity.ERROR,
            )
    return None


def probe(evidence: core.Evidence) -> core.Trial:
    """Through one preprocessing, or held out of training, validation must come up to training."""
    return core.Trial(
        core.UnifyPreprocessing(),
        predict=core.KNOWS,
        otherwise=evidence.changes,
        decisive=False,
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """One preprocessing for all."""
    return [core.UnifyPreprocessing(), core.HoldOut()]


def _answers(role: core.Role, accuracy: float) -> core.Predictions:
    return core.Predictions(
        role=role, examples=500, accuracy=accuracy, baseline_accuracy=0.1, loss=1 - accuracy
    )


def _case(
    across: core.Across, validation: float, *, kind: core.InputKind = "image"
) -> core.Signals:
    x = specimen.inputs(kind, (40,) if kind == "tokens" else (28, 28, 1), vocabulary=500)
    split = specimen.split(specimen.targets((250, 250)), x)
    return core.record(
        {
            TRAIN: split,
            VALIDATION: split,
            ACROSS: across,
            TRAIN_ANSWERS: _answers("train", 0.95),
            VALIDATION_ANSWERS: _answers("validation", validation),
        }
    )


def _stained() -> core.Signals:
    x = specimen.inputs(blank_share_by_class=(0.9, 0.02))
    recall = {"train": ((90, 10), (5, 95)), "validation": ((2, 98), (5, 95))}
    ours = replace(_answers("train", 0.9), confusion=recall["train"])
    theirs = replace(_answers("validation", 0.5), confusion=recall["validation"])
    split = specimen.split(specimen.targets((250, 250)), x)
    return core.record({TRAIN: split, TRAIN_ANSWERS: ours, VALIDATION_ANSWERS: theirs})


def _words(commonest: float, validation: float, vocabulary: int = 42) -> core.Signals:
    more = {"vocabulary": vocabulary, "commonest_token": 1, "commonest_token_share": commonest}
    x = specimen.inputs("tokens", (40,), **more)
    split = specimen.split(specimen.targets((250, 250)), x)
    return core.record({TRAIN: split, VALIDATION_ANSWERS: _answers("validation", validation)})


_ROLES: tuple[core.Role, core.Role] = ("train", "validation")


def _louder(ours: float, theirs: float, spread: float) -> core.Signals:
    """A split of other deviation, of which as many are answered rightly."""
    split = specimen.split(specimen.targets((250, 250)))
    across = core.Across(role="validation", spread=(spread,), train_rows=500, other_rows=500)
    train, validation = (
        replace(_answers(role, 0.9), loss=loss, baseline_loss=0.69)
        for role, loss in zip(_ROLES, (ours, theirs), strict=True)
    )
    return core.record(
        {
            TRAIN: split,
            VALIDATION: split,
            ACROSS: across,
            TRAIN_ANSWERS: train,
            VALIDATION_ANSWERS: validation,
        }
    )


def _drifting(loss: float) -> core.Signals:
    """Numbers whose other split lies elsewhere and varies a fifth as much."""
    split = specimen.split(
        specimen.targets(form="continuous"), specimen.inputs("sequence", (48, 1))
    )
    ours = core.Predictions(role="train", examples=500, loss=0.05, baseline_loss=1.0)
    theirs = core.Predictions(role="validation", examples=500, loss=loss, baseline_loss=0.2)
    return core.record(
        {
            TRAIN: split,
            VALIDATION: split,
            ACROSS: core.Across(role="validation", shift=(1.9,), train_rows=500, other_rows=500),
            TRAIN_ANSWERS: ours,
            VALIDATION_ANSWERS: theirs,
        }
    )


_SCALED = core.Across(role="validation", shift=(1.02,), spread=(0.5,), distance=3.0)
_OTHER_WORDS = core.Across(role="validation", token_shift=0.97)
_TEST = specimen.split(specimen.targets((250, 250)), role="held_out")
_CALL = core.Evaluation(
    metrics={"loss": 9.0}, split=_TEST, across=core.Across(role="held_out", spread=(255.0,))
)

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN,),
    wants=(ACROSS, VALIDATION, EVALUATIONS, FED, TRAIN_ANSWERS, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=(
        "data.unshuffled",
        "data.labels",
        "data.imbalance",
        "reg.overfitting",
        "data.insufficient",
    ),
    sick=(
        _case(_SCALED, 0.4),
        _case(_OTHER_WORDS, 0.3, kind="tokens"),
        _stained(),
        _words(0.88, 0.05),
        _drifting(0.19),
        _louder(0.2, 40.0, 255.0),
        core.record({TRAIN: _TEST, EVALUATIONS: core.Evaluations(calls=(_CALL,))}),
    ),
    healthy=(
        _case(core.Across(role="validation", shift=(0.02,), spread=(1.01,)), 0.7),
        _case(core.Across(role="validation", shift=(1.1,), spread=(1.4,)), 0.94),
        _words(0.22, 0.05),
        _drifting(0.06),
        _louder(0.2, 1.2, 1.1),
        _louder(0.2, 0.4, 255.0),
        _words(0.88, 0.9),
        _words(0.88, 0.05, vocabulary=4),
    ),
)
