"""Verification: the original against the mended, trained to their ends from equal seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from convalesce import core
from convalesce.causes import all_causes
from convalesce.readings.pairs import RELEVANT, SIGMAS, effect
from convalesce.readings.yardstick import MADE_UP_FOR, measure, sampling_error
from convalesce.treat.trainer import Trainer

PAIRS = 3  # retrainings of the original and of the mended
MORE = 6  # where three pairs show a gain that they can't tell from noise, and six could
SECOND = 2.178  # sigmas at a second look, Pocock 1977, table 1: what a first one leaves of 5 %
LONG_S = 120.0  # a training that takes longer is repeated once only
NOTHING = RELEVANT.value  # known: no more than a constant answer
SHORT_S = 60.0  # a training that takes longer is not spent on a search, nor on further pairs
# What a mend of these brings is honesty, not a better figure.
FLATTERED = {"data.leakage", "hp.metric"}
# Of these, the yardsticks themselves are flattered; a metric is none of them.
FLATTERING = {"data.leakage"}

Diagnose = Callable[[core.Signals], core.Diagnosis]
Pair = tuple[core.Signals, core.Signals]  # what the original showed, and what the mended


def verify(
    changes: tuple[core.Change, ...],
    against: list[core.Finding],
    trainer: Trainer,
    diagnose: Diagnose,
) -> core.Treatment:
    """Original against mended from equal seeds, until three pairs agree or one shows no gain.

    Where they are near to showing one, three more are made, and more is asked of all six.
    """
    whats = yardsticks(against, trainer.reach)
    causes = tuple(f.cause for f in against)
    seconds = trainer.reach.seconds(None)
    steps = trainer.reach.steps
    honest = _honest(changes, against)
    seeds = range(1, PAIRS + 1) if seconds <= LONG_S else range(1, 2)
    _ahead(changes, honest, seeds, trainer)
    first = trainer.train(changes, 1, closely=True)
    still = {f.cause for f in diagnose(first).findings if f.serious}
    gone = tuple(c for c in causes if c not in still)
    facts = _by_facts(against, gone)
    pairs: list[Pair] = []
    for seed in seeds:
        pairs.append(_pair(changes, honest, seed, trainer))
        if not facts and _lost(pairs[-1], whats):
            break
    tried = [compared(changes, what, pairs, steps) for what in whats]
    if seconds <= SHORT_S and not facts and _near(tried):
        _ahead(changes, honest, range(PAIRS + 1, MORE + 1), trainer)
        pairs += [_pair(changes, honest, seed, trainer) for seed in range(PAIRS + 1, MORE + 1)]
        tried = [compared(changes, what, pairs, steps, SECOND) for what in whats]
    verified = _shown(tried)
    return core.Treatment(
        fit=trainer.fit,
        causes=causes,
        changes=changes,
        verified=verified,
        gone=gone,
        why_not=_objection(verified, against, gone),
        few=f"one training takes about {seconds:.0f} s" if len(seeds) == 1 else "",
    )


def _ahead(
    changes: tuple[core.Change, ...],
    honest: tuple[core.Change, ...],
    seeds: Iterable[int],
    trainer: Trainer,
) -> None:
    """Have a crew train these pairs, where there is one."""
    trainer.ahead(
        [
            arm
            for seed in seeds
            for arm in (
                core.Arm(changes=changes, seed=seed, closely=seed == 1),
                core.Arm(changes=honest, seed=seed),
            )
        ]
    )


def _pair(
    changes: tuple[core.Change, ...], honest: tuple[core.Change, ...], seed: int, trainer: Trainer
) -> Pair:
    mended = trainer.train(changes, seed, closely=seed == 1)
    return trainer.train(honest, seed), mended


def _lost(pair: Pair, whats: tuple[core.Yardstick, ...]) -> bool:
    """By no yardstick the mended is ahead."""
    return all(measure(pair[1], what) <= measure(pair[0], what) for what in whats)


def _near(tried: list[core.Tried]) -> bool:
    """A gain that three pairs can't tell from noise, and six such pairs could."""
    first = tried[0]
    if first.pairs < PAIRS or first.high < 0:
        return False
    if any(t.verdict is core.Verdict.CONFIRMED for t in tried):
        return False
    return any(t.effect > SECOND * t.noise / math.sqrt(MORE) for t in tried)


