import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_every_two_layers_get_a_shortcut() -> None:
    model = nets.mlp(5)
    setting = apply(core.AddResidual(), nets.setting_of(model))
    added = [x.name for x in setting.model.layers if x.name.endswith("_shortcut")]
    assert added == ["d1_shortcut", "d3_shortcut"]
    part = nets.keras.Model(setting.model.input, setting.model.get_layer("d1_shortcut").output)
    x = setting.train.x
    expected = x + model.get_layer("d1")(model.get_layer("d0")(x)).numpy()
    np.testing.assert_allclose(part(x).numpy(), expected, atol=1e-5)
    nets.trains(setting)


def test_where_widths_differ_the_shortcut_is_projected_and_behind_the_activation() -> None:
    layers = nets.layers
    stack = []
    for i, filters in enumerate((4, 6)):
        stack.append(layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"c{i}"))
        stack += [layers.BatchNormalization(name=f"n{i}"), layers.ReLU(name=f"r{i}")]
    stack += [layers.GlobalAveragePooling2D(name="pool"), layers.Dense(3, "softmax", name="out")]
    model = nets.keras.Sequential([nets.keras.Input((8, 8, 3)), *stack])
    made = apply(core.AddResidual(), nets.setting_of(model)).model
    assert nets.layer(made, "r1_projection").units == 6
    assert nets.layer(made, "r1_shortcut").output.shape == (None, 8, 8, 6)


def test_where_there_is_a_shortcut_already_none_is_added() -> None:
    with pytest.raises(core.CannotChange, match="no two hidden layers follow one another"):
        apply(core.AddResidual(), nets.setting_of(nets.resnet()))
