import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def names(setting: nets.Setting) -> list[str]:
    return [layer.name for layer in setting.model._flatten_layers(include_self=False)]


def test_images_are_moved_zoomed_and_turned_in_training_only_and_never_flipped() -> None:
    before = nets.setting_of(nets.cnn())
    setting = apply(core.Augment(0.2), before)
    assert names(setting)[1:5] == ["augment_move", "augment_zoom", "augment_turn", "c0"]
    np.testing.assert_allclose(nets.answers(setting), nets.answers(before), atol=1e-6)
    fed = np.asarray(setting.model(setting.train.x, training=True))
    assert not np.allclose(fed, nets.answers(setting), atol=1e-4)
    nets.trains(setting)


def test_other_values_get_noise_in_deviations_of_each_feature() -> None:
    draw = np.random.default_rng(0)
    x = (draw.normal(size=(4000, 8)) * [1, 10, 100, 1, 1, 1, 1, 0] + 5).astype("float32")
    setting = apply(core.Augment(0.1), nets.setting_of(nets.mlp(), x=x))
    front = nets.keras.Sequential(setting.model.layers[:3])
    noise = np.asarray(front(x, training=True)) - x
    np.testing.assert_allclose(noise.std(0)[[0, 1, 2, 7]], [0.1, 1, 10, 0], rtol=0.1, atol=1e-4)
    np.testing.assert_allclose(np.asarray(front(x, training=False)), x, atol=1e-3)


def test_maps_would_have_to_move_along() -> None:
    setting = nets.setting_of(nets.unet(), form="mask_index")
    with pytest.raises(core.CannotChange, match="its targets are no classes: they would have to"):
        apply(core.Augment(), setting)


def test_words_are_left_alone() -> None:
    with pytest.raises(core.CannotChange, match="its inputs are words or numbers of things"):
        apply(core.Augment(), nets.setting_of(nets.words()))


def test_of_several_inputs_none_is_chosen() -> None:
    with pytest.raises(core.CannotChange, match="the model has 2 inputs"):
        apply(core.Augment(), nets.setting_of(nets.twins()))
