import numpy as np
import pytest

from convalesce.readings import waiting


def test_the_longest_wait_is_counted_up_to_the_best() -> None:
    seen = waiting.waited([5, 4, 4.5, 4.6, 4.7, 3, 9, 9, 9, 9, 9, 9])
    assert seen.longest == 4


def test_the_rate_is_lowered_before_training_would_be_stopped() -> None:
    assert [waiting.patience(n) for n in (1, 4, 100)] == [3, 6, 50]
    assert [waiting.on_plateau(n) for n in (1, 4, 100)] == [2, 3, 25]


def test_noise_is_read_about_any_straight_course() -> None:
    draw = np.random.default_rng(0).normal(0, 0.02, 2000)
    for slope in (0.0, -0.01):
        curve = slope * np.arange(2000) + draw
        assert waiting.waited(curve).noise == pytest.approx(0.02, rel=0.15)


def test_a_curve_of_nothing_is_no_reason_to_wait() -> None:
    assert waiting.waited([]) == waiting.waited([float("nan")]) == waiting.Waited(1, 0.0)
