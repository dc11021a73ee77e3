"""An edited script that runs whole must come to what its retrainings came to."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from convalesce import core
from convalesce.treat import written
from convalesce.treat.promise import held_to
from convalesce.treat.rehearsal import Rehearsed
from tests.confirm.bench import record
from tests.treat.test_writing import COURSE, RUN, SCRIPT

KNOWN = core.Rises(core.Yardstick.KNOWN)
VERIFIED = core.Tried(
    changes=COURSE.changes,
    predict=KNOWN,
    control=(0.1, 0.12, 0.08),
    treated=(0.9, 0.92, 0.88),
    noise=0.02,
    effect=0.8,
    low=0.7,
    high=0.9,
    verdict=core.Verdict.CONFIRMED,
)


def came_to(
    tmp_path: Path, known: float, verified: core.Tried = VERIFIED, *, edit: bool = False
) -> core.Treatment:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    shown = replace(RUN, fits=(replace(RUN.fits[0], signals=record(known)),))
    course = replace(COURSE, verified=verified)
    return written(
        course,
        RUN,
        script,
        SCRIPT.encode(),
        edit=edit,
        rehearse=lambda _: Rehearsed(ran=True, says="it ran", run=shown),
    )


def test_what_the_edited_script_reached_is_told(tmp_path: Path) -> None:
    found = came_to(tmp_path, 0.9)
    assert found.ran and "came to 90%" in found.ran_says
    assert "SGD(0.05)" in found.diff


def test_an_edit_that_is_not_what_was_retrained_is_withdrawn(tmp_path: Path) -> None:
    found = came_to(tmp_path, 0.12, edit=True)
    assert found.ran is False and not found.diff and not found.applied
    assert "12%" in found.left[0] and "90%" in found.left[0]
    assert (tmp_path / "train.py").read_text() == SCRIPT


@pytest.mark.parametrize("known", [0.52, 0.87])
def test_chance_and_most_of_the_gain_are_no_reason_to_withdraw_it(
    tmp_path: Path, known: float
) -> None:
    assert came_to(tmp_path, known).ran


def test_a_mend_by_facts_promises_no_gain(tmp_path: Path) -> None:
    flattered = replace(VERIFIED, verdict=core.Verdict.UNDECIDED, effect=-0.3)
    assert came_to(tmp_path, 0.0, flattered).ran


def test_what_was_not_measured_speaks_against_nothing(tmp_path: Path) -> None:
    assert came_to(tmp_path, math.nan).ran


def test_surer_answers_of_which_more_are_wrong_in_the_script_itself_are_no_mend(
    tmp_path: Path,
) -> None:
    surely = replace(VERIFIED, predict=core.Rises(core.Yardstick.SURE))
    shown = replace(RUN.fits[0], signals=record(0.95))
    assert came_to(tmp_path, 0.9, surely).ran  # nothing is known of the original
    before = replace(RUN, fits=(shown,))
    told = replace(COURSE, verified=surely, diff="+", ran=True, ran_says="it ran")
    after = replace(RUN, fits=(replace(shown, signals=record(0.8)),))
    found = held_to(told, after, before)
    assert found.ran is False and "95% to 80%" in found.why_not
    assert not found.proven
    assert held_to(told, before, before).ran


def test_a_course_whose_script_answers_worse_is_not_offered_in_any_form(tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    surely = replace(VERIFIED, predict=core.Rises(core.Yardstick.SURE))
    before = replace(RUN, fits=(replace(RUN.fits[0], signals=record(0.95)),))
    after = replace(RUN, fits=(replace(RUN.fits[0], signals=record(0.8)),))
    found = written(
        replace(COURSE, verified=surely),
        before,
        script,
        SCRIPT.encode(),
        edit=True,
        rehearse=lambda _: Rehearsed(ran=True, says="it ran", run=after),
    )
    assert not found.proven and not found.diff and not found.changes and not found.applied
    assert not any("fails its trial run" in said for said in found.left)
    assert script.read_text() == SCRIPT
