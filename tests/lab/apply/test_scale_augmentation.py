import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_the_range_of_a_nested_layer_is_scaled() -> None:
    made = apply(core.ScaleAugmentation("turn", 0.5), nets.setting_of(nets.nested())).model
    assert nets.layer(made, "turn").get_config()["factor"] == pytest.approx((-0.15, 0.15))
    assert nets.layer(made, "flip").mode == "horizontal_and_vertical"


@pytest.mark.parametrize(("name", "factor"), [("turn", 0.0), ("flip", 0.3)])
def test_a_factor_of_zero_and_a_flip_take_the_layer_out(name: str, factor: float) -> None:
    made = apply(core.ScaleAugmentation(name, factor), nets.setting_of(nets.nested())).model
    assert name not in [x.name for x in made._flatten_layers()]


def test_saturation_is_scaled_around_its_middle() -> None:
    layers = nets.layers
    stack = [layers.RandomSaturation((0.1, 0.9), name="colour"), layers.Flatten(), layers.Dense(3)]
    model = nets.keras.Sequential([nets.keras.Input((8, 8, 3)), *stack])
    made = apply(core.ScaleAugmentation("colour", 0.5), nets.setting_of(model)).model
    assert made.get_layer("colour").get_config()["factor"] == pytest.approx((0.3, 0.7))


def test_arrays_have_no_random_steps_to_leave_out() -> None:
    with pytest.raises(core.CannotChange, match="no random step was found in the data pipeline"):
        apply(core.ScaleAugmentation(core.PIPELINE, 0.0), nets.setting_of(nets.cnn()))


def test_to_leave_out_is_said_as_such() -> None:
    assert str(core.ScaleAugmentation("flip", 0.0)) == "leave out flip"
    assert str(core.ScaleAugmentation("flip", 0.3)) == "scale the range of flip by 0.3"


def test_a_layer_that_is_no_augmentation_is_said() -> None:
    with pytest.raises(core.CannotChange, match="c0 is a Conv2D, no augmentation"):
        apply(core.ScaleAugmentation("c0", 0.3), nets.setting_of(nets.cnn()))
