import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def names(setting: nets.Setting) -> list[str]:
    return [layer.name for layer in setting.model.layers]


def test_a_convolution_is_added_with_what_belongs_to_it() -> None:
    model = nets.cnn()
    setting = apply(core.ChangeDepth(1), nets.setting_of(model))
    found = names(setting)
    at = found.index("r1")
    assert found[at + 1 : at + 5] == ["c1_more_1", "n1_more_1", "r1_more_1", "flat"]
    assert setting.model.get_layer("c1_more_1").strides == (1, 1)
    assert nets.same_weights(setting.model.get_layer("d"), model.get_layer("d"))
    nets.trains(setting)


def test_two_layers_are_added_to_a_stack_of_dense() -> None:
    setting = apply(core.ChangeDepth(2), nets.setting_of(nets.mlp()))
    assert names(setting) == ["d0", "d1", "d2", "d2_more_1", "d2_more_2", "out"]


def test_the_last_layers_that_keep_the_shape_are_taken_out_first() -> None:
    model = nets.mlp(4)
    setting = apply(core.ChangeDepth(-2), nets.setting_of(model))
    assert names(setting) == ["d0", "d1", "out"]
    assert nets.same_weights(setting.model.get_layer("out"), model.get_layer("out"))


def test_a_layer_goes_with_its_normalisation() -> None:
    layers = nets.layers
    stack = [layers.Dense(8, name="a"), layers.Dense(8, name="b")]
    stack += [layers.BatchNormalization(name="n"), layers.ReLU(name="r")]
    model = nets.keras.Sequential([nets.keras.Input((8,)), *stack, layers.Dense(3, name="out")])
    assert names(apply(core.ChangeDepth(-1), nets.setting_of(model))) == ["a", "out"]


def test_more_layers_than_can_go_are_refused() -> None:
    with pytest.raises(core.CannotChange, match="3 hidden layers can't be taken out: of 3"):
        apply(core.ChangeDepth(-3), nets.setting_of(nets.mlp()))
