from pathlib import Path

import pytest

from convalesce import core
from convalesce.track import logs
from convalesce.track.logs import UnreadableLog, events


@pytest.mark.parametrize(
    ("tag", "held", "name"),
    [
        ("epoch_loss", False, "loss"),
        ("epoch_loss", True, "val_loss"),
        ("epoch_val_auc", True, "val_auc"),
        ("epoch_learning_rate", False, "learning_rate"),
        ("Loss/train", False, "loss"),
        ("Loss/val", False, "val_loss"),
        ("validation/accuracy", False, "val_accuracy"),
        ("evaluation_loss_vs_iterations", True, ""),
        ("batch_loss", False, ""),
        ("system/gpu/power", False, ""),
    ],
)
def test_tags_are_named_as_keras_would(tag: str, held: bool, name: str) -> None:  # noqa: FBT001
    assert events.named(tag, held=held) == name


def test_without_the_reader_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "events.out.tfevents.1.host").write_bytes(b"")
    monkeypatch.setattr(events, "find_spec", lambda _: None)
    with pytest.raises(UnreadableLog, match=r"pip install 'convalesce\[tensorboard\]'"):
        logs.read(str(tmp_path))


def test_files_without_a_curve_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "events.out.tfevents.1.host").write_bytes(b"")
    with pytest.raises(UnreadableLog, match="holds no curve over epochs"):
        logs.read(str(tmp_path))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_kerass_own_callback_wrote_is_read(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    import keras
    import numpy as np

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x = np.random.default_rng(0).random((16, 2))
    board = keras.callbacks.TensorBoard(str(tmp_path), write_graph=False)
    done = model.fit(x, x[:, :1], epochs=3, validation_split=0.5, verbose=0, callbacks=[board])
    found = logs.read(str(tmp_path)).fits[0].signals[core.HISTORY]
    for name in ("loss", "val_loss", "mae", "val_mae"):
        np.testing.assert_allclose(found.curve(name), done.history[name], rtol=1e-5)
    assert found.learning_rate == pytest.approx((0.01,) * 3)
