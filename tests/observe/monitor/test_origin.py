"""A training that turns non-finite is told where it did."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from convalesce import core
from convalesce.observe.monitor import Instrument
from tests.observe.monitor.nets import CLASSES, Watch, compiled, images

layers = keras.layers


def origin(x: Any, y: Any, every: int | None = 1, epochs: int = 1, **options: Any) -> Any:
    keras.backend.clear_session()
    keras.utils.set_random_seed(4)
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:], name="picture"),
            layers.Flatten(),
            layers.Dense(8, activation=options.pop("inner", "relu"), name="first"),
            layers.Dense(options.pop("width", CLASSES), options.pop("last", "softmax"), name="out"),
        ]
    )
    instrument = Instrument(every)
    compiled(model, **options).fit(
        x, y, batch_size=8, epochs=epochs, shuffle=False, verbose=0, callbacks=[Watch(instrument)]
    )
    return instrument


def swallowing(z: Any) -> Any:
    """ReLU that makes 0 of NaN on every processor; Keras's own does so on some."""
    return keras.ops.where(z > 0, z, 0.0)


def test_a_sound_training_has_no_origin() -> None:
    assert origin(*images()).origin() is None


def test_a_bad_input_is_named_though_relu_may_swallow_it() -> None:
    x, y = images()
    x[19, 3, 3, 1] = np.nan
    found = origin(x, y).origin()
    assert (found.step, found.first, found.name, found.batch) == (2, "input", "x", 2)
    assert found.weights_before
    assert np.isfinite(found.loss_before)
    assert np.isfinite(found.gradient_norm_before)


def test_a_bad_target_is_named() -> None:
    x, _ = images()
    y = np.zeros((len(x), 1), np.float32)
    y[9] = np.inf
    found = origin(x, y, width=1, last="linear", loss="mse", metrics=[]).origin()
    assert (found.step, found.first, found.name) == (1, "target", "y")


def test_weights_that_were_bad_before_are_named() -> None:
    x, y = images()

    class Poison(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            kernel = self.model.get_layer("first").kernel
            kernel.assign(np.full(kernel.shape, np.nan))

    keras.utils.set_random_seed(4)
    flat = layers.Dense(4, activation="relu", name="first")
    model = compiled(keras.Sequential([layers.Flatten(), flat, layers.Dense(CLASSES, "softmax")]))
    instrument = Instrument(1)
    model.fit(x, y, batch_size=8, epochs=2, verbose=0, callbacks=[Watch(instrument), Poison()])
    found = instrument.origin()
    assert (found.step, found.first, found.epoch, found.batch) == (5, "weight", 1, 0)
    assert found.name.endswith("first/kernel")


def test_a_logarithm_of_zero_is_found_in_the_activations() -> None:
    x, y = images()
    x[17] = 0.0
    keras.utils.set_random_seed(4)
    inner = [layers.Activation(keras.ops.log, name="log"), layers.Flatten()]
    model = compiled(keras.Sequential([*inner, layers.Dense(CLASSES, "softmax")]))
    instrument = Instrument(1)
    model.fit(x, y, batch_size=8, shuffle=False, verbose=0, callbacks=[Watch(instrument)])
    found = instrument.origin()
    assert (found.step, found.first) == (2, "activation")
    assert found.name.endswith("log")


def test_a_bad_batch_between_monitored_steps_is_still_located() -> None:
    x, y = images()
    y = y.astype("float32")[:, None]
    y[19] = np.nan
    instrument = origin(x, y, every=1000, loss="mse", width=1, last="linear", metrics=[])
    found = instrument.origin()
    assert (found.step, found.first) == (2, "loss")
    steps = instrument.series()[core.WEIGHT_NORM].steps.tolist()
    assert steps == [0, 3], "the step after a bad loss is monitored"


def test_weights_that_turn_bad_unseen_are_noticed_at_the_end_of_the_epoch() -> None:
    x, y = images()
    x[19] = np.nan
    settings = {"loss": "mse", "width": 1, "last": "linear", "metrics": [], "inner": swallowing}
    found = origin(x, y, every=1000, **settings).origin()
    assert (found.step, found.first) == (4, "weight")
    assert found.name.endswith("first/kernel")


def test_a_rate_far_too_high_is_found_before_it_is_too_late() -> None:
    x, y = images()
    instrument = origin(
        x * 1000,
        y.astype("float32")[:, None],
        loss="mse",
        width=1,
        last="linear",
        epochs=30,
        every=1000,
        optimizer=keras.optimizers.SGD(0.1),
        metrics=[],
    )
    found = instrument.origin()
    assert found.first in {"weight", "activation", "loss", "gradient", "update"}
    assert found.gradient_norm_before > 1e3
    assert found.step in instrument.series()[core.GRADIENT_NORM].steps


def test_an_overflow_that_loss_scaling_skips_is_no_origin() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    keras.utils.set_random_seed(4)
    x, y = images()
    model = keras.Sequential([layers.Flatten(), layers.Dense(CLASSES, "softmax", dtype="float32")])
    keras.mixed_precision.set_global_policy("float32")
    inner = keras.optimizers.SGD(0.01)
    compiled(model, optimizer=keras.optimizers.LossScaleOptimizer(inner, initial_scale=2.0**126))
    instrument = Instrument(1)
    model.fit(x * 1e4, y, batch_size=8, epochs=4, verbose=0, callbacks=[Watch(instrument)])
    assert instrument.origin() is None
    found = instrument.series()
    if core.GRADIENT_NONFINITE in found:
        assert not found[core.GRADIENT_NONFINITE].values.any()
    assert any("Loss scaling skipped" in remark for remark in instrument.remarks)
