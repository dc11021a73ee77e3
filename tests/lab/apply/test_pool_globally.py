import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_flatten_is_replaced_and_only_the_layer_behind_it_is_new() -> None:
    model = nets.cnn()
    setting = apply(core.PoolGlobally(), nets.setting_of(model))
    assert type(setting.model.get_layer("flat")).__name__ == "GlobalAveragePooling2D"
    assert setting.model.get_layer("d").kernel.shape == (6, 10)
    assert nets.same_weights(setting.model.get_layer("c1"), model.get_layer("c1"))
    nets.trains(setting)


def test_a_map_that_goes_into_the_last_layer_is_pooled() -> None:
    layers = nets.layers
    stack = [layers.Conv2D(4, 3, name="c"), layers.Dense(3, activation="softmax", name="out")]
    model = nets.keras.Sequential([nets.keras.Input((8, 8, 1)), *stack])
    made = apply(core.PoolGlobally(), nets.setting_of(model)).model
    assert made.output_shape == (None, 3)


@pytest.mark.parametrize("make", [nets.mlp, nets.unet])
def test_where_no_map_is_flattened_nothing_is_changed(make: nets.Make) -> None:
    y = nets.np.zeros((8, 8, 8), int) if make is nets.unet else None
    with pytest.raises(core.CannotChange, match="the model has no Flatten of a map"):
        apply(core.PoolGlobally(), nets.setting_of(make(), y=y))
