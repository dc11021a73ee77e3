"""Two splits against each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convalesce.core.data import Across, Duplicates, Inputs, Neighbours, Split, Targets
from convalesce.observe.scan import fingerprints
from convalesce.observe.scan.features import Answer, answer_of, points, space_of
from convalesce.observe.scan.fingerprints import Fingerprints
from convalesce.observe.scan.moved import moved
from convalesce.observe.scan.neighbours import nearest_across, nearest_within, neighbours
from convalesce.observe.scan.pictures import Pictures, near_across
from convalesce.observe.scan.reservoir import Sampled

OFTEN = 50  # times a token must be expected in either split to be compared on its own


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sketch:
    """What is kept of a split beside its facts, to hold it against another one.

    Attributes:
        tokens: How often each token of the first input stands there.
        same_rows: Which rows of its source a split holds is known.
    """

    prints: Fingerprints
    sample: Sampled
    pictures: Pictures | None = None
    tokens: dict[int, int] | None = None
    same_rows: bool = True


def across(train: Split, ours: Sketch, other: Split, theirs: Sketch) -> Across:
    """Everything that two splits tell about each other."""
    shift, spread = _moments(train.inputs, other.inputs)
    near, distance = _nearest(train, ours, other, theirs)
    return Across(
        role=other.role,
        duplicates=_duplicates(train, ours, theirs),
        shift=shift,
        spread=spread,
        label_shift=label_shift(train.targets, other.targets),
        only_there=only_there(train.targets, other.targets),
        token_shift=token_shift(ours.tokens, theirs.tokens),
        neighbours=near,
        distance=distance,
        texture=_texture(train, ours.sample, other, theirs.sample),
    )


def label_shift(train: tuple[Targets, ...], other: tuple[Targets, ...]) -> float:
    """Total variation distance of the class shares; of means, for continuous targets."""
    if not train or not other:
        return 0.0
    a, b = train[0], other[0]
    if a.form == "continuous" and b.form == "continuous":
        if not a.column_std or len(a.column_std) != len(b.column_std):
            return _gap(a.mean, b.mean, a.std)
        gaps = zip(a.column_mean, b.column_mean, a.column_std, strict=True)
        return max((_gap(*gap) for gap in gaps), key=abs, default=0.0)
    if not sum(a.counts) or not sum(b.counts):
        return 0.0
    return total_variation(dict(enumerate(a.counts)), dict(enumerate(b.counts)))


def only_there(train: tuple[Targets, ...], other: tuple[Targets, ...]) -> tuple[int, ...]:
    """Classes that training never shows."""
    if not train or not other:
        return ()
    shown = {c for c, n in enumerate(train[0].counts) if n}
    return tuple(c for c, n in enumerate(other[0].counts) if n and c not in shown) if shown else ()


def token_shift(train: dict[int, int] | None, other: dict[int, int] | None) -> float:
    """Total variation distance of the token histograms, the rarer tokens taken together.

    Rare tokens differ between any two samples: counted one by one, they would fake a shift.
    """
    if not train or not other:
        return 0.0
    both = sum(train.values()) + sum(other.values())
    least = OFTEN * both / min(sum(train.values()), sum(other.values()))
    counts = {t: train.get(t, 0) + other.get(t, 0) for t in train.keys() | other.keys()}
    common = {t for t, n in counts.items() if n >= least}
    return total_variation(_pooled(train, common), _pooled(other, common))


def total_variation(left: dict[int, int], right: dict[int, int]) -> float:
    """Half the sum of the differences of two histograms, each scaled to 1."""
    a, b = sum(left.values()), sum(right.values())
    if not a or not b:
        return 0.0
    keys = left.keys() | right.keys()
    return sum(abs(left.get(k, 0) / a - right.get(k, 0) / b) for k in keys) / 2


def _pooled(counts: dict[int, int], common: set[int]) -> dict[int, int]:
    kept = {t: n for t, n in counts.items() if t in common}
    return {**kept, -(1 << 62): sum(counts.values()) - sum(kept.values())}


def _moments(
    train: tuple[Inputs, ...], other: tuple[Inputs, ...]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Shift and spread; a channel that is constant in training is measured by the other split."""
    if not train or not other or len(train[0].mean) != len(other[0].mean):
        return (), ()
    a, b = train[0], other[0]
    scales = tuple(s or t for s, t in zip(a.std, b.std, strict=True))
    shift = tuple(_gap(*g) for g in zip(a.mean, b.mean, scales, strict=True))
    spread = tuple(t / s if s > 0 else 1.0 for s, t in zip(a.std, b.std, strict=True))
    return shift, spread


