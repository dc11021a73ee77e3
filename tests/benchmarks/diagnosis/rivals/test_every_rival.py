"""What holds for every rival."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.diagnosis.rivals import (
    RIVALS,
    autotrainer,
    deepdiagnosis,
    deeplocalize,
    of_run,
    sagemaker,
    umlaut,
)
from convalesce import core
from convalesce.causes import all_causes
from tests.benchmarks.diagnosis.rivals.training import STEPS, training

MEANS = {
    "autotrainer": autotrainer.MEANS,
    "deepdiagnosis": deepdiagnosis.SYMPTOMS,
    "its fixes": deepdiagnosis.FIXES,
    "deeplocalize": deeplocalize.MEANS,
    "sagemaker": sagemaker.MEANS,
    "umlaut": umlaut.MEANS,
}


@pytest.mark.parametrize("name", RIVALS)
def test_a_sound_training_is_left_alone(name: str) -> None:
    assert RIVALS[name](training()) == ()


@pytest.mark.parametrize("name", RIVALS)
def test_an_empty_record_says_nothing(name: str) -> None:
    assert RIVALS[name](core.record({})) == ()


@pytest.mark.parametrize("name", RIVALS)
def test_each_signal_may_be_absent(name: str) -> None:
    whole = training().recorded
    for signal in whole:
        RIVALS[name](core.Signals({s: v for s, v in whole.items() if s is not signal}))


@pytest.mark.parametrize("name", RIVALS)
def test_what_a_compiled_step_hides_is_no_fault(name: str) -> None:
    hidden = {
        signal: core.Series(series.steps, np.full_like(series.values, np.nan), series.labels)
        for signal, series in training().recorded.items()
        if signal.kind is core.Series
    }
    assert RIVALS[name](training(hidden)) == ()


@settings(max_examples=25, deadline=None)
@given(
    numbers=arrays(np.float64, STEPS, elements=st.floats(allow_nan=True, allow_infinity=True)),
    signal=st.sampled_from([s for s in training().recorded if s.kind is core.Series]),
)
def test_any_numbers_are_survived(numbers: np.ndarray, signal: core.Signal[core.Series]) -> None:
    series = training()[signal]
    values = np.broadcast_to(
        numbers.reshape(-1, *[1] * (series.values.ndim - 1)), series.values.shape
    )
    broken = training({signal: core.Series(series.steps, values, series.labels)})
    with np.errstate(all="ignore"):
        for say in RIVALS.values():
            assert all(claim.causes for claim in say(broken))


@pytest.mark.parametrize("name", MEANS)
def test_what_is_said_is_mapped_to_causes_that_exist(name: str) -> None:
    named = {cause for causes in MEANS[name].values() for cause in causes}
    assert named <= set(all_causes())


def test_every_fix_that_can_be_chosen_is_mapped() -> None:
    assert deepdiagnosis.CHOICES.keys() == deepdiagnosis.SYMPTOMS.keys()
    chosen = {fix for fixes in deepdiagnosis.CHOICES.values() for fix in fixes}
    assert chosen == set(deepdiagnosis.FIXES)


def test_every_rule_has_a_meaning_and_the_same_rank_in_both_lists() -> None:
    assert list(sagemaker.RULES) == list(sagemaker.MEANS)


def test_what_two_fits_say_alike_is_said_once() -> None:
    dead = training({core.LEARNING_RATE: np.full(STEPS, 0.5)})
    run = core.Run(script="s.py", fits=tuple(core.Fit(index=i, signals=dead) for i in range(2)))
    assert len(of_run(umlaut.say, run)) == len(umlaut.say(dead)) == 1


def test_no_rival_copies_a_number_without_its_source() -> None:
    for module in (autotrainer, deepdiagnosis, deeplocalize, sagemaker, umlaut):
        found = [v for v in vars(module).values() if isinstance(v, core.Limit)]
        assert found and all(limit.source and limit.unit for limit in found)
