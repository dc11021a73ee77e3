"""What was trained once is not trained again."""

from __future__ import annotations

from dataclasses import replace

from convalesce import core
from convalesce.lab.remembering import Remembering
from tests.confirm.bench import WrittenLab

WIDE = core.Arm(changes=(core.ScaleWidth(4.0),), seed=1)


def test_a_whole_training_is_made_once_and_one_that_was_watched_stands_for_both() -> None:
    lab = WrittenLab(lambda _: 0.5)
    remembering = Remembering(lab)
    watched = replace(WIDE, closely=True)
    first = remembering.train(0, watched, seconds=1)
    assert remembering.train(0, watched, seconds=1) is first
    assert remembering.train(0, WIDE, seconds=1) is first
    assert lab.trained == [watched]


def test_an_unwatched_training_does_not_stand_for_a_watched_one() -> None:
    lab = WrittenLab(lambda _: 0.5)
    remembering = Remembering(lab)
    remembering.train(0, WIDE, seconds=1)
    remembering.train(0, replace(WIDE, closely=True), seconds=1)
    assert len(lab.trained) == 2


def test_other_fits_seeds_and_lengths_are_other_trainings() -> None:
    lab = WrittenLab(lambda _: 0.5)
    remembering = Remembering(lab)
    arms = [WIDE, replace(WIDE, seed=2), replace(WIDE, steps=10), replace(WIDE, steps=10)]
    for fit in (0, 1):
        for arm in arms:
            remembering.train(fit, arm, seconds=1)
    assert lab.trained == [*arms, *arms]  # short ones are cheap, and each is asked for once
    assert remembering.spent_s == lab.spent_s
