"""The model is left as Keras would have left it, and our own faults stay ours."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.layers.layer import Layer

from convalesce import core
from convalesce.observe.monitor import Instrument, recorder, statistics
from convalesce.observe.monitor.taps import patched
from tests.observe.monitor.nets import Watch, images, plain_dense


def fit(model: Any, instrument: Instrument, **options: Any) -> Any:
    x, y = images()
    callbacks = [Watch(instrument), *options.pop("callbacks", ())]
    return model.fit(x, y, batch_size=8, verbose=0, callbacks=callbacks, **options)


def test_nothing_is_left_on_the_model_or_on_any_class() -> None:
    plain, model, call = plain_dense(), plain_dense(), Layer.__call__
    plain.fit(*images(), batch_size=8, verbose=0)
    fit(model, Instrument(1))
    assert set(model.__dict__) == set(plain.__dict__)
    assert model.train_function.__code__ is plain.train_function.__code__
    assert Layer.__call__ is call
    assert patched() == 0


def test_a_step_is_traced_once_more_than_plain_and_never_in_a_second_fit() -> None:
    counts = []
    for instruments in ([None, None], [Instrument(1), Instrument(1)]):
        model, traces = plain_dense(), []
        inner = model.train_step

        def train_step(data: Any, inner: Any = inner, traces: list[int] = traces) -> Any:
            traces.append(1)
            return inner(data)

        model.train_step = train_step
        for instrument in instruments:
            if instrument is None:
                model.fit(*images(), batch_size=8, verbose=0)
            else:
                fit(model, instrument)
                assert len(instrument.series()[core.GRADIENT_NORM]) == 5
            counts.append(len(traces))
    assert counts[0] == counts[1]
    assert counts[2] == counts[3] == counts[0] + 1


class Careless(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A step of one's own that forgets `training=True`, unless `draws`."""

    draws = False

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=self.draws))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def dropping(*, draws: bool = False, rate: float = 0.3) -> Any:
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GaussianNoise(rate, name="noise")(inputs)
    x = keras.layers.Dropout(rate, name="drop")(keras.layers.Flatten()(x))
    model = Careless(inputs, keras.layers.Dense(3, activation="softmax")(x))
    model.draws = draws
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def test_dropout_and_noise_that_no_step_draws_are_named() -> None:
    idle = Instrument(1)
    fit(dropping(), idle)
    assert idle.idle() == core.Idle(layers=("noise", "drop"))
    for model in (dropping(draws=True), dropping(rate=0.0), plain_dense()):
        instrument = Instrument(1)
        fit(model, instrument)
        assert instrument.idle() is None


def test_an_activation_used_in_several_places_is_seen_in_each() -> None:
    relu, inputs = keras.layers.ReLU(name="relu"), keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(inputs)
    for width in (6, 5):
        x = relu(keras.layers.Dense(width)(x))
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(x))
    model.compile("sgd", "sparse_categorical_crossentropy")
    instrument = Instrument(1)
    fit(model, instrument)
    labels = instrument.series()[core.DEAD_UNITS].labels
    assert [name for name in labels if "relu" in name] == ["relu", "relu (2)"]


def test_a_model_compiled_again_during_fit_is_watched_on() -> None:
    class Again(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                self.model.compile("sgd", "sparse_categorical_crossentropy")
                self.model.make_train_function()

    model, instrument = plain_dense(), Instrument(1)
    fit(model, instrument, epochs=2, callbacks=[Again()])
    found = instrument.series()
    assert len(found[core.GRADIENT_NORM]) == 10
    rates = found[core.LEARNING_RATE].values
    assert (rates[0], rates[-1]) == pytest.approx((0.01, 0.01))
    assert not hasattr(model.train_function, "convalesce_plain")


def test_a_fault_of_ours_becomes_a_remark_and_training_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no such figure")

    monkeypatch.setattr(statistics, "joined", broken)
    instrument = Instrument(1)
    history = fit(plain_dense(), instrument, epochs=2)
    assert len(history.history["loss"]) == 2
    assert any("no such figure" in remark for remark in instrument.remarks)
    assert len(instrument.series()[core.LOSS]) == 10
    assert core.WEIGHT_NORM in instrument.series()


def test_a_fault_in_a_tap_loses_that_tap_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no such layer")

    monkeypatch.setattr(recorder, "worth_tapping", broken)
    instrument = Instrument(1)
    fit(plain_dense(), instrument)
    assert any("no such layer" in remark for remark in instrument.remarks)
    assert core.GRADIENT_NORM in instrument.series()
    assert core.ACTIVATION_MEAN not in instrument.series()


def test_an_error_of_the_user_passes_through_unchanged() -> None:
    class Wrong(keras.Model):
        def train_step(self, data: Any) -> Any:
            raise KeyError("theirs")

    x, y = images()
    errors = []
    for callbacks in ([], [Watch(Instrument(1))]):
        model = Wrong()
        model.compile("sgd", "mse")
        with pytest.raises(KeyError) as caught:
            model.fit(x, y, verbose=0, callbacks=callbacks)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
    assert patched() == 0


def test_what_a_step_prints_while_it_is_traced_is_printed_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Chatty(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            print("called")  # noqa: T201
            return x

    model = keras.Sequential([keras.Input((8, 8, 3)), Chatty(), *plain_dense().layers])
    model.compile("sgd", "sparse_categorical_crossentropy")
    capsys.readouterr()
    fit(model, Instrument(1))
    assert capsys.readouterr().out.count("called") == 1


def test_with_sampling_off_only_losses_are_kept() -> None:
    instrument = Instrument(0)
    fit(plain_dense(), instrument, epochs=2)
    assert set(instrument.series()) == {core.LOSS}
    assert len(instrument.series()[core.LOSS]) == 10
    assert instrument.fed() == []


def test_losses_reach_the_instrument_through_callbacks_alone() -> None:
    instrument = Instrument()
    for step, mean in enumerate((2.0, 1.5, 1.0)):
        instrument.batch_end(step, {"loss": mean})
    instrument.epoch_end(0)
    instrument._custom = False
    np.testing.assert_allclose(instrument.series()[core.LOSS].values, [2.0, 1.0, 0.0])
