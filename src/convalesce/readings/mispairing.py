"""Labels that don't belong to their inputs, read off the labels of examples that look alike.

Agreement of neighbours is taken beyond chance (as Cohen's kappa, 1960, corrects it): 1 where
neighbours always agree, 0 where labels are independent of inputs. A task whose raw inputs
tell nothing by likeness gives 0 as well, so a firm statement needs a contrast: one split or one
part of the data against another.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convalesce.core.course import Predictions
from convalesce.core.data import Across, Neighbours, Split

SURE_BY = 5.0  # standard errors: a chance of less than one in a million, many looks allowed for
NOISE = 3.0  # standard errors that count as chance
CHANCE = 2.0  # where it is stated that one split is chance: labels dealt anew pass it in 2 of 100
ALIKE = 0.2  # agreement beyond chance that says likeness tells the label
CLEAR = 0.5  # share of a class's neighbours in one other class
SOUND = 0.9  # share of labels not drawn by lot above which no noise is claimed
CLOSE = 0.15  # two estimates of that share that mean the same
FEWEST = 200
EVEN = 1.25  # ratio of distances, spreads and textures of two splits that are prepared alike
SHIFT = 0.5  # standard deviations between their means
TOKENS = 0.2  # total variation between their tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Mispairing:
    """One sign that labels and inputs don't belong together.

    Attributes:
        signal: Whose figure it is.
        observed: Agreement beyond chance, `limit` what it is held against.
        firm: It rests on a contrast within the data.
        grave: Training cannot succeed so.
    """

    signal: str
    observed: float
    limit: float
    says: str
    mend: str
    strength: float
    firm: bool = False
    grave: bool = True
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement beyond chance, and its standard error if labels were independent of inputs."""

    value: float
    error: float

    @property
    def none(self) -> bool:
        """It is what chance gives."""
        return abs(self.value) <= NOISE * self.error

    @property
    def some(self) -> bool:
        """Likeness surely tells the label."""
        return self.value > max(ALIKE, SURE_BY * self.error)


def agreement(found: Neighbours | None) -> Agreement | None:
    """None for few examples, a single class, or figures that make no sense."""
    if found is None or found.sample < FEWEST or not 0 <= found.expected < 1:
        return None
    if not -1 <= found.agreement <= 1:
        return None
    room = 1 - found.expected
    spread = math.sqrt(found.expected * room) / room if found.expected else 1.0
    value = (found.agreement - found.expected) / room
    return Agreement(value, spread / math.sqrt(found.sample))


def mispairings(
    train: Split,
    validation: Split | None,
    across: Across | None,
    answers: tuple[Predictions | None, Predictions | None],
) -> Iterator[Mispairing]:
    """Signs of wrong pairs, firm ones first.

    Args:
        train: The training split.
        validation: The other one.
        across: One against the other.
        answers: Of the trained model on training and on validation.
    """
    ours = agreement(train.neighbours)
    theirs = agreement(validation.neighbours) if validation else None
    yield from _renumbered(across, answers)
    yield from _one_split(across, ours, theirs, answers)
    yield from _slipped(train, ours)
    yield from _noisy(train, across, ours, theirs, answers)
    yield from _nothing_to_learn(ours, theirs, answers)


def _renumbered(
    across: Across | None, answers: tuple[Predictions | None, Predictions | None]
) -> Iterator[Mispairing]:
    """Each class of validation looks like, or is answered as, one other class of training."""
    found = across.neighbours if across else None
    if found is not None and agreement(found) is not None and found.agreement < found.expected:
        yield from _moved("across", found.confusion, found.agreement, found.expected, "looks like")
        return
    trained, held = answers
    if trained is None or held is None or held.examples < FEWEST or found is not None:
        return
    if trained.accuracy > CLEAR and held.accuracy < held.baseline_accuracy:
        table = [[n / max(sum(row), 1) for n in row] for row in held.confusion]
        yield from _moved("answers", table, held.accuracy, held.baseline_accuracy, "is answered as")


def _moved(
    signal: str, table: Sequence[Sequence[float]], observed: float, limit: float, how: str
) -> Iterator[Mispairing]:
    clear = {
        own: max(range(len(row)), key=row.__getitem__)
        for own, row in enumerate(table)
        if row and max(row) >= CLEAR
    }
    moved = [own for own, other in clear.items() if own != other]
    if len(clear) < 2 or len(moved) <= len(clear) / 2 or len(set(clear.values())) < len(clear):
        return
    first = moved[0]
    yield Mispairing(
        signal=signal,
        observed=observed,
        limit=limit,
        says=f"validation numbers its classes otherwise: its class {first} {how} class "
        f"{clear[first]} of training, and {len(moved)} of {len(clear)} classes are so",
        mend="number the classes of both splits by one list",
        strength=1.0,
        firm=True,
    )


def _alike(across: Across) -> bool:
    """Inputs of both splits are of one kind: what differs is not how they were prepared."""
    spread = (
        across.distance,
        *across.spread,
        1.0 if math.isnan(across.texture) else across.texture,
    )
    even = all(1 / EVEN <= value <= EVEN for value in spread)
    return even and all(abs(s) <= SHIFT for s in across.shift) and across.token_shift <= TOKENS


