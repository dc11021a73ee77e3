"""Ways in which the inputs of a split differ from those of training, beyond chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from convalesce.core.data import Across, Split
from convalesce.core.evidence import Limit
from convalesce.readings.data_reading import (
    copies,
    error_of_shift,
    noise_of_distance,
    share,
    size,
    unit,
)

SHIFT = Limit(1, unit="std", source="the whole deviation of the training values")
SPREAD = Limit(2, unit="1", source="a factor of 2, as between 0..1 and -1..1")
ALL_SPREAD = 10.0  # an order of magnitude in a single channel, or in a drifting series
RARE = 0.1  # of the columns may be of the kind that hardly varies; none of fewer than ten
TOKENS = Limit(0.5, unit="1", source="half of all tokens would have to be others")
TEXTURE = Limit(1.1, unit="1", source="a tenth rougher or smoother than training")
DISTANCE = Limit(1.1, unit="1", source="a tenth further from training than training from itself")
EQUAL = Limit(
    0.5, unit="1", source="half of the examples have become copies of others, in one split only"
)
BLANK = Limit(0.5, unit="1", source="half of the pictures of one class, and of one split only")
GAP = Limit(
    0.3,
    unit="1",
    source="of what training shows; other writers or days mostly cost less, and so does memory",
)
ENOUGH_TO_HOLD_OUT = 250  # a fifth are 50: a share of them is known to 0.07 (binomial)
KNOWN_AGAIN = 0.05  # of training are copies: more would be known wherever they are held out
SURE = 6.0  # standard errors, for the largest of many channels
ENOUGH = 20  # pictures of a class to speak about it
MOVED_LABELS = 0.3  # class shares this far apart shift the inputs by themselves
SAME_LABELS = 0.1  # so far apart, they can explain a tenth
LIKELY = 3.0  # standard errors, where examples differ among themselves by as much as they measure


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which a split differs from training.

    Attributes:
        observed: The figure, in the limit's unit.
        what: Of the inputs of the other split, as the end of a sentence.
        sure: Neither chance nor drift nor another mix of classes explains it.
    """

    observed: float
    limit: Limit
    what: str
    sure: bool = False


def of_draws(train: Split, other: Split | None, found: Iterable[Difference]) -> bool:
    """What differs may be what training's random steps do to each example.

    They move mean and deviation little; a scale that is off is another preprocessing.
    """
    drawn = train.draws and not (other is not None and other.draws)
    return drawn and not any(one.limit in {SHIFT, SPREAD} for one in found)


def apart(train: Split) -> bool:
    """Examples held out of training are many, and new: no copies, no windows that overlap."""
    kind = train.inputs[0].kind if train.inputs else "other"
    form = train.targets[0].form if train.targets else "absent"
    near = share(train.duplicates.near, train.duplicates.compared)
    windows = kind in {"sequence", "tabular"} and form == "continuous"
    new = max(copies(train), near) < KNOWN_AGAIN and not windows
    return new and size(train) >= ENOUGH_TO_HOLD_OUT


def differences(train: Split, other: Split | None, across: Across) -> Iterator[Difference]:
    """Every way in which the inputs of `other` are unlike those of training.

    Args:
        train: Training.
        other: Validation or a hold-out, as far as it was scanned.
        across: The one against the other.
    """
    error = error_of_shift(across.train_rows or size(train), across.other_rows or size(other))
    kind = train.inputs[0].kind if train.inputs else "other"
    form = train.targets[0].form if train.targets else "absent"
    drifts = kind in {"sequence", "tabular"} and form == "continuous"
    alike = form == "continuous" or across.label_shift < MOVED_LABELS
    settled = alike and not drifts
    subtle = not drifts and (form == "continuous" or across.label_shift < SAME_LABELS)
    least = 1 + LIKELY * error
    if kind == "tokens":
        yield from _tokens(train, other, across)
    else:
        found = _moments(across, error, settled=settled)
        yield from (replace(one, sure=one.sure and not across.at_source) for one in found)
    rough = _factor(across.texture)
    if subtle and rough > max(TEXTURE.value, least):
        rougher = "rougher" if across.texture > 1 else "smoother"
        yield Difference(rough, TEXTURE, f"they are {rough:.2f} times {rougher}")
    far_off = max(DISTANCE.value, least) < across.distance < math.inf
    if subtle and kind != "tokens" and far_off:
        far = f"they lie {across.distance:.2f} times as far from training as training from itself"
        yield Difference(across.distance, DISTANCE, far)
    more = copies(other) - copies(train)
    if more >= EQUAL.value and size(other) >= ENOUGH:
        shown = f"{copies(other):.0%} of them are copies of one another"
        yield Difference(more, EQUAL, shown, sure=not across.at_source)
    if other is not None and kind in {"image", "volume"}:
        yield from _blank(train, other)


