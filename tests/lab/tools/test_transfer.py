from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import convalesce
from convalesce.lab.tools.transfer import NoWeights
from tests.lab.tools.nets import X, Y, net

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation")  # of Keras, on saving
PICTURES = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)


def test_a_head_is_trained_on_a_frozen_base_and_then_all_at_a_small_rate(tmp_path: Path) -> None:
    base = net()
    base.fit(X, Y, epochs=2, verbose=0)
    base.save(tmp_path / "base.keras")
    kernel = base.layers[1].get_weights()[0]
    few = slice(0, 200)
    found = convalesce.transfer(
        tmp_path / "base.keras",
        X[few],
        Y[few] % 2,
        validation=(X[400:], Y[400:] % 2),
        head_epochs=4,
        fine_epochs=0,
        head_rate=0.01,
    )
    assert np.array_equal(found.base.get_weights()[0], kernel)
    assert found.head["loss"][-1] < found.head["loss"][0]
    assert len(found.head["val_loss"]) == 4
    assert found.model.output_shape == (None, 2)
    fine = convalesce.transfer(
        tmp_path / "base.keras", X[few], Y[few] % 2, head_epochs=1, fine_epochs=1
    )
    moved = np.abs(fine.base.get_weights()[0] - kernel).max()
    assert 0 < moved < 1e-3
    assert float(fine.model.optimizer.learning_rate) == pytest.approx(1e-5)


def test_a_model_that_was_given_is_not_changed() -> None:
    base = net()
    before = [w.copy() for w in base.get_weights()]
    convalesce.transfer(base, X[:64], np.eye(2)[Y[:64] % 2], head_epochs=1, cut=base.layers[1].name)
    for old, new in zip(before, base.get_weights(), strict=True):
        assert np.array_equal(old, new)
    assert all(layer.trainable for layer in base.layers)


def test_pictures_go_through_the_preprocessing_of_their_base(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = keras.applications.MobileNetV2

    @functools.wraps(original)
    def untrained(**given: Any) -> Any:
        assert given["weights"] == "imagenet"
        return original(**{**given, "weights": None, "alpha": 0.35})

    monkeypatch.setattr(keras.applications, "MobileNetV2", untrained)
    found = convalesce.transfer(
        "MobileNetV2", PICTURES, np.arange(8) % 2, head_epochs=1, fine_epochs=0
    )
    parts = found.model.operations
    inner = keras.Model(found.model.input, parts[parts.index(found.base) - 1].output)
    seen = inner(PICTURES.astype("float32")).numpy()
    assert np.allclose(seen, PICTURES / 127.5 - 1, atol=1e-5)


def test_without_a_network_the_error_says_which_file_belongs_where(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def offline(**_: Any) -> Any:
        raise Exception(  # noqa: TRY002 - as Keras does
            "URL fetch failure on https://example.org/a/net_no_top.h5: None -- Name not known"
        )

    monkeypatch.setattr(keras.applications, "MobileNetV2", offline)
    monkeypatch.setenv("KERAS_HOME", "/somewhere")
    with pytest.raises(
        NoWeights,
        match=r"get net_no_top.h5 from https://example.org/a/net_no_top.h5, and put it into "
        r"/somewhere/models; or give the path of a `.keras` file",
    ):
        convalesce.transfer("MobileNetV2", PICTURES, np.arange(8) % 2)


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        ({"base": "NoNet"}, ValueError, "keras.applications has no 'NoNet'; it has ConvNeXt"),
        ({"base": "gone.keras"}, NoWeights, "there is no file gone.keras"),
        ({"base": "VGG16", "x": PICTURES[..., :1]}, ValueError, "np.repeat"),
        ({"base": 3}, ValueError, "base is of type int"),
        ({"base": net()}, ValueError, r"x has examples of shape \(32, 32, 3\); the base takes"),
        ({"base": net(), "x": X[:8], "cut": "top"}, ValueError, "no layer 'top'; it has flatten"),
        ({"base": net(), "y": np.arange(3)}, ValueError, "x has 8 examples and y has 3 labels"),
    ],
)
def test_what_does_not_fit_is_said(given: dict[str, Any], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        convalesce.transfer(**{"x": PICTURES, "y": np.arange(8) % 2, **given})
