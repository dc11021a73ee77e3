from pathlib import Path

import numpy as np
import pytest

from convalesce import core
from convalesce.track import logs
from convalesce.track.tensorboard import write
from tests.track.runs import examined, fit

pytest.importorskip("tensorboard")
NAN = float("nan")


def test_curves_that_were_written_are_read_back(tmp_path: Path) -> None:
    run = examined(fit((0.9, 0.5, NAN))).run
    write(run, tmp_path)
    history = logs.read(str(tmp_path)).fits[0].signals[core.HISTORY]
    assert set(history.metrics) == {"loss", "val_loss"}
    np.testing.assert_allclose(history.curve("loss"), (0.9, 0.5, NAN), rtol=1e-6)
    np.testing.assert_allclose(history.curve("val_loss"), (1.0, 0.6, NAN), rtol=1e-6)


def test_the_layout_is_that_of_keras(tmp_path: Path) -> None:
    write(examined(fit()).run, tmp_path)
    assert sorted(p.parent.name for p in tmp_path.rglob("*tfevents*")) == ["train", "validation"]


def test_fits_of_one_script_lie_apart(tmp_path: Path) -> None:
    write(examined(fit((0.9, 0.5)), fit((0.8, 0.4), index=1)).run, tmp_path)
    found = logs.read(str(tmp_path))
    assert [f.signals[core.HISTORY].curve("loss")[0] for f in found.fits] == pytest.approx(
        [0.9, 0.8]
    )
    assert "of 2 runs: fit-1, fit-2." in found.remarks[0]
    one = logs.read(str(tmp_path), "fit-2")
    assert one.fits[0].signals[core.HISTORY].curve("loss")[0] == pytest.approx(0.8)


def test_gradients_of_each_variable_are_written_step_by_step(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    norms = core.Series(np.array([0, 5]), np.array([[1.0, 2.0], [3.0, NAN]]), ("a/kernel", "b c"))
    write(examined(fit(more={core.GRADIENT_NORM: norms})).run, tmp_path)
    reader = EventAccumulator(str(tmp_path / "train"))
    reader.Reload()
    first = [(e.step, e.value) for e in reader.Scalars("gradient_norm/a/kernel")]
    assert first == [(0, 1.0), (5, 3.0)]
    assert [e.step for e in reader.Scalars("gradient_norm/b_c")] == [0]
