"""Parts of a training that are taken out of it."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets

layers = nets.layers


def names(setting: nets.Setting) -> list[str]:
    return [layer.name for layer in setting.model.layers]


def test_normalisation_is_taken_out_and_other_layers_keep_their_weights() -> None:
    model = nets.cnn()
    made = apply(core.DropNormalization(), nets.setting_of(model))
    assert names(made) == [n for n in names(nets.setting_of(model)) if n != "n1"]
    assert nets.same_weights(nets.layer(made.model, "c1"), nets.layer(model, "c1"))
    nets.trains(made)


def test_a_layer_that_left_its_bias_to_the_normalisation_gets_one() -> None:
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(6, use_bias=False, name="first"),
            layers.LayerNormalization(name="norm"),
            layers.ReLU(),
            layers.Dense(4, use_bias=False, name="free"),
            layers.Dense(3, "softmax", name="out"),
        ]
    )
    made = apply(core.DropNormalization(), nets.setting_of(model))
    assert nets.layer(made.model, "first").use_bias
    assert not nets.layer(made.model, "free").use_bias
    nets.trains(made)


def test_normalisation_that_was_trained_before_stays() -> None:
    model = nets.cnn()
    nets.layer(model, "n1").moving_mean.assign(np.ones(6, "float32"))
    with pytest.raises(core.CannotChange, match="were trained before, or are frozen"):
        apply(core.DropNormalization(), nets.setting_of(model))
    with pytest.raises(core.CannotChange, match="no normalisation layer to take out"):
        apply(core.DropNormalization(), nets.setting_of(nets.mlp()))


def test_class_weights_are_taken_out() -> None:
    weighted = nets.setting_of(nets.mlp(), class_weight={0: 1.0, 1: 5.0, 2: 1.0})
    assert apply(core.DropClassWeights(), weighted).class_weight is None
    with pytest.raises(core.CannotChange, match="given no class_weight"):
        apply(core.DropClassWeights(), nets.setting_of(nets.mlp()))


def by_sgd(**settings: Any) -> nets.Setting:
    made = keras.optimizers.SGD(**settings)
    return nets.setting_of(nets.mlp()).compile_with(optimizer=made)


@pytest.mark.parametrize("bound", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_is_taken_out(bound: str) -> None:
    clipped = by_sgd(**{bound: 0.5}, momentum=0.7)
    made = apply(core.DropClipping(), clipped).compiled["optimizer"]
    assert getattr(made, bound) is None
    assert made.momentum == 0.7
    with pytest.raises(core.CannotChange, match="clips no gradients"):
        apply(core.DropClipping(), nets.setting_of(nets.mlp()))


def test_a_callback_is_taken_out_by_its_class() -> None:
    stop, plateau = keras.callbacks.EarlyStopping(), keras.callbacks.ReduceLROnPlateau()
    setting = nets.setting_of(nets.mlp(), callbacks=(stop, plateau))
    assert apply(core.DropCallback("EarlyStopping"), setting).callbacks == (plateau,)
    with pytest.raises(core.CannotChange, match="no callback of class TensorBoard acts"):
        apply(core.DropCallback("TensorBoard"), setting)


def test_momentum_after_nesterov_is_set_where_there_is_such() -> None:
    setting = apply(core.SetMomentum(0.8, nesterov=True), by_sgd(momentum=0.9))
    made = setting.compiled["optimizer"]
    assert (made.momentum, made.nesterov) == (0.8, True)
    assert apply(core.SetMomentum(0.5), setting).compiled["optimizer"].nesterov
    adam = setting.compile_with(optimizer=keras.optimizers.Adam())
    with pytest.raises(core.CannotChange, match="Adam has no momentum after Nesterov"):
        apply(core.SetMomentum(0.9, nesterov=True), adam)


def test_another_optimizer_clips_as_before_and_keeps_a_schedule_where_it_shall() -> None:
    decay = keras.optimizers.schedules.CosineDecay(0.1, 100)
    setting = by_sgd(learning_rate=decay, clipnorm=2.0)
    kept = apply(core.SetOptimizer("Adam", scheduled=True), setting).compiled["optimizer"]
    assert kept.clipnorm == 2.0
    assert kept._learning_rate is decay
    ended = apply(core.SetOptimizer("Adam"), setting).compiled["optimizer"]
    assert float(ended.learning_rate) == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("schedule", "factor"),
    [
        (lambda epoch: 0.05 / (epoch + 1), 0.2 / 0.05),
        (lambda epoch, rate: rate * 0.5, 0.2 / 0.005),
        (lambda epoch: 0.001 * (epoch + 1), 0.2 / 0.004),
    ],
)
def test_a_rate_is_the_highest_of_a_schedule_by_epochs(
    schedule: Callable[..., float], factor: float
) -> None:
    setting = nets.setting_of(
        nets.mlp(), callbacks=(keras.callbacks.LearningRateScheduler(schedule),), epochs=4
    )
    assert apply(core.SetLearningRate(0.2), setting).rate == pytest.approx(factor)


def test_a_schedule_that_can_not_be_read_is_told() -> None:
    def broken(epoch: int) -> float:
        raise RuntimeError("not now")

    setting = nets.setting_of(
        nets.mlp(), callbacks=(keras.callbacks.LearningRateScheduler(broken),), epochs=2
    )
    with pytest.raises(core.CannotChange, match="schedule of the script can't be read: not now"):
        apply(core.SetLearningRate(0.2), setting)
