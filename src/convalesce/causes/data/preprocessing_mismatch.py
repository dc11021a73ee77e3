"""Training, validation or serving data went through different preprocessing.

The model meets inputs that it was never trained on; that it fails there says nothing about it.

## Symptom
Validation far below training from the first epoch on, while training goes well.

## Why it happens
Scaling written twice, once for each split, and changed in one: 0 to 1 here, -1 to 1 there;
statistics taken from each split; another tokeniser, upper case against lower; another sampling
rate, resize or colour order; an artefact in the pictures of one class only.

## How it is confirmed
By facts: mean and deviation of each channel against those of training, far beyond what random
splits of this size differ by; the histogram of tokens; roughness; distance to the nearest training
example; examples that have become equal; nearly blank pictures of one class. It counts where
training does well and the other split does not, or where answers are not known. Drift of a time
series, and splits of different classes, shift the figures too: these stay suspicions.

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
from collections.abc import Iterator
from dataclasses import dataclass

from convalesce import core
from convalesce.core import (
    ACROSS,
    EVALUATIONS,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION,
    VALIDATION_ANSWERS,
    curves,
    data_reading,
    specimen,
)

SHIFT = core.Limit(1, unit="std", source="the whole deviation of the training values")
SPREAD = core.Limit(2, unit="1", source="a factor of 2, as between 0..1 and -1..1")
ALL_SPREAD = 10.0  # an order of magnitude in a single channel, or in a drifting series
TOKENS = core.Limit(0.5, unit="1", source="half of all tokens would have to be others")
TEXTURE = core.Limit(1.1, unit="1", source="a tenth rougher or smoother than training")
DISTANCE = core.Limit(2, unit="1", source="twice as far from training as training from itself")
EQUAL = core.Limit(
    0.5, unit="1", source="half of the examples have become copies of others, in one split only"
)
BLANK = core.Limit(0.5, unit="1", source="half of the pictures of one class, and of one split only")
SURE = 6.0  # standard errors, for the largest of many channels
ENOUGH = 20  # pictures of a class to speak about it
DROP = 0.1  # of what there is to learn: the other split does worse than training
TRAINED = 0.3  # learned below it, training itself does too badly to compare
MOVED_LABELS = 0.3  # class shares this far apart shift the inputs by themselves


@dataclass(frozen=True, slots=True)
class _Difference:
    """One way in which a split differs from training; `sure` where chance cannot explain it."""

    observed: float
    limit: core.Limit
    what: str
    sure: bool = False


def symptom(signals: core.Signals) -> core.Evidence | None:
    """A split whose inputs are of another kind than those of training, and that fares worse.

    Args:
        signals: `TRAIN`; `ACROSS` with `VALIDATION`, `EVALUATIONS`; `TRAIN_ANSWERS` and
            `VALIDATION_ANSWERS` tell how each fares.
    """
    train, across = signals[TRAIN], signals.get(ACROSS)
    trained, answers = signals.get(TRAIN_ANSWERS), signals.get(VALIDATION_ANSWERS)
    validation, evaluations = signals.get(VALIDATION), signals.get(EVALUATIONS)
    known = curves.skill(trained)
    found: list[core.Evidence | None] = []
    if across is not None:
        left = curves.skill(answers)
        found.append(_against(ACROSS, train, validation, across, (known, left)))
    found += [
        _against(EVALUATIONS, train, call.split, call.across, (known, math.nan))
        for call in (evaluations.calls if evaluations is not None else ())
        if call.across is not None
    ]
    suspects = [e for e in found if e is not None]
    return max(suspects, key=lambda e: (e.stated, e.strength), default=None)


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
    found = list(_differences(train, other, across))
    if not judged:
        found = [one for one in found if one.sure]
    if not found:
        return None
    worst = max(found, key=lambda one: (one.sure, one.observed / one.limit.value))
    which = "hold-out" if across.role == "held_out" else "validation"
    says = f"The {which} inputs are not like those of training: {worst.what}"
    if judged:
        says += f"; of what there is to learn training shows {known:.0%} and {which} "
        says += f"{data_reading.unit(left):.0%}"
    lost = data_reading.unit((known - left) / known) if judged else 0.5
    return core.Evidence(
        readings=tuple(
            core.Reading(signal, one.observed, one.limit, one.what) for one in (worst, *found)[:4]
        ),
        says=says,
        strength=(0.5 + 0.5 * lost) * data_reading.beyond(worst.observed, worst.limit.value),
        stated=worst.sure,
        severity=core.Severity.ERROR if judged and lost >= 0.5 else core.Severity.WARNING,
    )


def _differences(
    train: core.Split, other: core.Split | None, across: core.Across
) -> Iterator[_Difference]:
    error = data_reading.error_of_shift(data_reading.size(train), data_reading.size(other))
    kind = train.inputs[0].kind if train.inputs else "other"
    form = train.targets[0].form if train.targets else "absent"
    drifts = kind in {"sequence", "tabular"} and form == "continuous"
    elsewhere = data_reading.before_map(train) or data_reading.before_map(other)
    alike = across.label_shift < MOVED_LABELS if form != "continuous" else True
    if kind == "tokens":
        yield from _tokens(train, other, across)
    else:
        yield from _moments(across, error, settled=alike and not drifts and not elsewhere)
    rough = _factor(across.texture)
    if rough > TEXTURE.value:
        rougher = "rougher" if across.texture > 1 else "smoother"
        yield _Difference(rough, TEXTURE, f"they are {rough:.2f} times {rougher}")
    if across.distance > DISTANCE.value and math.isfinite(across.distance):
        far = f"they lie {across.distance:.1f} times as far from training as training from itself"
        yield _Difference(across.distance, DISTANCE, far)
    more = data_reading.copies(other) - data_reading.copies(train)
    if more >= EQUAL.value and data_reading.size(other) >= ENOUGH:
        shown = f"{data_reading.copies(other):.0%} of them are copies of one another"
        yield _Difference(more, EQUAL, shown, sure=not elsewhere)
    if other is not None and kind in {"image", "volume"}:
        yield from _blank(train, other)


def _moments(across: core.Across, error: float, *, settled: bool) -> Iterator[_Difference]:
    """Mean and deviation of the channels."""
    shift = max((abs(s) for s in across.shift if not math.isnan(s)), default=0.0)
    if shift >= SHIFT.value and shift > SURE * error:
        shown = f"their mean lies {shift:.2f} training deviations off"
        yield _Difference(shift, SHIFT, shown, sure=settled)
    factors = sorted(_factor(s) for s in across.spread if s > 0)
    if not factors or not error < 1 / SURE:
        return
    middle, most = factors[len(factors) // 2], factors[-1]
    for factor, least in ((middle, SPREAD.value), (most, ALL_SPREAD)):
        if factor >= least:
            shown = f"their deviation differs {factor:.3g}-fold"
            yield _Difference(factor, SPREAD, shown, sure=settled or factor >= ALL_SPREAD)
            return


def _tokens(
    train: core.Split, other: core.Split | None, across: core.Across
) -> Iterator[_Difference]:
    """Histograms of tokens, beyond what so many draws differ by."""
    if other is None or not other.inputs:
        return
    amounts = [_tokens_in(split) for split in (train, other)]
    noise = data_reading.noise_of_distance(float(train.inputs[0].vocabulary or 0), *amounts)
    beyond = across.token_shift - noise
    if not TOKENS.value <= beyond <= 1:
        return
    common = other.inputs[0].commonest_token
    shown = f"their token shares differ by {across.token_shift:.2f} (0 alike, 1 apart)"
    if common is not None and other.inputs[0].commonest_token_share > TOKENS.value:
        shown += f", {other.inputs[0].commonest_token_share:.0%} of them are token {common}"
    yield _Difference(beyond, TOKENS, shown, sure=across.label_shift < MOVED_LABELS)


def _tokens_in(split: core.Split) -> float:
    """Tokens of a split that are not padding."""
    length = math.prod(n or 1 for n in split.inputs[0].shape)
    filled = 1 - data_reading.unit(split.inputs[0].zero_share)
    return max(0, data_reading.size(split)) * max(1, length) * filled


def _blank(train: core.Split, other: core.Split) -> Iterator[_Difference]:
    """A class whose pictures are nearly blank in one split only."""
    ours, theirs = (s.inputs[0].blank_share_by_class if s.inputs else () for s in (train, other))
    for c, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        counts = [s.targets[0].counts[c : c + 1] if s.targets else () for s in (train, other)]
        if abs(a - b) >= BLANK.value and all(n and n[0] >= ENOUGH for n in counts):
            shown = f"{a:.0%} of class {c} are nearly blank in training and {b:.0%} here"
            yield _Difference(abs(a - b), BLANK, shown, sure=True)


def _factor(ratio: float) -> float:
    """A ratio, or its inverse where that is larger; 1 where it makes no sense."""
    return max(ratio, 1 / ratio) if ratio > 0 and math.isfinite(ratio) else 1.0


def probe(evidence: core.Evidence) -> core.Trial:
    """Through one preprocessing, validation must come up to training."""
    return core.Trial(core.UnifyPreprocessing(), predict=core.Falls(core.LOSS))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """One preprocessing for all."""
    return [core.UnifyPreprocessing()]


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
    wants=(ACROSS, VALIDATION, EVALUATIONS, TRAIN_ANSWERS, VALIDATION_ANSWERS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("data.unshuffled", "data.labels", "reg.overfitting", "data.insufficient"),
    sick=(
        _case(_SCALED, 0.4),
        _case(_OTHER_WORDS, 0.3, kind="tokens"),
        core.record({TRAIN: _TEST, EVALUATIONS: core.Evaluations(calls=(_CALL,))}),
    ),
    healthy=(
        _case(core.Across(role="validation", shift=(0.02,), spread=(1.01,)), 0.7),
        _case(core.Across(role="validation", shift=(1.1,), spread=(1.4,)), 0.94),
    ),
)
