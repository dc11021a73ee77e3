from typing import Any

import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from convalesce.lab.edits import edited
from tests.lab.apply import nets


def test_hidden_layers_get_another_activation_and_the_output_keeps_its_own() -> None:
    model = nets.mlp()
    setting = apply(core.SetActivation("leaky_relu"), nets.setting_of(model))
    named = {owner.name: value.__name__ for owner, _, value in setting.edits}
    assert named == {"d0": "leaky_relu", "d1": "leaky_relu", "d2": "leaky_relu"}
    assert setting.model is model
    assert setting.recompiled


def test_only_the_named_layers_change() -> None:
    setting = apply(core.SetActivation("tanh", ("d1",)), nets.setting_of(nets.mlp()))
    assert [owner.name for owner, _, _ in setting.edits] == ["d1"]


def test_linear_layers_are_given_one_where_they_are_named() -> None:
    setting = nets.setting_of(nets.mlp(activation=None))
    before = nets.answers(setting)
    changed = apply(core.SetActivation("relu", ("d0", "d2")), setting)
    assert abs(nets.answers(changed) - before).max() > 1e-4
    assert (nets.answers(setting) == before).all()


def test_where_an_activation_layer_follows_it_is_the_one_that_changes() -> None:
    model = nets.cnn()
    setting = apply(core.SetActivation("tanh", ("c1",)), nets.setting_of(model))
    assert setting.model.get_layer("r1").activation.__name__ == "tanh"
    assert setting.model.get_layer("c1").activation.__name__ == "linear"
    assert nets.same_weights(setting.model.get_layer("c1"), model.get_layer("c1"))


def test_the_linear_end_of_a_residual_branch_stays_linear() -> None:
    setting = apply(core.SetActivation("tanh"), nets.setting_of(nets.resnet()))
    assert {owner.name for owner, _, _ in setting.edits} == {"stem", "a"}


def test_a_subclassed_model_is_edited_in_place() -> None:
    setting = apply(core.SetActivation("relu"), nets.setting_of(nets.own(), x=nets.EIGHT))
    assert [owner.name for owner, _, _ in setting.edits] == ["first"]
    assert setting.model.first.activation.__name__ == "sigmoid"


def test_an_activation_layer_that_a_subclassed_model_calls_acts_otherwise() -> None:
    class Own(keras.Model):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.first = keras.layers.Dense(4)
            self.cut = keras.layers.ReLU(threshold=1e9)
            self.last = keras.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.last(self.cut(self.first(x)))

    model = Own()
    model(np.ones((1, 8), "float32"))
    setting = apply(core.SetActivation("relu", (model.cut.name,)), nets.setting_of(model))
    x = np.ones((2, 4), "float32")
    with edited(setting.edits):
        assert float(model.cut(x).numpy().min()) == 1.0
    assert not model.cut(x).numpy().any()
    assert "call" not in vars(model.cut)


def test_recurrent_layers_keep_theirs() -> None:
    with pytest.raises(core.CannotChange, match="no hidden layer whose activation can be set"):
        apply(core.SetActivation("relu", ("gru",)), nets.setting_of(nets.words()))


def test_an_unknown_activation_or_layer_is_said() -> None:
    with pytest.raises(core.CannotChange, match="Keras has no activation rleu"):
        apply(core.SetActivation("rleu"), nets.setting_of(nets.mlp()))
    with pytest.raises(core.CannotChange, match="the model has no layer named d7"):
        apply(core.SetActivation("relu", ("d7",)), nets.setting_of(nets.mlp()))
