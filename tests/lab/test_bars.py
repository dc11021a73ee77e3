"""Arms that are measured by the way, and broken off below a bar."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("keras")

from convalesce import core
from convalesce.lab.crew import Alone
from convalesce.readings.yardstick import measure
from tests.lab.test_bench import LEARNED, net, pytestmark, train, trained  # noqa: F401


def bars(*shares: float, least: float = -math.inf) -> tuple[core.Bar, ...]:
    return tuple(core.Bar(share=s, what=LEARNED, least=least) for s in shares)


def test_measuring_by_the_way_changes_nothing() -> None:
    lab, _ = trained(net())
    with lab.open():
        plain = train(lab, seed=3)
        measured = train(lab, seed=3, bars=bars(0.25, 0.5))
    assert measured[core.TRAIN_ANSWERS].loss == plain[core.TRAIN_ANSWERS].loss
    reached = measured[core.HISTORY].reached
    assert len(reached) == 2
    assert all(math.isfinite(r) for r in reached)
    assert plain[core.HISTORY].reached == ()


def test_an_arm_below_its_bar_is_broken_off() -> None:
    lab, _ = trained(net())
    with lab.open(), pytest.raises(core.BelowBar) as broken:
        train(lab, bars=(*bars(0.25), *bars(0.5, least=1.5)))
    assert len(broken.value.reached) == 2


def test_a_crew_goes_on_after_an_arm_that_fails() -> None:
    lab, _ = trained(net())
    arms = [
        core.Arm(bars=bars(0.5, least=1.5)),
        core.Arm(changes=(core.SetLearningRate(0.1),)),
    ]
    with lab.open():
        got = dict(Alone(lab).train(0, arms, seconds=120))
    assert isinstance(got[0], core.BelowBar)
    assert isinstance(got[1], core.Signals)
    assert math.isfinite(measure(got[1], LEARNED))