def _one_split(
    across: Across | None,
    ours: Agreement | None,
    theirs: Agreement | None,
    answers: tuple[Predictions | None, Predictions | None],
) -> Iterator[Mispairing]:
    """Likeness tells the label in one split and nothing in the other, whose inputs are alike.

    Where validation is answered better than blindly, labels of both splits do belong to inputs.
    """
    if ours is None or theirs is None or across is None or not _alike(across):
        return
    if _blind(answers[1]) is False:
        return
    pairs = (("train", ours, theirs), ("validation", theirs, ours))
    for name, bad, good in pairs:
        # Where one class is all but alone, chance alone may span what the other split shows.
        apart = good.value - bad.value > SURE_BY * math.hypot(bad.error, good.error)
        chance = bad.value <= CHANCE * bad.error
        if chance and good.some and apart:
            yield Mispairing(
                signal=name,
                observed=bad.value,
                limit=CHANCE * bad.error,
                says=f"{name} labels have nothing to do with their inputs: examples that look "
                f"alike agree {bad.value:.2f} beyond chance, those of the other split "
                f"{good.value:.2f}",
                mend=f"pair inputs and labels of the {name} split again",
                strength=1.0,
                firm=True,
            )


def _slipped(train: Split, ours: Agreement | None) -> Iterator[Mispairing]:
    """Pairs hold up to some row, and from there on they are chance."""
    found = train.neighbours
    if found is None or ours is None or len(found.segments) < 2 or _sorted(train):
        return
    count, expected = len(found.segments), found.expected
    each = ours.error * (1 - expected)  # of the whole, in shares
    for cut in range(1, count):
        for good, bad in (
            (found.segments[:cut], found.segments[cut:]),
            (found.segments[cut:], found.segments[:cut]),
        ):
            left, right = sum(good) / len(good), sum(bad) / len(bad)
            spread = each * math.sqrt(count / len(good) + count / len(bad))
            chance = abs(right - expected) <= NOISE * each * math.sqrt(count / len(bad))
            if chance and left - right > SURE_BY * spread:
                where = "from" if good == found.segments[:cut] else "up to"
                row = (train.examples or train.scanned) * cut // count
                yield Mispairing(
                    signal="train",
                    observed=right,
                    limit=left,
                    says=f"inputs and labels slip {where} about row {row}: look-alikes agree "
                    f"{left:.2f} on one side and {right:.2f}, which is chance, on the other",
                    mend=f"join inputs and labels by a key; look around row {row}",
                    strength=0.95,
                    firm=True,
                )
                return


def _sorted(train: Split) -> bool:
    if not train.targets:
        return True
    first = train.targets[0]
    room = 1 - first.adjacency_expected
    return not room > 0 or not first.adjacency - first.adjacency_expected <= 0.1 * room


def _noisy(
    train: Split,
    across: Across | None,
    ours: Agreement | None,
    theirs: Agreement | None,
    answers: tuple[Predictions | None, Predictions | None],
) -> Iterator[Mispairing]:
    """Share of training labels that are not drawn by lot, estimated in two ways that must agree.

    Where that share is q and validation is clean, agreement beyond chance within training is q²
    of that within validation, and agreement across is q of it.
    """
    between = agreement(across.neighbours) if across else None
    if ours is None or theirs is None or between is None or across is None:
        return
    found = train.neighbours
    if not theirs.some or ours.value <= 0 or found is None or not found.confusion:
        return
    if not _alike(across):
        return
    within, over = math.sqrt(ours.value / theirs.value), between.value / theirs.value
    if max(within, over) >= SOUND or abs(within - over) > CLOSE:
        return
    if theirs.value - ours.value <= SURE_BY * (theirs.error + ours.error):
        return
    trained, held = answers
    ahead = trained and held and held.accuracy > trained.accuracy
    yield Mispairing(
        signal="train",
        observed=ours.value,
        limit=theirs.value,
        says=f"about {100 * (1 - within):.0f} % of the training labels are as if drawn by lot: "
        f"look-alikes agree {ours.value:.2f} beyond chance, those of validation {theirs.value:.2f}"
        + ("; the model answers validation better than training" if ahead else ""),
        mend="look through the named examples, whose look-alikes all carry another label",
        strength=0.9 if ahead else 0.7,
        firm=bool(ahead),
        grave=False,
        rows=found.disagreeing,
    )


def _nothing_to_learn(
    ours: Agreement | None,
    theirs: Agreement | None,
    answers: tuple[Predictions | None, Predictions | None],
) -> Iterator[Mispairing]:
    """Likeness tells nothing anywhere, and the model answers validation no better than blindly."""
    trained, held = answers
    if ours is None or not ours.none or (theirs is not None and not theirs.none):
        return
    blind = _blind(held)
    if blind is None or not blind:
        return
    memorised = _blind(trained) is False
    yield Mispairing(
        signal="train",
        observed=ours.value,
        limit=NOISE * ours.error,
        says="nothing ties labels to inputs: look-alikes agree as chance has it, and validation "
        "is answered no better than blindly"
        + (", while training is learnt by heart" if memorised else ""),
        mend="check that inputs and labels were shuffled, sorted and cut alike",
        strength=0.65 if memorised else 0.4,
        grave=False,
        rows=trained.hardest if trained else (),
    )


def _blind(held: Predictions | None) -> bool | None:
    """No better than the best constant answer; None where it can't be told."""
    if held is None or held.examples < 1:
        return None
    if not math.isnan(held.r2):
        return held.r2 <= NOISE / math.sqrt(held.examples)
    chance = held.baseline_accuracy
    if math.isnan(held.accuracy) or not 0 < chance < 1:
        return None
    return held.accuracy <= chance + NOISE * math.sqrt(chance * (1 - chance) / held.examples)
