"""The search on written results: what it finds, what it keeps, what it repeats."""

from __future__ import annotations

import math
import os
import random
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from convalesce import core
from convalesce.study import Known, finals, starts
from convalesce.study.limit import PATIENCE, SLACK_S, longest
from convalesce.studying import importance
from tests.study.examples import REACH, WrittenCrew, hill, rate_of, search, small_space


def test_from_what_is_known_it_takes_a_third_of_the_trials_of_chance(tmp_path: Path) -> None:
    known = [core.InsertBatchNormalization()]
    within = small_space(known=[*known, core.SetLearningRate(0.2)])
    made = search(tmp_path, WrittenCrew(hill), within)
    made.begin(list(starts(within, Known(proven=tuple(known)), 0.2)))
    best = max(t.value for t in made.go(8))
    wide, lucky = small_space(), []
    for seed in range(20):
        draw = random.Random(seed)  # noqa: S311 - no secret
        points = [{d.name: _drawn(d, draw) for d in wide.dimensions} for _ in range(24)]
        lucky.append(max(hill(core.Arm(changes=wide.changes(p))) for p in points))
    assert best >= statistics.median(lucky)


def _drawn(dimension: core.Dimension, draw: random.Random) -> core.Value:
    if dimension.choices:
        return draw.choice(dimension.choices)
    return float(math.exp(draw.uniform(math.log(dimension.low), math.log(dimension.high))))


def test_it_begins_with_what_is_known_the_proven_first(tmp_path: Path) -> None:
    known = [core.ScaleLearningRate(10.0), core.InsertBatchNormalization()]
    within = small_space(known=[*known, core.SetLearningRate(0.3)])
    made = search(tmp_path, WrittenCrew(hill), within)
    assert made.begin(list(starts(within, Known(*((c,) for c in known)), 0.3))) == 0
    trials = made.go(8)
    assert trials[0].changes == ()
    origins = ["script", "diagnosis", "diagnosis", "measured", "usual", "usual"]
    assert [t.origin for t in trials] == [*origins, "diagnosis", "measured"]
    assert core.SetOptimizer("Adam") in trials[4].changes
    assert core.SetEpochs(8) in trials[5].changes
    assert trials[1].changes == (core.SetLearningRate(0.1),)
    assert trials[2].changes == (core.InsertBatchNormalization(), core.SetLearningRate(0.1))
    assert trials[3].value == pytest.approx(0.9)


def test_it_tries_without_a_longer_training_first() -> None:
    known = Known(proven=(core.SetEpochs(12), core.InsertBatchNormalization()))
    within = small_space(known=known.all)
    begun = [within.changes(point) for _, point in starts(within, known)]
    assert begun[:3] == [(), known.proven[1:], (known.proven[1], known.proven[0])]


def test_a_longer_training_may_take_longer() -> None:
    brief, long = core.Arm(), core.Arm(changes=(core.SetEpochs(12),))  # of four
    asked = [longest(REACH, arms) - SLACK_S for arms in ([brief], [brief, long])]
    apart = asked[1] - asked[0]
    assert apart == pytest.approx(PATIENCE * 2 * REACH.steps * REACH.seconds_a_step)


def test_the_training_that_was_watched_is_not_trained_again(tmp_path: Path) -> None:
    within, crew = small_space(), WrittenCrew(hill)
    told: list[core.StudyTrial] = []
    made = search(tmp_path, crew, within, seen=0.4, told=told.append)
    assert made.begin(list(starts(within, Known((core.InsertBatchNormalization(),))))) == 0
    trials = made.go(6)
    assert (trials[0].changes, trials[0].value, trials[0].origin) == ((), 0.4, "script")
    assert len(crew.trained) == 5
    assert all(arm.changes for arm in crew.trained[:1])
    assert [t.number for t in told] == list(range(6))
    assert made.begin([]) == 6


def test_a_study_keeps_its_ranges_though_another_rate_is_measured_later(tmp_path: Path) -> None:
    """What waits since the first call lies within them, or Optuna would warn of it."""
    measured = core.SetLearningRate(3000.0)
    first = small_space(known=(measured,))
    made = search(tmp_path, WrittenCrew(hill), first)
    made.begin(list(starts(first, Known(likely=(measured,)), measured.rate)))
    made.go(1)
    again = search(tmp_path, WrittenCrew(hill), small_space())
    assert again.space.ranges != first.ranges
    again.begin(list(starts(again.space, Known())))
    assert again.space.ranges == first.ranges
    rates = {rate_of(core.Arm(changes=t.changes)) for t in again.go(4)}
    assert measured.rate in rates


def test_the_order_in_which_arms_end_changes_nothing(tmp_path: Path) -> None:
    found = []
    for backwards in (False, True):
        within = small_space()
        made = search(tmp_path / str(backwards), WrittenCrew(hill, backwards=backwards), within)
        made.begin(list(starts(within, Known())))
        found.append([(dict(t.point), t.value) for t in made.go(12)])
    assert found[0] == found[1]


