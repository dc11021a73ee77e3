"""Reading what compile and fit were told."""

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from convalesce import core  # noqa: E402
from convalesce.observe.arguments import by_name, read_handed  # noqa: E402
from convalesce.observe.setup import read_setup  # noqa: E402

X, Y = np.zeros((50, 4), "float32"), np.zeros((50,), "int32")


def read(
    activation: str = "softmax", fit: dict[str, Any] | None = None, **compiled: Any
) -> core.Setup:
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation)])
    model.compile(**compiled)
    model.test_on_batch(X[:4], Y[:4])
    keras.backend.clear_session()
    arguments = by_name(keras.Model.fit, (X, Y), fit or {})
    handed = read_handed(arguments)
    return read_setup(model, arguments, batch_size=handed.batch_size, steps_per_epoch=handed.steps)


def test_names_are_resolved_to_the_standard_ones() -> None:
    setup = read(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    assert setup.losses == (core.Loss(name="sparse_categorical_crossentropy", from_logits=False),)
    assert setup.metrics == ("sparse_categorical_accuracy",)
    assert setup.metrics_as_written == ("accuracy",)


def test_a_loss_object_keeps_its_settings() -> None:
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert read("linear", loss=loss).losses[0].from_logits is True


def test_a_loss_of_the_users_own_is_not_known() -> None:
    def dice(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.mean(y_pred)

    (loss,) = read(loss=dice).losses
    assert (loss.name, loss.known) == ("dice", False)


def test_the_planned_rates_of_a_schedule_are_computed() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    setup = read(loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.SGD(schedule))
    optimizer = setup.optimizer
    assert optimizer is not None
    assert optimizer.schedule is not None
    assert optimizer.schedule.name == "ExponentialDecay"
    assert optimizer.schedule.planned == pytest.approx((0.1, 0.05))


def test_optimizer_settings_and_clipping_are_read() -> None:
    adam = keras.optimizers.Adam(0.01, beta_1=0.8, clipnorm=2.0)
    optimizer = read(loss="sparse_categorical_crossentropy", optimizer=adam).optimizer
    assert optimizer is not None
    assert (optimizer.name, optimizer.momentum) == ("Adam", 0.8)
    assert optimizer.learning_rate == pytest.approx(0.01)
    assert optimizer.clipping == ("clipnorm", 2.0)


def test_what_fit_was_told_is_read() -> None:
    stop = keras.callbacks.EarlyStopping(patience=7, restore_best_weights=True)
    setup = read(
        loss="sparse_categorical_crossentropy",
        fit={
            "epochs": 9,
            "batch_size": 10,
            "validation_split": 0.2,
            "class_weight": {0: 1.0, 1: 3.0},
            "callbacks": [stop],
            "shuffle": False,
        },
    )
    assert (setup.epochs, setup.batch_size, setup.steps_per_epoch) == (9, 10, 4)
    assert (setup.validation, setup.validation_split) == ("split", 0.2)
    assert setup.class_weight == {0: 1.0, 1: 3.0}
    assert setup.shuffle is False
    assert setup.callbacks[0].name == "EarlyStopping"
    assert setup.callbacks[0].settings["patience"] == 7


def test_the_validation_split_takes_the_last_rows_as_keras_does() -> None:
    x, y = np.arange(10.0)[:, None], np.arange(10)
    handed = read_handed({"x": x, "y": y, "validation_split": 0.25})
    assert handed.validation is not None
    np.testing.assert_array_equal(handed.y, np.arange(7))
    np.testing.assert_array_equal(handed.validation[1], [7, 8, 9])


def test_batches_of_a_tf_data_set_are_counted_in_examples() -> None:
    tf = pytest.importorskip("tensorflow")
    data = tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(50).batch(8).prefetch(1)
    handed = read_handed({"x": data})
    assert (handed.batch_size, handed.steps) == (8, 7)
