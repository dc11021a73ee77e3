"""Random transforms that a data source says it makes of each example.

Keras's ImageDataGenerator is one whose ranges can be read. What a person's own generator does can't
be; its examples are looked at instead.
"""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np

from convalesce.core.data import Transform

TURN = 360.0  # degrees


def transforms_of(data: Any) -> tuple[Transform, ...]:
    """The transforms of an iterator of Keras's ImageDataGenerator; none of other data."""
    generator = getattr(data, "image_data_generator", None)
    if generator is None:
        return ()
    found: list[Transform] = []
    with contextlib.suppress(Exception):  # a class of the user's own may mean something else by it
        found = [t for t in _ranges(generator, _sides(data)) if t.amount > 0]
    return tuple(found)


def _ranges(generator: Any, sides: tuple[int, int]) -> list[Transform]:
    rows, columns = sides
    low, high = generator.zoom_range
    bright = generator.brightness_range or (1.0, 1.0)
    flips = [
        way for way in ("horizontal", "vertical") if bool(getattr(generator, f"{way}_flip", False))
    ]
    return [
        Transform("rotation_range", "RandomRotation", abs(generator.rotation_range) / TURN),
        Transform("width_shift_range", "RandomTranslation", _share(generator, "width", columns)),
        Transform("height_shift_range", "RandomTranslation", _share(generator, "height", rows)),
        Transform(
            "shear_range", "RandomShear", math.tan(math.radians(min(generator.shear_range, 89)))
        ),
        Transform("zoom_range", "RandomZoom", max(abs(1 - low), abs(high - 1))),
        Transform("brightness_range", "RandomBrightness", max(abs(b - 1) for b in bright)),
        *(Transform(f"{way}_flip", "RandomFlip", 1.0, mode=way) for way in flips),
    ]


def _share(generator: Any, way: str, pixels: int) -> float:
    """The widest shift as a share of the side; from 1 on it is given in pixels."""
    widest = float(np.max(np.abs(getattr(generator, f"{way}_shift_range"))))
    return widest if widest < 1 else widest / pixels


def _sides(data: Any) -> tuple[int, int]:
    """Height and width of its pictures."""
    shape = getattr(data, "image_shape", None) or data.x.shape[1:]
    first = 1 if data.data_format == "channels_first" else 0
    return int(shape[first]), int(shape[first + 1])
