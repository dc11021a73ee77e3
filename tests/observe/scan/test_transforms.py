"""Ranges of Keras's ImageDataGenerator, in the units of the layers that do the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tensorflow.keras.preprocessing.image import ImageDataGenerator

from convalesce.observe.scan.transforms import transforms_of

X = np.zeros((4, 20, 40, 1), "float32")


def told(**ranges: Any) -> dict[str, tuple[str, float]]:
    flow = ImageDataGenerator(**ranges).flow(X, np.arange(4))
    return {t.argument: (t.kind, t.amount) for t in transforms_of(flow)}


def test_ranges_in_turns_shares_and_factors() -> None:
    found = told(
        rotation_range=90,
        width_shift_range=0.25,
        height_shift_range=5,
        shear_range=45,
        zoom_range=0.4,
        brightness_range=(0.5, 1.2),
        vertical_flip=True,
    )
    assert found == {
        "rotation_range": ("RandomRotation", 0.25),
        "width_shift_range": ("RandomTranslation", 0.25),
        "height_shift_range": ("RandomTranslation", 0.25),
        "shear_range": ("RandomShear", pytest.approx(1.0)),
        "zoom_range": ("RandomZoom", pytest.approx(0.4)),
        "brightness_range": ("RandomBrightness", 0.5),
        "vertical_flip": ("RandomFlip", 1.0),
    }


def test_listed_shifts_count_by_the_widest() -> None:
    assert told(width_shift_range=[-10, 4])["width_shift_range"][1] == 0.25


@pytest.mark.parametrize("data", [None, X, object()])
def test_other_data_say_nothing(data: Any) -> None:
    assert transforms_of(data) == ()


def test_a_generator_that_only_rescales_says_nothing() -> None:
    assert told(rescale=1 / 255) == {}
    assert told(shear_range=0.0, horizontal_flip=False) == {}


def test_an_object_that_only_bears_the_name_says_nothing() -> None:
    class Own:
        image_data_generator = "mine"

    assert transforms_of(Own()) == ()
