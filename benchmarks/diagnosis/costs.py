"""What the diagnosis cost: from the figures that `record.py` keeps beside each record."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Spent:
    """Seconds of one recorded run; None where they were not taken.

    Attributes:
        whole: From the start of the command to its report: the time to a diagnosis.
        plain: The same script under plain python.
        probes: For experiments after the training. So are `monitor` and `scan`.
    """

    whole: float
    plain: float | None
    training: float
    monitor: float
    scan: float
    probes: float

    @property
    def over_plain(self) -> float | None:
        """Whole time over that of plain python."""
        return self.whole / self.plain if self.plain else None

    @property
    def probes_over_training(self) -> float | None:
        """Time for probes over that of the training."""
        return self.probes / self.training if self.training else None


def spent(meta: Mapping[str, Any]) -> Spent | None:
    """The figures of one recorded run; None where it left no report."""
    report = meta.get("report")
    if report is None:
        return None
    cost = report["cost"]
    return Spent(
        whole=meta["seconds"],
        plain=meta.get("plain_seconds"),
        training=cost["training_s"],
        monitor=cost["monitor_s"],
        scan=cost["scan_s"],
        probes=cost["probes_s"],
    )


def table(runs: Sequence[Spent]) -> list[str]:
    """Median, ninth tenth and largest of each figure."""
    lines = [f"{'':28s} {'runs':>5s} {'median':>8s} {'90 %':>8s} {'most':>8s}"]
    figures: dict[str, Sequence[float | None]] = {
        "time to diagnosis, s": [r.whole for r in runs],
        "  of it training, s": [r.training for r in runs],
        "  of it monitor, s": [r.monitor for r in runs],
        "  of it scan, s": [r.scan for r in runs],
        "  of it probes, s": [r.probes for r in runs],
        "probes over training": [r.probes_over_training for r in runs],
        "time over plain python": [r.over_plain for r in runs],
    }
    for name, values in figures.items():
        known = [v for v in values if v is not None]
        if known:
            lines.append(
                f"{name:28s} {len(known):5d} {statistics.median(known):8.2f}"
                f" {ninth_tenth(known):8.2f} {max(known):8.2f}"
            )
    return lines


def ninth_tenth(values: Sequence[float]) -> float:
    """The smallest value that at least nine tenths do not exceed."""
    ranked = sorted(values)
    return ranked[-(-9 * len(ranked) // 10) - 1]
