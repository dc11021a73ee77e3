"""What would more data bring?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from convalesce import core
from convalesce.study.questions.parts import PLATEAU, STOPPING
from convalesce.study.questions.rivals import SETS_RATE

Measure = Callable[[], core.LearningCurve]
LEFT_OUT = (SETS_RATE, PLATEAU)  # callbacks that a learning curve does not follow


def data(measure: Measure, signals: core.Signals, *, whole: bool = True) -> core.Answer:
    """The validation loss against the number of examples, and what twice as many would bring.

    Args:
        measure: Trains on growing shares and fits a power law (Hestness et al. 2017).
        signals: The record of the fit.
        whole: All examples could be kept, not a sample.
    """
    try:
        curve = measure()
    except (core.CannotChange, core.OutOfTime) as error:
        return core.Answer(
            question="data",
            says="What more data would bring can't be measured here.",
            not_asked=(("learning curve", str(error)),),
        )
    rows = [
        (
            f"{size}",
            f"{np.nanmean(losses):.4g}",
            f"{np.nanmin(losses):.4g} to {np.nanmax(losses):.4g}",
            f"{int(np.isnan(losses).sum())} of {len(losses)}",
        )
        for size, losses in zip(curve.sizes, curve.losses, strict=True)
    ]
    said = curve.says[:1].upper() + curve.says[1:]
    return core.Answer(
        question="data",
        says=" ".join([said if said.endswith(".") else f"{said}.", *_limits(curve, whole=whole)]),
        head=("examples", "lowest validation loss", "between seeds", "failed"),
        rows=tuple(rows),
        curves=(
            core.Curve(
                name="validation loss",
                x=tuple(map(float, curve.sizes)),
                y=tuple(float(np.nanmean(one)) for one in curve.losses),
            ),
        ),
        axes=("examples", "lowest validation loss"),
        not_asked=tuple(_unfollowed(signals)),
    )


def _limits(curve: core.LearningCurve, *, whole: bool) -> Iterator[str]:
    """What the curve does not say, because it was cut or made on a sample."""
    if curve.steps < curve.whole:
        yield (
            f"There was time for {curve.steps} of the {curve.whole} updates of a whole training: "
            "this holds for trainings so short. Longer ones learn more from the same examples, "
            "and may gain less by more of them, or more where they overfit."
        )
    elif curve.whole:
        yield f"Each training made the {curve.whole} updates of the script's own."
    if not whole:
        yield f"Only {curve.sizes[-1]} examples could be kept: twice as many means twice these."


def _unfollowed(signals: core.Signals) -> Iterator[tuple[str, str]]:
    setup = signals.recorded.get(core.SETUP)
    names = {c.name for c in setup.callbacks} if isinstance(setup, core.Setup) else set()
    for name in LEFT_OUT:
        if name in names:
            yield name, "a learning curve is trained without it, at the rate of the optimizer"
    if STOPPING in names:
        yield STOPPING, "the lowest loss of each training counts instead"
