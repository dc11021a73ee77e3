"""What was proven in retrainings, and what the edited script comes to when it is run whole.

An edit may be valid Python and not the change that was retrained: another callback ends the
training, or a layer is built and never called. Only its own training tells.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from convalesce import core
from convalesce.readings.yardstick import measure

KEPT = 0.5  # of the gain that was proven: with less, the script is nearer to the original


def held_to(treatment: core.Treatment, run: core.Run) -> core.Treatment:
    """The treatment with what the edited script reached; not run, where that falls short.

    Args:
        treatment: Proven and written, its edited script run whole.
        run: What that showed.
    """
    proven = treatment.verified
    signals = next((f.signals for f in run.fits if f.index == treatment.fit), None)
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
    said = f"{treatment.ran_says}: {proven.predict.what} came to {reached:.0%}"
    return replace(treatment, ran_says=said)
