"""What a measured figure says of a suspicion: for it, against it, or neither.

A figure orders suspicions that trials left open; it confirms and refutes none. Its limits stand
where sound trainings were not seen, see `benchmarks/results/instruments.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from convalesce.core.evidence import Limit
from convalesce.core.instruments import (
    AlongUpdate,
    AugmentedSimilarity,
    InitialLoss,
    LearningCurve,
    MemorisationSpeed,
    Memorised,
    ModeGap,
    NoiseScale,
    Sharpness,
)
from convalesce.core.measured import Answered, Instrument, Speaks

BEARS = Limit(1.0, "1", "above it the update of a quadratic loss diverges (Cohen et al. 2021)")
SHORT = Limit(5e-4, "1", "of what the rate bears; sound trainings lay at 0.0016 to 0.25")
GAIN = Limit(0.05, "1", "a twentieth of the validation loss, beyond doubt, for twice the data")
SIGNAL = Limit(1.0, "1", "the batch over the noise scale: above, more examples add little")
OFF = Limit(0.25, "1", "share of the expected loss by which sound nets were seen to start off")
LOST = Limit(0.1, "1", "a tenth of the answers change as the examples are augmented")
UNSETTLED = Limit(0.25, "1", "a quarter of the loss in inference mode is due to lagging statistics")
NOISY = Limit(0.05, "1", "a twentieth of the labels looks wrong by two estimates, beyond doubt")
UNLEARNT = 0.2  # of what there is to learn: above, that one batch is learnt by heart tells nothing


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a figure says, and the limit that it is held against."""

    speaks: Speaks = Speaks.NEITHER
    limit: Limit | None = None
    observed: float = float("nan")


def tells(instrument: Instrument, learned: float) -> bool:
    """It can tell something where so much was learned of the training examples.

    Where nothing is learned, no example is learned late; where much is, a batch can be learnt.
    """
    if instrument is Instrument.MEMORISE:
        return learned < UNLEARNT
    return instrument is not Instrument.MEMORISATION_SPEED or learned >= UNLEARNT


def spoken(cause: str, found: Answered, learned: float) -> Spoken:  # noqa: PLR0911 - one a kind
    """What an instrument's answer says of a cause.

    Args:
        cause: Its id.
        found: The answer.
        learned: Of what there is to learn from the training examples, by the end.
    """
    match found:
        case Sharpness():
            return _rate(cause, found)
        case AlongUpdate():
            return Spoken()
        case NoiseScale() if found.figure.value > 0:
            observed = found.batch / found.figure.value
            wasted = cause == "hp.batch_large" and found.batch > found.figure.high
            return Spoken(_if(wasted), SIGNAL, observed)
        case InitialLoss() if found.expected > 0:
            observed = found.excess / found.expected
            return Spoken(_if(observed > OFF.value), OFF, observed)
        case Memorised():
            return _by_heart(cause, found, learned)
        case LearningCurve():
            figure = found.figure
            against = figure.high < GAIN.value
            speaks = Speaks.AGAINST if against else _if(figure.low > GAIN.value)
            return Spoken(speaks, GAIN, figure.value)
        case MemorisationSpeed() if found.by_confidence is not None:
            least = min(found.figure.low, found.by_confidence.low)
            return Spoken(_if(least > NOISY.value), NOISY, least)
        case ModeGap() if found.inference > 0:
            share = found.unsettled / found.inference
            return Spoken(_if(share > UNSETTLED.value and not found.settled), UNSETTLED, share)
        case AugmentedSimilarity():
            return Spoken(_if(found.drop.low > LOST.value), LOST, found.drop.value)
    return Spoken()


def _if(holds: bool) -> Speaks:  # noqa: FBT001 - the one thing that it is told
    return Speaks.FOR if holds else Speaks.NEITHER


def _rate(cause: str, found: Sharpness) -> Spoken:
    """The curvature against what the rate bears: far above it, the rate is too high."""
    if cause == "hp.lr_low":
        low = found.converged and 0 < found.ratio < SHORT.value
        return Spoken(_if(low), SHORT, found.ratio)
    return Spoken(_if(found.converged and found.ratio > BEARS.value), BEARS, found.ratio)


def _by_heart(cause: str, found: Memorised, learned: float) -> Spoken:
    """Nothing is learned of all examples: is one batch learnt by heart, and from its inputs?"""
    if not learned < UNLEARNT:
        return Spoken()
    able = found.fits and not found.control_fits
    if cause.startswith("data."):
        return Spoken(Speaks.FOR if able else Speaks.AGAINST)
    return Spoken(Speaks.AGAINST if able else Speaks.FOR)
