"""What a tool says of one run, in a form that all tools share."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """One thing said, at its rank.

    Attributes:
        causes: Ids that it is taken to name; right when any of them is accepted.
        says: In the tool's own words.
        confidence: 0 … 1; nan where the tool gives none.
        confirmed: It is said to be proven.
    """

    causes: tuple[str, ...]
    says: str = ""
    confidence: float = math.nan
    confirmed: bool = False

    def names(self, accepted: frozenset[str] | list[str]) -> bool:
        """One of its ids is among the accepted."""
        return any(cause in accepted for cause in self.causes)
