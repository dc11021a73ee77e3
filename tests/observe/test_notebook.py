"""The observation as one callback."""

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from convalesce import core  # noqa: E402
from convalesce.session import monitor  # noqa: E402


def net() -> Any:
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3, "softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(*, bad: bool = False) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(90, 6)).astype("float32"), rng.integers(0, 3, 90)
    if bad:
        x[7, 2] = np.nan
    return x, y


def test_one_callback_names_the_cause_in_text_and_page() -> None:
    watching = monitor()
    assert isinstance(watching, keras.callbacks.Callback)
    net().fit(*data(bad=True), epochs=2, verbose=0, callbacks=[watching])
    assert watching.diagnosis.findings[0].cause == "data.nonfinite"
    assert "data.nonfinite" in str(watching)
    assert "data.nonfinite" in watching._repr_html_()
    assert watching.remarks == []
    assert watching.fits[0].remarks == ()


def test_the_arguments_of_fit_are_read_off_the_call() -> None:
    watching = monitor()
    x, y = data()
    net().fit(x, y, epochs=2, batch_size=10, validation_split=0.2, verbose=0, callbacks=[watching])
    signals = watching.fits[0].signals
    setup = signals[core.SETUP]
    assert (setup.epochs, setup.batch_size, setup.validation) == (2, 10, "split")
    assert signals[core.TRAIN].examples == 72
    assert signals[core.VALIDATION].examples == 18
    assert signals[core.HISTORY].steps == 16


def test_each_fit_is_kept() -> None:
    watching, model = monitor(), net()
    for _ in range(2):
        model.fit(*data(), verbose=0, callbacks=[watching])
    assert len(watching.fits) == 2


def test_training_ends_in_the_same_weights_as_without() -> None:
    weights = []
    for callbacks in ([], [monitor()]):
        keras.utils.set_random_seed(5)
        model = net()
        model.fit(*data(), epochs=2, verbose=0, callbacks=callbacks)
        weights.append(model.get_weights())
    for plain, watched in zip(*weights, strict=True):
        np.testing.assert_array_equal(plain, watched)
