"""What the instruments of the lab return: one figure each, how sure it is, and what it says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure with its interval at 95 %; an end that nothing bounds is infinite."""

    value: float
    low: float
    high: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:.3g} ({self.low:.3g} … {self.high:.3g})"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlongUpdate:
    """The loss along the next update.

    Attributes:
        figure: Factor on the update at which the loss is lowest; the interval is the bracket of
            the neighbouring factors, and open where the lowest loss stands at an end.
        factors: Ascending. `losses`: at each, nan or inf where the loss was.
        slope: d loss / d factor at factor 0, of the parabola through the factors around 0 and 1.
        curvature: d² loss / d factor² of that parabola.
        past: The whole update ends past the valley.
        climbs: The loss after the update is higher than before.
    """

    figure: Figure
    factors: tuple[float, ...]
    losses: tuple[float, ...]
    slope: float
    curvature: float
    past: bool
    climbs: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharpness:
    """Largest curvature of the training loss against what the rate in force bears.

    Attributes:
        figure: λmax, of the preconditioned Hessian where the optimizer is adaptive.
        threshold: Above it, the update of a quadratic loss diverges.
        ratio: λmax / threshold.
        converged: The power iteration had settled.
        products: Hessian–vector products taken, over all examples each.
        preconditioned: P⁻¹H was asked, not H.
        normalisation: `batch` or `inference`: statistics that BatchNormalization used.
        examples: Over which the loss was taken.
    """

    figure: Figure
    threshold: float
    ratio: float
    converged: bool
    products: int
    preconditioned: bool
    normalisation: str
    examples: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseScale:
    """Simple gradient noise scale, tr Σ / |G|².

    Attributes:
        figure: In examples. Infinite where no gradient stands out of the noise.
        signal: Estimate of |G|². `noise`: of tr Σ, of one example.
        batch: Examples of one update, with which it is compared.
        gradients: Half-batch gradients that were taken.
    """

    figure: Figure
    signal: float
    noise: float
    batch: int
    gradients: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InitialLoss:
    """The loss before any update against what it ought to be.

    Attributes:
        figure: Mean over batches.
        expected: Of equal answers for all classes, or of answers at the middle of the output's
            range; nan where none is known for the loss.
        excess: Figure − expected.
        spread: Standard deviation between batches.
        batches: That were asked.
    """

    figure: Figure
    expected: float
    excess: float
    spread: float
    batches: int
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memorised:
    """Whether one small batch can be learnt by heart, and whether that needs its inputs.

    Attributes:
        figure: 1 − loss reached / loss reached on blanked inputs: 1 where the inputs were learnt
            by heart, 0 where they made no difference. The interval is over the rows.
        start: Loss before training. `reached`: after it. `control`: after the same training on
            blanked inputs.
        fits: The batch was learnt. `control_fits`: with blanked inputs as well.
        rows: Of the batch. `steps`: updates of each arm.
        needed: Update at which a tenth of the first loss was reached; None where it never was.
    """

    figure: Figure
    start: float
    reached: float
    control: float
    fits: bool
    control_fits: bool
    rows: int
    steps: int
    needed: int | None
    says: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A learning rate that one reading of a range test proposes."""

    estimator: str
    rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTest:
    """A learning-rate range test. Its rates are guesses until short arms confirm one.

    Attributes:
        figure: Geometric mean of the candidates; the interval spans them.
        candidates: One an estimator; none where the loss never fell.
        rates: Rising. `losses`: of the update made at each.
        diverged: Rate at which the loss left; None where it stayed.
    """

    figure: Figure
    candidates: tuple[Candidate, ...]
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    diverged: float | None
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmedRate:
    """Short arms at several rates, from one state and on the same batches.

    Attributes:
        figure: The rate of the lowest mean loss; the interval spans the rates that can't be told
            from it.
        rates: That were tried. `losses`: at the end of each arm, `(rate, seed)`; inf where it
            diverged.
        better: The figure's rate is better than the one in force, beyond the noise between seeds.
    """

    figure: Figure
    rates: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]
    better: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """loss = floor + scale · examples^−exponent, fitted to a learning curve.

    Attributes:
        doubled: Share of the loss that twice the data would take away.
        exponent: Its interval is given that floor.
    """

    scale: float
    exponent: Figure
    floor: float
    doubled: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningCurve:
    """Validation loss against the number of training examples.

    Attributes:
        figure: Share of the validation loss that twice the data would take away.
        sizes: Examples trained on. `losses`: lowest validation loss, `(size, seed)`.
        skills: 1 − mean loss / loss of the best constant answer, at each size.
        law: The fit.
        gain: Share of the loss that is wished away. `needed`: factor on the data that this takes;
            inf where no amount is expected to bring it.
        steps: Updates of each training. `whole`: of the observed one; 0 where it is not known.
    """

    figure: Figure
    sizes: tuple[int, ...]
    losses: tuple[tuple[float, ...], ...]
    skills: tuple[float, ...]
    law: PowerLaw
    gain: float
    needed: Figure
    steps: int
    says: str
    whole: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemorisationSpeed:
    """How late each example is learned, and what share of the labels that makes wrong.

    Attributes:
        figure: Estimated share of wrong labels, by the mixture of losses.
        by_confidence: The same by out-of-fold predictions; None where none were made.
        suspects: Rows whose label looks wrong, the most suspect first; by both where both ran.
        areas: Mean loss over the epochs, of each row.
        learnt: First epoch of each row from which on its answer is right to the end; −1 for never.
        forgotten: Times that a right answer of each row became wrong.
        epochs: That were watched.
    """

    figure: Figure
    by_confidence: Figure | None
    suspects: tuple[int, ...]
    areas: tuple[float, ...]
    learnt: tuple[int, ...]
    forgotten: tuple[int, ...]
    epochs: int
    says: str


@dataclass(frozen=True, slots=True)
class MovingStatistics:
    """A BatchNormalization layer's moving statistics against those of a large sample.

    Attributes:
        mean: Root mean square over channels of (moving mean − mean) / standard deviation.
        variance: The same of ln(moving variance / variance).
        noise: What both would be, had they settled, from the spread between batches alone.
    """

    layer: str
    mean: float
    variance: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeGap:
    """Loss in inference mode against training mode, on the same rows and weights.

    Attributes:
        figure: Loss in inference mode − loss in training mode.
        training: Loss in training mode. `quiet`: the same without random layers.
            `inference`: in inference mode. `settled_loss`: in inference mode, had the moving
            statistics settled.
        random: Part of the gap that dropout and other random layers make.
        normalisation: Part that BatchNormalization makes.
        unsettled: Part of it that is due to moving statistics which lag behind.
        layers: Each BatchNormalization layer that is not frozen.
        settled: All moving statistics agree with the sample.
    """

    figure: Figure
    training: float
    quiet: float
    inference: float
    settled_loss: float
    random: float
    normalisation: float
    unsettled: float
    layers: tuple[MovingStatistics, ...]
    settled: bool
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentedSimilarity:
    """Augmented examples against their originals and against other classes.

    Attributes:
        figure: Share of augmented examples nearer to an example of another class than to their
            own original.
        own: Median distance to the own original. `other`: to the nearest of another class.
        between: Median distance of a plain example to the nearest of another class.
        space: `inputs` or `features`, standardised.
        drop: Accuracy on plain − on augmented examples.
    """

    figure: Figure
    own: float
    other: float
    between: float
    space: str
    drop: Figure
    plain_accuracy: float
    augmented_accuracy: float
    says: str
