"""Readings of scanned data that several causes need: class shares, order, noise of a comparison."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from convalesce.core.course import Evaluations, History, Predictions
from convalesce.core.data import Inputs, Split, Targets
from convalesce.core.evidence import Limit

ORDERED = Limit(
    0.5, unit="1", source="half way from random batches (0) to batches of one class (1)"
)
CLASSES = frozenset({"class_index", "binary", "sign", "one_hot"})
NOTHING = 0.05  # of what a constant answer loses: two losses this close are both next to nothing


def unit(value: float) -> float:
    """`value` held between 0 and 1; 0 for nan."""
    return min(1.0, max(0.0, value)) if not math.isnan(value) else 0.0


def share(part: float, whole: float) -> float:
    """`part` of `whole`, held between 0 and 1; 0 of nothing."""
    return unit(part / whole) if 0 < whole < math.inf and math.isfinite(part) else 0.0


def beyond(observed: float, limit: float) -> float:
    """How far a reading lies above its limit: 0.5 at the limit, 0.75 at twice it, towards 1."""
    ratio = observed / limit if limit > 0 else math.inf
    return 1 - 0.5 / ratio if ratio > 1 else 0.5


def size(split: Split | None) -> int:
    """Examples of a split, as far as they are known; 0 where nothing is."""
    if split is None:
        return 0
    return max(0, split.examples if split.examples is not None else split.scanned)


def before_map(split: Split | None) -> bool:
    """The figures are of the source of a pipeline that changes examples on their way."""
    remarks = split.remarks if split is not None else ()
    return any(remark.startswith("Scanned at the source, before") for remark in remarks)


def as_fed(split: Split, fed: Split | None) -> tuple[Inputs, ...]:
    """The inputs as they reach the model: those of the fed batches, where they were recorded."""
    if fed is not None and fed.inputs and fed.inputs[0].mean:
        return fed.inputs
    return () if before_map(split) else split.inputs


def copies(split: Split | None) -> float:
    """Share of examples that equal an earlier one of the same split."""
    found = split.duplicates if split is not None else None
    return share(found.exact, found.compared) if found is not None else 0.0


def labels_of(split: Split | None) -> Targets | None:
    """The first target, where it is one class an example."""
    if split is None or not split.targets or split.targets[0].form not in CLASSES:
        return None
    return split.targets[0]


def shares(counts: Iterable[float]) -> tuple[float, ...]:
    """Share of each class; empty where there is no example or a count makes no sense."""
    found = [float(c) for c in counts]
    total = sum(found)
    if not found or not math.isfinite(total) or total <= 0 or min(found) < 0:
        return ()
    return tuple(c / total for c in found)


def sortedness(targets: Targets) -> float:
    """How far equal labels stand together: 0 in random order, 1 in class order, below 0 mixed.

    Agreement of neighbours beyond chance, as Cohen's kappa (1960) corrects it.
    """
    room = 1 - targets.adjacency_expected
    if not 0 < room <= 1 or not 0 <= targets.adjacency <= 1:
        return 0.0
    return (targets.adjacency - targets.adjacency_expected) / room


def runs(targets: Targets, examples: int) -> float:
    """Number of unbroken runs of equal labels; infinity where the order is not known."""
    if examples < 2 or not 0 <= targets.adjacency <= 1 or sortedness(targets) == 0:
        return math.inf
    return 1 + (1 - targets.adjacency) * (examples - 1)


def present(targets: Targets) -> int:
    """Classes that have at least one example."""
    return sum(count > 0 for count in targets.counts)


def error_of_shift(first: int, second: int) -> float:
    """Standard error of the difference of two means, in standard deviations of the values.

    The figures of a picture's channel are over positions that hang together, so that an example
    counts once: the error is an upper bound.
    """
    if first < 1 or second < 1:
        return math.inf
    return math.sqrt(1 / first + 1 / second)


def noise_of_distance(categories: float, first: float, second: float) -> float:
    """Total variation distance that two samples of one distribution are expected to show.

    For `categories` equally common ones, the worst case; normal approximation: each share
    differs by sqrt(2 / pi) of its standard error on average, and the distance is half the sum.
    """
    if categories < 2 or first < 1 or second < 1:
        return math.inf
    return min(1.0, 0.5 * math.sqrt(2 / math.pi * (categories - 1) * (1 / first + 1 / second)))


def magnitudes(inputs: Inputs) -> tuple[float, ...]:
    """Root mean square of each channel, in the units of the data; nan where it is not known."""
    return tuple(
        math.hypot(mean, std) if math.isfinite(mean) and math.isfinite(std) else math.nan
        for mean, std in zip(inputs.mean, inputs.std, strict=False)
    )


def ranges(inputs: Inputs) -> tuple[float, ...]:
    """Maximum minus minimum of each channel."""
    return tuple(high - low for low, high in zip(inputs.minimum, inputs.maximum, strict=False))


def largest(values: Iterable[float]) -> float:
    """The largest finite value; 0 where there is none."""
    return max((v for v in values if math.isfinite(v)), default=0.0)


def repeats_by_chance(within: float) -> float:
    """Share of new examples that repeat one of a sample of which a share `within` repeats others.

    Of a sample of n from values of probabilities q, the expected share of repeats is the mean of
    h(n q), and the chance that a further one repeats the mean of g(n q), both weighted by q, with
    g(x) = 1 - exp(-x) and h(x) = 1 - g(x) / x. g is a concave function of h, so that by Jensen's
    inequality equally common values, for which g(x) is returned, bound every case from above.
    """
    if not 0 < within < 1:
        return unit(within)
    low, high = 0.0, 2.0
    while 1 + math.expm1(-high) / high < within:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        too_low = 1 + math.expm1(-middle) / middle < within
        low, high = (middle, high) if too_low else (low, middle)
    return -math.expm1(-high)


def togetherness(
    batches: NDArray[np.float64], shares: Sequence[float]
) -> tuple[float, float, float]:
    """How often two examples of one batch are of one class.

    Args:
        batches: Examples of each class in each batch, shape `(batches, classes)`.
        shares: Class shares of all the data.

    Returns:
        Share of pairs of one class; the same for random batches; examples in these batches.
        The share is nan where no batch holds two examples.
    """
    with np.errstate(all="ignore"):
        counts = batches.reshape(len(batches), -1)
        sizes = counts.sum(1)
        counts, sizes = counts[sizes >= 2], sizes[sizes >= 2]
        pairs = (counts * (counts - 1)).sum(1) / (sizes * (sizes - 1))
        alike = float(pairs.mean()) if len(pairs) else math.nan
        return alike, sum(share**2 for share in shares), float(sizes.sum())


def beyond_chance(share: float, chance: float) -> float:
    """Of what chance leaves open: 0 where a share is that of chance, 1 where it is all."""
    return (share - chance) / (1 - chance) if chance < 1 else 0.0


def hold_out_loss(
    evaluations: Evaluations, history: History | None, answers: Predictions | None
) -> float:
    """Worst hold-out loss over the last validation loss; nan where one of them is not known.

    1 where they differ by next to nothing of what a constant answer would lose.

    Args:
        evaluations: Calls on hold-out data.
        history: The curves.
        answers: On validation examples, for the loss of a constant answer.
    """
    losses = [call.metrics.get("loss", math.nan) for call in evaluations.calls]
    known = [loss for loss in losses if math.isfinite(loss)]
    validation = history.curve("val_loss")[-1:] if history is not None else ()
    if not known or not validation or not validation[0] > 0:
        return math.nan
    chance = answers.baseline_loss if answers is not None else math.nan
    near = max(known) - validation[0] < NOTHING * chance
    return 1.0 if near else max(known) / validation[0]
