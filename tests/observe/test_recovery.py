"""`Monitor(recover=True)`: a training that breaks goes back and goes on, and says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from convalesce.session import monitor  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(320, 6)).astype("float32")
Y = (X @ np.arange(1.0, 7.0)).astype("float32")


class Own(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A subclassed net."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = keras.layers.Dense(16, "relu"), keras.layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.last(self.first(x))


def net(rate: Any, *, own: bool = False, **compiled: Any) -> Any:
    keras.utils.set_random_seed(3)
    layers = [keras.layers.Dense(16, "relu"), keras.layers.Dense(1, dtype="float32")]
    model = Own() if own else keras.Sequential([keras.Input((6,)), *layers])
    model.compile(keras.optimizers.SGD(rate, momentum=0.9), "mse", **compiled)
    return model


def fitted(model: Any, x: Any = X, epochs: int = 8) -> Any:
    watching = monitor(recover=True)
    model.fit(x, Y, batch_size=8, epochs=epochs, verbose=0, callbacks=[watching])
    assert watching.remarks == []
    return watching.fits[0]


@pytest.mark.parametrize("way", [{}, {"own": True}, {"jit_compile": True}])
def test_a_rate_that_breaks_the_training_is_lowered_until_it_holds(
    way: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    model = net(0.3, **way)
    fit = fitted(model)
    assert fit.recoveries
    assert fit.recoveries[-1].held is True
    assert "place of 0.3" in fit.recoveries[0].change
    assert float(model.evaluate(X, Y, verbose=0)) < 0.1 * float(Y.var())
    assert "back to update" in capsys.readouterr().err
    assert any(said.startswith("Recovery: at update") for said in fit.remarks)


def test_a_sound_training_is_left_alone() -> None:
    plain, watched = net(0.003), net(0.003)
    plain.fit(X, Y, batch_size=8, epochs=3, verbose=0)
    assert fitted(watched, epochs=3).recoveries == ()
    for a, b in zip(plain.get_weights(), watched.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_bad_data_end_the_training_with_its_last_good_weights() -> None:
    x = X.copy()
    x[200:] = np.nan
    model = net(0.001)
    watching = monitor(every=1, recover=True)
    model.fit(x, Y, batch_size=8, epochs=4, verbose=0, shuffle=False, callbacks=[watching])
    (one,) = watching.fits[0].recoveries
    assert "NaN or infinite" in one.ended
    assert one.change == ""
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_compiled_schedule_can_not_be_lowered_and_that_is_said() -> None:
    model = net(keras.optimizers.schedules.ExponentialDecay(0.3, 1000, 0.9))
    (one,) = fitted(model).recoveries
    assert "schedule" in one.ended
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_scheduler_callback_does_not_bring_the_old_rate_back() -> None:
    model, watching = net(0.3), monitor(recover=True)
    same = keras.callbacks.LearningRateScheduler(lambda _: 0.3)
    model.fit(X, Y, batch_size=8, epochs=8, verbose=0, callbacks=[same, watching])
    assert float(model.optimizer.learning_rate) < 0.1
    assert np.isfinite(model.evaluate(X, Y, verbose=0))
