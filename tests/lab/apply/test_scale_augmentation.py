from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from convalesce import core
from convalesce.lab.apply import apply
from convalesce.lab.feed import batches
from convalesce.lab.generated import generated
from convalesce.observe.kept import Rows
from tests.lab.apply import nets

# Keras's own image generator reads SciPy where it stood before.
pytestmark = pytest.mark.filterwarnings("ignore:Please import `affine_transform`")


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


def test_one_argument_of_an_image_generator_is_narrowed_and_drawn_alike_by_seed() -> None:
    rows = _generated(rotation_range=90, zoom_range=[0.5, 1.5], vertical_flip=True, rescale=1 / 255)
    setting = replace(nets.setting_of(nets.cnn()), train=rows)
    made = apply(core.ScaleAugmentation("zoom_range", 0.5), setting).train.redrawn.generator
    assert made.zoom_range == [0.75, 1.25]
    assert (made.rotation_range, made.vertical_flip) == (90, True)
    assert rows.redrawn.generator.zoom_range == [0.5, 1.5]
    flip = apply(core.ScaleAugmentation("vertical_flip", 0.3), setting).train.redrawn.generator
    assert not flip.vertical_flip
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - Keras draws from it
    first, again, other = (_epoch(rows, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_an_image_generator_without_its_transforms_gives_the_pictures_as_stored() -> None:
    rows = _generated(rotation_range=90, rescale=1 / 255)
    np.testing.assert_allclose(rows.redrawn.plain.x, PICTURES / 255, rtol=1e-6)
    assert not np.allclose(rows.x, rows.redrawn.plain.x)
    np.testing.assert_array_equal(rows.y, np.arange(20) % 4)
    assert (rows.batch, rows.shuffled, rows.whole) == (8, True, True)


def test_what_an_image_generator_does_not_do_is_not_changed() -> None:
    setting = replace(nets.setting_of(nets.cnn()), train=_generated(rotation_range=90))
    with pytest.raises(core.CannotChange, match="no zoom_range to change"):
        apply(core.ScaleAugmentation("zoom_range", 0.5), setting)
    with pytest.raises(core.CannotChange, match="can't be read again without"):
        apply(core.ScaleAugmentation("zoom_range", 0.5), nets.setting_of(nets.cnn()))


def test_an_image_generator_that_draws_nothing_is_kept_as_it_came() -> None:
    flow = ImageDataGenerator(rescale=1 / 255).flow(PICTURES, batch_size=8)
    assert generated(flow, Rows()) is None
    assert generated(nets.cnn(), Rows()) is None


PICTURES = np.random.default_rng(4).uniform(0, 255, (20, 12, 12, 1)).astype("float32")


def _generated(**ranges: Any) -> Rows:
    flow = ImageDataGenerator(**ranges).flow(PICTURES, np.arange(20) % 4, batch_size=8)
    rows = generated(flow, Rows(dataset=flow, steps=3))
    assert rows is not None
    return rows


def _epoch(rows: Rows, seed: int) -> Any:
    return np.concatenate([np.asarray(x) for x, _ in batches(rows, 6, seed)])
