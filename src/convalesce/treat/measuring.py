"""What a course leaves open in its changes: the rate, the batch, how strong a regulariser is.

The strength is chosen in trainings from a seed of its own, so that the pairs that verify the
course don't also choose it.
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.readings.yardstick import measure
from convalesce.treat.trainer import Trainer
from convalesce.treat.verifying import SHORT_S

RATE_S = 30.0  # a range test may take so long, or as long as a training
WORTH = 0.03  # by which another must be ahead on one seed, of all there is to know
SEED = 0  # of the search; pairs have 1 and up
DROPOUT = (0.2, 0.35, 0.5, 0.65)  # Srivastava et al. 2014, section A.4: 0.2 to 0.5; and one beyond
BATCHES = 8, 256  # the least and the largest that are tried
UPDATES = 10  # an epoch, at the least
TENTH, TENFOLD = 0.1, 10.0  # penalties are searched by orders of ten

Measured = tuple[tuple[core.Change, ...], tuple[str, ...]]


def measured(
    course: tuple[core.Change, ...], trainer: Trainer, whats: tuple[core.Yardstick, ...]
) -> Measured:
    """The course with what is to be measured as it was found, and how, in sentences.

    Args:
        course: Changes, in order.
        trainer: On the fit.
        whats: Yardsticks of the verification; strengths are compared by the last, the finest.

    Raises:
        core.CannotChange: No rate was found, or no row where labels slipped.
        core.OutOfTime: It would take longer than a training.
    """
    found, said = _rate(trainer.lab.exact(trainer.fit, course), trainer)
    return _strength(found, trainer, whats[-1], said)


def _rate(course: tuple[core.Change, ...], trainer: Trainer) -> Measured:
    others = tuple(c for c in course if not isinstance(c, core.FindLearningRate))
    if others == course:
        return course, ()
    limit = max(RATE_S, trainer.reach.seconds(None))
    found = float(f"{trainer.lab.find_rate(trainer.fit, others, seconds=limit):.2g}")
    said = (
        f"learning rate {found:.2g}: the best of short trainings from equal weights, at rates "
        "that a range test suggests and around them"
    )
    return (*others, core.SetLearningRate(found)), (said,)


def _strength(
    course: tuple[core.Change, ...], trainer: Trainer, what: core.Yardstick, said: tuple[str, ...]
) -> Measured:
    """A regulariser as strong, a batch as large as brings most, where a training is short."""
    if trainer.reach.seconds(None) > SHORT_S:
        return course, said
    other = {i: _others(c) or _by_noise(c, trainer) for i, c in enumerate(course)}
    at = next((i for i, others in other.items() if others), None)
    if at is None:
        return course, said
    known: dict[core.Change, float] = {}
    for change in (course[at], *other[at]):
        try:
            shown = trainer.train((*course[:at], change, *course[at + 1 :]), SEED)
        except core.CannotChange:
            if change is course[at]:
                raise
            continue
        known[change] = measure(shown, what)
    known = {c: v for c, v in known.items() if math.isfinite(v)}
    if course[at] not in known or len(known) < 2:
        return course, said
    best = max(known, key=lambda c: known[c])
    chosen = best if known[best] - known[course[at]] > WORTH else course[at]
    figures = ", ".join(
        f"{_value(c):.3g}: {v:.0%}" for c, v in sorted(known.items(), key=_by_value)
    )
    sentence = f"{chosen}: chosen by {what}, in one training each ({figures})"
    return (*course[:at], chosen, *course[at + 1 :]), (*said, sentence)


def _others(change: core.Change) -> tuple[core.Change, ...]:
    """The same regulariser in other strengths; none for other changes."""
    match change:
        case core.SetDropout(rate=rate) if rate > 0:
            return tuple(replace(change, rate=r) for r in DROPOUT if r != rate)
        case core.SetWeightPenalty(l1=l1, l2=l2) if l1 or l2:
            scales = (TENTH, TENFOLD, TENFOLD**2)
            return tuple(replace(change, l1=_round(l1 * s), l2=_round(l2 * s)) for s in scales)
        case core.SetWeightDecay(value=value) if value > 0:
            return tuple(replace(change, value=_round(value * s)) for s in (TENTH, TENFOLD))
    return ()


def _by_noise(change: core.Change, trainer: Trainer) -> tuple[core.Change, ...]:
    """The batch at which noise and signal of the gradient are equal, where it is another one.

    Above it, examples are used up with little gain; below it, each brings nearly all it can
    (McCandlish et al. 2018, equation 2.7).
    """
    if not isinstance(change, core.SetBatchSize):
        return ()
    try:
        scale = trainer.lab.ask(trainer.fit, core.Instrument.NOISE_SCALE, seconds=math.inf)
    except core.CannotChange:
        return ()
    assert isinstance(scale, core.NoiseScale)  # noqa: S101 - each instrument gives its own
    examples = scale.batch * trainer.reach.steps / max(trainer.reach.epochs, 1)
    low, high = BATCHES
    most = max(low, min(high, examples / UPDATES))
    if math.isnan(scale.figure.value):
        return ()
    size = 2 ** math.floor(math.log2(min(most, max(low, scale.figure.value))))
    return () if size == change.size else (core.SetBatchSize(size),)


def _value(change: core.Change) -> float:
    match change:
        case core.SetDropout(rate=value) | core.SetWeightDecay(value=value):
            return value
        case core.SetBatchSize(size=size):
            return float(size)
        case core.SetWeightPenalty(l1=l1, l2=l2):
            return l2 or l1
    return math.nan


def _by_value(entry: tuple[core.Change, float]) -> float:
    return _value(entry[0])


def _round(value: float) -> float:
    return float(f"{value:.1g}")
