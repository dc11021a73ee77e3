from collections.abc import Callable
from typing import Any

import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets

layers = nets.layers


def widths(model: Any) -> dict[str, int]:
    found = {}
    for layer in model._flatten_layers():
        width = getattr(layer, "filters", None) or getattr(layer, "units", None)
        if width:
            found[layer.name] = width
    return found


@pytest.mark.parametrize(
    ("make", "hidden"),
    [
        (nets.mlp, {"d0": 16, "d1": 16, "d2": 16}),
        (nets.cnn, {"c0": 8, "c1": 12, "d": 20}),
        (nets.unet, {"down": 8, "low": 16, "up": 8, "high": 8}),
        (nets.resnet, {"stem": 8, "a": 8, "b": 8}),
        (nets.nested, {"base_conv": 8, "base_last": 8}),
        (nets.twins, {"shared": 16}),
    ],
)
def test_hidden_layers_are_twice_as_wide_and_outputs_as_before(
    make: Callable[[], Any], hidden: dict[str, int]
) -> None:
    model = make()
    made = apply(core.ScaleWidth(2.0), nets.setting_of(model))
    before = widths(model)
    assert widths(made.model) == {**before, **hidden}
    nets.answers(made)


def test_recurrent_layers_are_scaled_inside_their_wrapper() -> None:
    made = apply(core.ScaleWidth(0.5), nets.setting_of(nets.words())).model
    assert made.get_layer("both").output.shape == (None, 6, 4)
    assert made.get_layer("gru").units == 2
    assert made.get_layer("embed").output_dim == 4


def test_what_is_added_to_the_input_keeps_its_width() -> None:
    x = nets.keras.Input((8,), name="in")
    y = layers.Dense(8, activation="relu", name="tied")(layers.Dense(6, name="free")(x))
    y = layers.Dense(3, activation="softmax", name="out")(layers.Add(name="sum")([x, y]))
    made = apply(core.ScaleWidth(2.0), nets.setting_of(nets.keras.Model(x, y))).model
    assert widths(made) == {"free": 12, "tied": 8, "out": 3}


def test_a_frozen_layer_and_what_goes_into_it_keep_their_widths_and_weights() -> None:
    model = nets.mlp()
    model.get_layer("d1").trainable = False
    made = apply(core.ScaleWidth(2.0), nets.setting_of(model)).model
    assert widths(made) == {"d0": 8, "d1": 8, "d2": 16, "out": 3}
    assert nets.same_weights(made.get_layer("d1"), model.get_layer("d1"))


def test_a_squeeze_keeps_in_step_with_what_it_scales_and_groups_divide_widths() -> None:
    x = nets.keras.Input((8, 8, 3), name="in")
    a = layers.Conv2D(6, 3, padding="same", name="conv")(x)
    a = layers.GroupNormalization(groups=3, name="groups")(a)
    s = layers.Dense(6, activation="sigmoid", name="gate")(layers.GlobalAveragePooling2D()(a))
    b = layers.Multiply()([a, layers.Reshape((1, 1, 6), name="spread")(s)])
    out = layers.Dense(3, activation="softmax", name="out")(layers.GlobalAveragePooling2D()(b))
    made = apply(core.ScaleWidth(1.4), nets.setting_of(nets.keras.Model(x, out))).model
    assert widths(made) == {"conv": 9, "gate": 9, "out": 3}
    assert made.get_layer("spread").target_shape == (1, 1, 9)


def test_no_width_to_change_is_said() -> None:
    with pytest.raises(core.CannotChange, match="no hidden layer whose width can change"):
        apply(core.ScaleWidth(2.0), nets.setting_of(nets.mlp(0)))
