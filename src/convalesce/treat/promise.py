"""What was proven in retrainings, and what the edited script comes to when it is run whole.

An edit may be valid Python and not the change that was retrained: another callback ends the
training, or a layer is built and never called. Only its own training tells.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.readings.yardstick import measure, sampling_error

KEPT = 0.5  # of the gain that was proven: with less, the script is nearer to the original


def held_to(treatment: core.Treatment, run: core.Run, original: core.Run) -> core.Treatment:
    """The treatment with what the edited script reached; not run, where that falls short.

    Where it answers worse than the original, the course itself is no proven one.

    Args:
        treatment: Proven and written, its edited script run whole.
        run: What that showed.
        original: What the script showed as it was.
    """
    proven = treatment.verified
    signals, before = run.signals_of(treatment.fit), original.signals_of(treatment.fit)
    if proven is None or proven.verdict is not core.Verdict.CONFIRMED or signals is None:
        return treatment
    reached = measure(signals, proven.predict.what)
    if not math.isfinite(reached):
        return treatment
    control, treated = float(np.mean(proven.control)), float(np.mean(proven.treated))
    least = min(control + KEPT * (treated - control), min(proven.treated) - proven.noise)
    if reached < least:
        return replace(
            treatment,
            ran=False,
            ran_says=(
                f"{proven.predict.what} came to {reached:.0%} in a whole run of it, "
                f"and to {treated:.0%} in the retrainings"
            ),
        )
    if proven.predict.what is core.Yardstick.SURE and before is not None:
        lost = _lost(before, signals)
        if lost:
            return replace(treatment, ran=False, ran_says=lost, why_not=lost)
    said = f"{treatment.ran_says}: {proven.predict.what} came to {reached:.0%}"
    return replace(treatment, ran_says=said)


def _lost(before: core.Signals, after: core.Signals) -> str:
    """That more answers are wrong than chance moves, where surer ones were proven; else empty."""
    what = core.Yardstick.KNOWN
    known, reached = measure(before, what), measure(after, what)
    error = math.hypot(sampling_error(before, what), sampling_error(after, what))
    if not reached < known - error:
        return ""
    return (
        f"its answers were surer and more of them wrong: {what} went from {known:.0%} to "
        f"{reached:.0%} in a whole run of it"
    )
