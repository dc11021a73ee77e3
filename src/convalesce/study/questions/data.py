"""What would more data bring?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from convalesce import core

Measure = Callable[[], core.LearningCurve]


def data(measure: Measure) -> core.Answer:
    """The validation loss against the number of examples, and what twice as many would bring.

    Args:
        measure: Trains on growing shares and fits a power law (Hestness et al. 2017).
    """
    try:
        curve = measure()
    except core.CannotChange as error:
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
        )
        for size, losses in zip(curve.sizes, curve.losses, strict=True)
    ]
    said = curve.says[:1].upper() + curve.says[1:]
    return core.Answer(
        question="data",
        says=said if said.endswith(".") else f"{said}.",
        head=("examples", "lowest validation loss", "between seeds"),
        rows=tuple(rows),
        curves=(
            core.Curve(
                name="validation loss",
                x=tuple(map(float, curve.sizes)),
                y=tuple(float(np.nanmean(one)) for one in curve.losses),
            ),
        ),
        axes=("examples", "lowest validation loss"),
    )
