"""Figures that the lab took on a fit, and for which cause they speak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from convalesce.core.evidence import Limit
from convalesce.core.instruments import (
    AlongUpdate,
    AugmentedSimilarity,
    Figure,
    InitialLoss,
    LearningCurve,
    MemorisationSpeed,
    Memorised,
    ModeGap,
    NoiseScale,
    Sharpness,
)


class Instrument(StrEnum):
    """What can be asked of a fit, by the name of the instrument's file."""

    ALONG_UPDATE = "along_update"
    AUGMENTED_SIMILARITY = "augmented_similarity"
    INITIAL_LOSS = "initial_loss"
    LEARNING_CURVE = "learning_curve"
    MEMORISATION_SPEED = "memorisation_speed"
    MEMORISE = "memorise"
    MODE_GAP = "mode_gap"
    NOISE_SCALE = "noise_scale"
    SHARPNESS = "sharpness"


Answered = (
    AlongUpdate
    | AugmentedSimilarity
    | InitialLoss
    | LearningCurve
    | MemorisationSpeed
    | Memorised
    | ModeGap
    | NoiseScale
    | Sharpness
)


class Speaks(StrEnum):
    """What a figure says of a suspicion."""

    FOR = "for"
    AGAINST = "against"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One figure taken for a finding.

    Attributes:
        says: What was found, in a sentence, the point at which it was taken included.
        speaks: For the cause, against it, or neither.
        limit: That the figure is held against; None where it is only told.
        observed: What is held against it.
    """

    instrument: Instrument
    figure: Figure
    says: str
    speaks: Speaks = Speaks.NEITHER
    limit: Limit | None = None
    observed: float = float("nan")
