import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_a_named_convolution_gets_the_stride_and_what_follows_the_new_size() -> None:
    model = nets.cnn()
    made = apply(core.SetStrides(1, ("c1",)), nets.setting_of(model)).model
    assert made.get_layer("c1").strides == (1, 1)
    assert made.get_layer("d").kernel.shape == (6 * 6 * 6, 10)
    assert nets.same_weights(made.get_layer("c1"), model.get_layer("c1"))
    assert nets.same_weights(made.get_layer("out"), model.get_layer("out"))


def test_a_pooling_of_stride_one_is_taken_out() -> None:
    setting = apply(core.SetStrides(1), nets.setting_of(nets.cnn()))
    assert "p0" not in [x.name for x in setting.model.layers]
    assert setting.model.get_layer("c1").strides == (1, 1)
    nets.trains(setting)


def test_a_milder_pooling_gets_a_window_to_match() -> None:
    layers = nets.layers
    pools = [layers.MaxPooling2D(4, name="wide"), layers.MaxPooling2D(3, strides=2, name="over")]
    head = [layers.Flatten(), layers.Dense(3, name="out")]
    model = nets.keras.Sequential([nets.keras.Input((24, 24, 1)), *pools, *head])
    made = apply(core.SetStrides(2, ("wide", "over")), nets.setting_of(model)).model
    assert made.get_layer("wide").pool_size == (2, 2)
    assert made.get_layer("over").pool_size == (3, 3)


def test_without_names_convolutions_shrink_the_map_as_long_as_there_is_room() -> None:
    layers = nets.layers
    convs = [layers.Conv2D(4, 3, padding="same", name=f"c{i}") for i in range(4)]
    head = [layers.Flatten(), layers.Dense(3, name="out")]
    model = nets.keras.Sequential([nets.keras.Input((16, 16, 1)), *convs, *head])
    made = apply(core.SetStrides(2), nets.setting_of(model)).model
    assert [made.get_layer(f"c{i}").strides[0] for i in range(4)] == [2, 2, 1, 1]


def test_an_output_of_another_size_is_refused() -> None:
    with pytest.raises(core.CannotChange, match=r"shape \[\(4, 4, 2\)\], not \[\(8, 8, 2\)\]"):
        apply(core.SetStrides(2, ("high",)), nets.setting_of(nets.unet()))


def test_branches_that_no_longer_meet_are_refused() -> None:
    with pytest.raises(core.CannotChange, match="the layers do not fit together so"):
        apply(core.SetStrides(2, ("a",)), nets.setting_of(nets.resnet()))


def test_nothing_to_change_is_said() -> None:
    with pytest.raises(core.CannotChange, match="d0: no convolution or pooling of another stride"):
        apply(core.SetStrides(2, ("d0",)), nets.setting_of(nets.mlp()))
