import keras
import numpy as np
import pytest

from convalesce.lab.instruments.mode_gap import mode_gap
from tests.lab.instruments.nets import convolution, images, layers


def test_statistics_that_lag_are_named_with_their_distance() -> None:
    rows = images()
    model = convolution(keras.optimizers.SGD(0.01), dropout=0.0)
    for _ in range(3):
        model.train_on_batch(rows.x[:16], rows.y[:16])
    found = mode_gap(model, rows, batches=4)
    kernel, bias = (w.astype(np.float64) for w in model.layers[0].get_weights())
    windows = np.lib.stride_tricks.sliding_window_view(rows.x[..., 0], (3, 3), axis=(1, 2))
    before = np.einsum("nijab,abc->nijc", windows, kernel[:, :, 0]) + bias
    norm = model.layers[1]
    order = np.random.default_rng([0, 0]).permutation(64).reshape(4, 16)
    means = before[order].mean((0, 1, 2, 3))
    variances = before[order].var((1, 2, 3)).mean(0) + norm.epsilon
    off = (np.array(norm.moving_mean.numpy()) - means) / np.sqrt(variances)
    wide = np.log((np.array(norm.moving_variance.numpy()) + norm.epsilon) / variances)
    layer = found.layers[0]
    assert layer.mean == pytest.approx(np.sqrt((off**2).mean()), rel=1e-3)
    assert layer.variance == pytest.approx(np.sqrt((wide**2).mean()), rel=1e-3)
    assert not found.settled and layer.layer in found.says
    assert found.unsettled == pytest.approx(found.inference - found.settled_loss)


def test_once_they_have_settled_the_gap_is_what_dropout_makes() -> None:
    rows = images(320, spread=0.6)
    model = convolution(keras.optimizers.SGD(0.01), dropout=0.5)
    model.fit(rows.x, rows.y, epochs=5, batch_size=16, verbose=0)
    model.optimizer.learning_rate = 0.0
    model.fit(rows.x, rows.y, epochs=25, batch_size=16, verbose=0)
    found = mode_gap(model, rows, batches=20)
    assert found.settled, found.layers
    assert found.inference == pytest.approx(
        np.ravel(model.evaluate(rows.x, rows.y, batch_size=16, verbose=0))[0], rel=1e-3
    )
    assert found.random < 0 and abs(found.normalisation) < abs(found.random)
    assert found.figure.high < 0
    assert found.random + found.normalisation == pytest.approx(found.figure.value, abs=1e-6)


def test_the_loss_in_training_mode_is_that_of_a_plain_call() -> None:
    rows = images(16)
    model = convolution(dropout=0.0)
    found = mode_gap(model, rows, batches=1)
    answer = model(rows.x, training=True)
    by_hand = keras.losses.sparse_categorical_crossentropy(rows.y, answer)
    assert found.training == pytest.approx(float(np.mean(by_hand)), rel=1e-4)
    assert found.quiet == pytest.approx(found.training, rel=1e-4)


def test_a_net_without_such_layers_has_no_gap() -> None:
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    found = mode_gap(model, images(), batches=3)
    assert found.figure.value == pytest.approx(0, abs=1e-6) and found.layers == ()
    assert found.settled and "no difference" in found.says
