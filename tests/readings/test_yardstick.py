"""What an experiment is measured by."""

import math

import pytest

from convalesce import core
from convalesce.readings.yardstick import measure


def validation(accuracy: float, baseline: float) -> core.Signals:
    answers = core.Predictions(
        role="validation",
        examples=100,
        accuracy=accuracy,
        baseline_accuracy=baseline,
        loss=1 - accuracy,
        baseline_loss=1 - baseline,
    )
    return core.record({core.VALIDATION_ANSWERS: answers})


@pytest.mark.parametrize("what", [core.Yardstick.KNOWN, core.Yardstick.SURE, core.Yardstick.EVEN])
def test_missing_the_only_class_there_is_is_worse_than_chance(what: core.Yardstick) -> None:
    assert measure(validation(0.0, 1.0), what) == -1
    assert measure(validation(0.25, 1.0), what) == -0.75
    assert math.isnan(measure(validation(1.0, 1.0), what))  # nothing was to be known
    assert measure(validation(0.75, 0.5), what) == pytest.approx(0.5)


def test_by_a_loss_without_a_lower_bound_nothing_is_sure() -> None:
    signed = core.Predictions(
        role="validation", examples=9, loss=-9e7, baseline_loss=0.67, accuracy=0.6,
        baseline_accuracy=0.6,
    )  # fmt: skip
    signals = core.record({core.VALIDATION_ANSWERS: signed})
    assert measure(signals, core.Yardstick.SURE) == 0.0