def test_poor_curves_are_cut_off_by_the_median_of_others(tmp_path: Path) -> None:
    within = small_space()
    made = search(tmp_path, WrittenCrew(hill), within)
    made.begin(list(starts(within, Known())))
    trials = made.go(24)
    pruned = [t for t in trials if t.state == "pruned"]
    assert pruned
    assert all(t.state == "finished" for t in trials[:4])
    assert all(t.value == t.reached[-1] for t in pruned)


def test_what_fails_is_told_with_its_reason_and_the_study_goes_on(tmp_path: Path) -> None:
    def brings(arm: core.Arm) -> float:
        if rate_of(arm) > 0.1:
            raise core.CannotChange("too bold")
        return hill(arm)

    within = small_space()
    made = search(tmp_path, WrittenCrew(brings), within)
    made.begin(list(starts(within, Known((core.ScaleLearningRate(50.0),)))))
    trials = made.go(8)
    failed = [t for t in trials if t.state == "failed"]
    assert failed
    assert {t.why for t in failed} == {"CannotChange"}
    assert len(trials) == 8


def test_finalists_are_trained_from_other_seeds_against_the_script(tmp_path: Path) -> None:
    def brings(arm: core.Arm) -> float:
        return hill(arm) + 0.002 * arm.seed

    within = small_space(known=[core.SetLearningRate(0.3)])
    crew = WrittenCrew(brings)
    made = search(tmp_path, crew, within)
    made.begin(list(starts(within, Known(), 0.3)))
    trials = made.go(12)
    ended = finals(made, trials)
    assert ended[0].changes == ()
    assert math.isnan(ended[0].gain)
    assert [f.mean for f in ended[1:]] == sorted((f.mean for f in ended[1:]), reverse=True)
    assert all(len(f.values) == 3 for f in ended)
    best = core.Study(trials=trials, finalists=ended).best
    assert best is not None
    assert best.low > 0


def test_the_gain_of_a_finalist_has_a_student_interval(tmp_path: Path) -> None:
    gains = (0.05, 0.2, 0.35)

    def brings(arm: core.Arm) -> float:
        better = gains[arm.seed - 1] if arm.seed and arm.changes else 0.0
        return 0.4 + better + (0.1 if arm.changes else 0.0)

    within = small_space()
    made = search(tmp_path, WrittenCrew(brings), within)
    made.begin(list(starts(within, Known())))
    one = finals(made, made.go(4))[1]
    half = 4.302653 * statistics.stdev(gains) / math.sqrt(3)  # of two degrees of freedom
    assert one.gain == pytest.approx(0.3)
    assert (one.low, one.high) == pytest.approx((0.3 - half, 0.3 + half))
    assert one.low < 0 < one.gain - 1.96 * statistics.stdev(gains) / math.sqrt(3)


def test_nothing_better_is_an_answer(tmp_path: Path) -> None:
    within = small_space()
    made = search(tmp_path, WrittenCrew(lambda arm: 0.5 - 0.05 * len(arm.changes)), within)
    made.begin(list(starts(within, Known())))
    trials = made.go(8)
    assert core.Study(trials=trials, finalists=finals(made, trials)).best is None


def test_what_matters_is_measured(tmp_path: Path) -> None:
    within = small_space()
    made = search(tmp_path, WrittenCrew(hill), within)
    made.begin(list(starts(within, Known())))
    made.go(24)
    found = importance(made.optuna, 0)
    assert max(found, key=lambda name: found[name]) == "learning rate"


SLOW = """
import sys, time
from pathlib import Path
from convalesce.study import Known, starts
from tests.study.examples import WrittenCrew, hill, search, small_space
def brings(arm):
    time.sleep(0.3)
    return hill(arm)
within = small_space()
made = search(Path(sys.argv[1]), WrittenCrew(brings), within)
made.begin(list(starts(within, Known())))
print("begun", flush=True)
made.go(100)
"""


def test_a_kill_loses_no_trial_that_had_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SLOW, str(tmp_path)]
    within = small_space()
    known: list[tuple[int, float]] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "begun\n"
            deadline = time.monotonic() + 120
            while len(known) < 6 and time.monotonic() < deadline:
                time.sleep(0.5)
                watched = search(tmp_path, WrittenCrew(hill), within)
                known = [(t.number, t.value) for t in watched.trials()]
        finally:
            os.kill(child.pid, signal.SIGKILL)
    assert len(known) >= 6
    made = search(tmp_path, WrittenCrew(hill), within)
    there = made.begin(list(starts(within, Known())))
    assert there >= len(known)
    trials = made.go(there + 6)
    kept = [(t.number, t.value) for t in trials[: len(known)]]
    assert repr(kept) == repr(known)
    assert len(trials) == there + 6