def _gap(ours: float, theirs: float, scale: float) -> float:
    """In standard deviations; two constants that differ are infinitely far apart."""
    if math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12):
        return 0.0
    return (theirs - ours) / scale if scale > 0 else math.copysign(math.inf, theirs - ours)


def _ratio(theirs: float, ours: float) -> float:
    if ours > 0:
        return theirs / ours
    return 1.0 if theirs == 0 else math.inf


def _duplicates(train: Split, ours: Sketch, theirs: Sketch) -> Duplicates:
    if not ours.same_rows or not theirs.same_rows:
        return Duplicates()
    copies = _copies(ours, theirs)
    return _with_moved(copies, train, ours.sample, theirs.sample)


def _copies(ours: Sketch, theirs: Sketch) -> Duplicates:
    found = fingerprints.across(ours.prints, theirs.prints)
    if ours.pictures is None or theirs.pictures is None:
        return found
    pairs = near_across(ours.pictures, theirs.pictures)
    exact = fingerprints.copies_across(ours.prints, theirs.prints)
    near = [(a, b) for a, b in pairs if b not in exact]
    firsts = tuple({b: (a, b) for a, b in reversed(near)}.values())
    shown = (*found.pairs, *sorted(firsts))[: fingerprints.PAIRS]
    compared = found.compared or len(theirs.pictures.rows)
    return replace(found, near=len(firsts), pairs=shown, compared=compared)


def _with_moved(found: Duplicates, train: Split, ours: Sampled, theirs: Sampled) -> Duplicates:
    """And pictures that are one of the other split, moved; where samples are of full size."""
    if not train.inputs or train.inputs[0].kind != "image":
        return found
    first, second = (s.inputs[0] if s.inputs else None for s in (ours, theirs))
    whole = all(factor == 1 for s in (ours, theirs) for factor in s.factors[:1])
    if first is None or second is None or not whole or min(first.ndim, second.ndim) < 3:
        return found
    seen = moved(first, second)
    pairs = [(int(ours.rows[a]), int(theirs.rows[b])) for a, b in seen.pairs]
    shown = (*found.pairs, *pairs)[: fingerprints.PAIRS]
    return replace(found, moved=seen.found, moved_of=seen.of, pairs=shown)


def _nearest(
    train: Split, ours: Sketch, other: Split, theirs: Sketch
) -> tuple[Neighbours | None, float]:
    space = space_of(ours.sample, train.inputs)
    if space is None or len(ours.sample.rows) < 2 or not len(theirs.sample.rows):
        return None, 1.0
    here, there = points(space, ours.sample), points(space, theirs.sample)
    if here is None or there is None:
        return None, 1.0
    near, far = nearest_across(here, there)
    _, usual = nearest_within(here)
    distance = _ratio(float(np.median(far)), float(np.median(usual)))
    own = answer_of(theirs.sample, other.targets)
    pool = answer_of(ours.sample, train.targets)
    if own is None or pool is None:
        return None, distance
    own, pool = _aligned(own, pool, train, other)
    examples = other.examples or other.scanned
    return neighbours(own, near, pool, theirs.sample.rows, examples), distance


def _aligned(own: Answer, pool: Answer, train: Split, other: Split) -> tuple[Answer, Answer]:
    """Labels judged by the form of training where a small split looks like another one."""
    if own.kind == pool.kind or {own.kind, pool.kind} != {"class", "number"}:
        return own, pool
    if (
        train.targets[0].form == "class_index"
        and own.values.ndim == 2
        and other.targets[0].integral
    ):
        whole: NDArray[np.int64] = np.nan_to_num(own.values[:, 0], nan=-1.0).astype(np.int64)
        return Answer("class", whole), pool
    return own, pool


def _texture(train: Split, ours: Sampled, other: Split, theirs: Sampled) -> float:
    roughs = [_roughness(s, k) for s, k in ((train, ours), (other, theirs))]
    return _ratio(roughs[1], roughs[0]) if all(math.isfinite(r) for r in roughs) else math.nan


def _roughness(split: Split, sample: Sampled) -> float:
    """Mean step between neighbours over the standard deviation of all values."""
    if sample.roughness is None or not split.inputs or not split.inputs[0].std:
        return math.nan
    known = sample.roughness[np.isfinite(sample.roughness)]
    mean, std = np.array(split.inputs[0].mean), np.array(split.inputs[0].std)
    spread = float(np.sqrt((std**2).mean() + mean.var()))
    return float(known.mean()) / spread if len(known) and spread > 0 else math.nan
