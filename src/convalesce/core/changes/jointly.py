"""Several changes as one."""

from __future__ import annotations

from dataclasses import dataclass

from convalesce.core.change import Change


@dataclass(frozen=True)
class Jointly(Change):
    """Changes that mend one fault only together, made in this order."""

    changes: tuple[Change, ...]
    reads = "{changes}"

    def __str__(self) -> str:
        return " and ".join(map(str, self.changes))