def _honest(
    changes: tuple[core.Change, ...], against: list[core.Finding]
) -> tuple[core.Change, ...]:
    """What the original is given too, so that its figures are not flattered.

    Of several causes, the mends of those whose mend brings honesty.
    """
    flattered = [f for f in against if f.cause in FLATTERING]
    if not flattered or len(flattered) == len(against):
        return ()
    kinds = {type(change) for f in flattered for change in f.remedies}
    kept = tuple(c for c in changes if type(c) in kinds)
    return kept if kept != changes else ()


def _shown(tried: list[core.Tried]) -> core.Tried:
    """By the first yardstick; by a further one where that alone shows a gain and none a loss.

    More than a standard error below nothing is taken for a loss: surer answers of which more are
    wrong are no mend.
    """
    first = tried[0]
    lost = first.effect < -first.noise / math.sqrt(max(first.pairs, 1))
    if first.verdict is core.Verdict.CONFIRMED or lost:
        return first
    return next((t for t in tried if t.verdict is core.Verdict.CONFIRMED), first)


def compared(
    changes: tuple[core.Change, ...],
    what: core.Yardstick,
    pairs: list[Pair],
    steps: int,
    sigmas: float = SIGMAS,
) -> core.Tried:
    """What pairs of an original and a mended training show by a yardstick."""
    control = [measure(original, what) for original, _ in pairs]
    treated = [measure(mended, what) for _, mended in pairs]
    found = effect(control, treated, control, sampling_error(pairs[-1][0], what), sigmas)
    return core.Tried(
        changes=changes,
        predict=core.Rises(what),
        control=tuple(control),
        treated=tuple(treated),
        noise=found.noise,
        effect=found.mean,
        low=found.low,
        high=found.high,
        steps=steps,
        verdict=core.Verdict.CONFIRMED if found.low > 0 else core.Verdict.UNDECIDED,
    )


def _objection(verified: core.Tried, against: list[core.Finding], gone: tuple[str, ...]) -> str:
    """Why a course is not proven; empty where it is."""
    known = float(np.mean(verified.treated))
    if verified.verdict is core.Verdict.CONFIRMED:
        still = f"retrained with it, {verified.predict.what} is {known:.0%}: next to nothing still"
        return still if known < NOTHING and not _by_facts(against, gone) else ""
    if _by_facts(against, gone):
        honest = any(f.cause in FLATTERED for f in against)
        if honest or not verified.high < 0:
            return ""
        return "it removed what was found, and the figures became worse"
    return (
        f"retrained with it, {verified.predict.what} went from "
        f"{np.mean(verified.control):.0%} to {np.mean(verified.treated):.0%}, "
        "which is no gain beyond noise"
    )


def _by_facts(against: list[core.Finding], gone: tuple[str, ...]) -> bool:
    """Everything that it is against was stated from facts and is no longer found.

    What a mend only makes up for is not mended by no longer being found.
    """
    return all(
        f.evidence.stated and f.cause in gone and f.cause not in MADE_UP_FOR for f in against
    )


def yardsticks(against: list[core.Finding], reach: core.Reach) -> tuple[core.Yardstick, ...]:
    """By what the causes themselves are tried, where there is validation to do so.

    What is known of validation is also told by its loss: bad labels cost certainty first.
    """
    if not reach.validated:
        return (core.Yardstick.LEARNED,)
    what = next(_wanted(against), core.Yardstick.KNOWN)
    return (what, core.Yardstick.SURE) if what is core.Yardstick.KNOWN else (what,)


def _wanted(against: list[core.Finding]) -> Iterator[core.Yardstick]:
    for finding in against:
        what = all_causes()[finding.cause].probe(finding.evidence).predict.what
        if what in {core.Yardstick.EVEN, core.Yardstick.SURE}:
            yield what
