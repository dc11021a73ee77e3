"""The plain guess: always the same causes, the most frequent ones of the calibration cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from benchmarks.diagnosis.claims import Claim


def most_frequent(accepted: Iterable[list[list[str]]]) -> tuple[Claim, ...]:
    """One claim a cause, the most frequent first; equal ones in the order of their ids.

    Args:
        accepted: Of each case, the accepted ids of each planted fault; the first id counts.
    """
    counts = Counter(ids[0] for case in accepted for ids in case)
    ranked = sorted(counts, key=lambda cause: (-counts[cause], cause))
    return tuple(Claim((cause,), f"planted {counts[cause]} times") for cause in ranked)
