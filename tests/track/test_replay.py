from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce import core
from convalesce.track import disk
from convalesce.track.folder import RunFolder
from convalesce.track.replay import BROKEN_OFF, read_run
from tests.track.runs import began, examined, fit, kept, told


def test_a_whole_record_is_read_as_it_was(tmp_path: Path) -> None:
    run = read_run(kept(tmp_path, examined(fit(), fit(index=1))))
    assert len(run.fits) == 2 and not run.interrupted and run.remarks == ()


def test_of_a_killed_run_all_epochs_that_were_told_are_there(tmp_path: Path) -> None:
    made = began(tmp_path)
    told(made, (0.9, 0.5, 0.4), planned=9)
    run = read_run(made)
    history = run.fits[0].signals[core.HISTORY]
    assert run.interrupted and run.remarks == (BROKEN_OFF,)
    assert history.curve("loss") == (0.9, 0.5, 0.4)
    assert history.learning_rate == (0.01, 0.01, 0.01)
    assert (history.planned, history.stopped) == (9, "interrupted")
    assert run.fits[0].signals[core.SETUP].optimizer is not None


def test_a_record_that_is_ahead_of_the_lines_is_kept(tmp_path: Path) -> None:
    made = began(tmp_path)
    told(made, (0.9, 0.5))
    from convalesce.track.replay import with_lines

    lines = [{"event": "epoch", "fit": 0, "metrics": {"loss": 1.0}}]
    assert with_lines(fit(), lines).signals[core.HISTORY].epochs == 4


def test_a_run_killed_before_its_first_fit_has_none(tmp_path: Path) -> None:
    assert read_run(began(tmp_path)).fits == ()


def test_a_part_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    made = began(tmp_path)
    told(made, (0.9,))
    made.part(0).write_bytes(b"\x00nothing")
    run = read_run(made)
    assert run.fits[0].signals.recorded.keys() == {core.HISTORY}


@given(cut=st.integers(0, 1200), junk=st.binary(max_size=20))
@settings(deadline=None)
def test_lines_cut_or_spoiled_anywhere_still_make_a_record(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    made = RunFolder(tmp_path_factory.mktemp("run"))
    disk.write_json(made.summary, {"status": "running"})
    told(made)
    made.part(0).unlink()
    whole = made.live.read_bytes()
    made.live.write_bytes(whole[:cut] + junk)
    complete = sum(b'"event":"epoch"' in line for line in whole[:cut].split(b"\n")[:-1])
    run = read_run(made)
    epochs = run.fits[0].signals[core.HISTORY].epochs if complete else 0
    assert epochs >= complete


def test_a_folder_without_summary_is_an_error_that_says_so(tmp_path: Path) -> None:
    made = began(tmp_path)
    made.summary.unlink()
    with pytest.raises(OSError, match=r"run\.json"):
        read_run(made)