def _moments(across: Across, error: float, *, settled: bool) -> Iterator[Difference]:
    """Mean and deviation of the channels."""
    shift = max((abs(s) for s in across.shift if not math.isnan(s)), default=0.0)
    if shift >= SHIFT.value and shift > SURE * error:
        shown = f"their mean lies {shift:.2f} training deviations off"
        yield Difference(shift, SHIFT, shown, sure=settled)
    factors = sorted(_factor(s) for s in across.spread if s > 0)
    if not factors or not error < 1 / SURE:
        return
    # Of hundreds of columns, such as the pixels of a flat picture, a few barely ever vary in
    # training, and one example moves their deviation: a fault meets more than those.
    most = factors[-1 - int(RARE * len(factors))]
    middle = factors[len(factors) // 2]
    for factor, least in ((middle, SPREAD.value), (most, ALL_SPREAD)):
        if factor >= least:
            shown = f"their deviation differs {factor:.3g}-fold"
            yield Difference(factor, SPREAD, shown, sure=settled or factor >= ALL_SPREAD)
            return


def _tokens(train: Split, other: Split | None, across: Across) -> Iterator[Difference]:
    """Histograms of tokens, beyond what so many draws differ by."""
    if other is None or not other.inputs:
        return
    amounts = [_tokens_in(split) for split in (train, other)]
    noise = noise_of_distance(float(train.inputs[0].vocabulary or 0), *amounts)
    beyond = across.token_shift - noise
    if not TOKENS.value <= beyond <= 1:
        return
    common = other.inputs[0].commonest_token
    shown = f"their token shares differ by {across.token_shift:.2f} (0 alike, 1 apart)"
    if common is not None and other.inputs[0].commonest_token_share > TOKENS.value:
        shown += f", {other.inputs[0].commonest_token_share:.0%} of them are token {common}"
    yield Difference(beyond, TOKENS, shown, sure=across.label_shift < MOVED_LABELS)


def _tokens_in(split: Split) -> float:
    """Tokens of a split that are not padding."""
    length = math.prod(n or 1 for n in split.inputs[0].shape)
    filled = 1 - unit(split.inputs[0].zero_share)
    return max(0, size(split)) * max(1, length) * filled


def _blank(train: Split, other: Split) -> Iterator[Difference]:
    """A class whose pictures are nearly blank in one split only."""
    ours, theirs = (s.inputs[0].blank_share_by_class if s.inputs else () for s in (train, other))
    for c, (a, b) in enumerate(zip(ours, theirs, strict=False)):
        counts = [s.targets[0].counts[c : c + 1] if s.targets else () for s in (train, other)]
        if abs(a - b) >= BLANK.value and all(n and n[0] >= ENOUGH for n in counts):
            shown = f"{a:.0%} of class {c} are nearly blank in training and {b:.0%} here"
            yield Difference(abs(a - b), BLANK, shown, sure=True)


def _factor(ratio: float) -> float:
    """A ratio, or its inverse where that is larger; 1 where it makes no sense."""
    return max(ratio, 1 / ratio) if ratio > 0 and math.isfinite(ratio) else 1.0
