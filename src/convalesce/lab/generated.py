"""An iterator of Keras's ImageDataGenerator: its pictures as they are stored, drawn anew by arms.

What came by in the first epoch is one draw. The pictures are read again without the generator, and
arms send them through a generator of the same settings, or of narrower ranges. Each picture has a
seed of its own, so that arms of one seed see the same draws.
"""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.observe.arguments import unpack
from convalesce.observe.kept import TRAIN_BYTES, Rows
from convalesce.observe.scan.transforms import transforms_of

READ_S = 10.0
AT_ONCE = 64  # pictures that are read together
STILL = {
    "rotation_range": 0,
    "width_shift_range": 0.0,
    "height_shift_range": 0.0,
    "shear_range": 0.0,
    "zoom_range": [1, 1],
    "channel_shift_range": 0.0,
    "brightness_range": None,
    "horizontal_flip": False,
    "vertical_flip": False,
}


class _AsStored:
    """In the place of a generator: pictures as they are stored."""

    def get_random_transform(self, *_: Any) -> dict[str, float]:
        return {}

    def apply_transform(self, x: Any, *_: Any) -> Any:
        return x

    def standardize(self, x: Any) -> Any:
        return x


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """Pictures as they are stored, and the generator that draws from them.

    Attributes:
        stored: Shape `(examples, height, width, channels)`.
        generator: A `keras.preprocessing.image.ImageDataGenerator`, never the user's own.
        rows: One draw of all examples.
    """

    stored: NDArray[Any]
    generator: Any
    rows: Rows

    def holds(self, rows: Rows) -> bool:
        """The rows are as the generator gives them, and have no weights."""
        return rows.x is self.rows.x and rows.y is self.rows.y and rows.weight is None

    @property
    def plain(self) -> Rows:
        """The examples without the random transforms."""
        return replace(self.rows, x=_drawn(self.stored, _still(self.generator)), redrawn=None)

    def scaled(self, argument: str, factor: float) -> Rows:
        """The examples with one transform narrowed or widened; a flip is taken out.

        Raises:
            core.CannotChange: The generator makes no such transform.
        """
        now = getattr(self.generator, argument, None) if argument in STILL else None
        if now is None or now == STILL[argument]:
            raise core.CannotChange(f"the image generator has no {argument} to change")
        generator = copy.copy(self.generator)
        setattr(generator, argument, _times(argument, now, factor))
        rows = replace(self.rows, x=_drawn(self.stored, generator))
        made = Generated(self.stored, generator, rows)
        return replace(rows, redrawn=made)

    def batches(self, orders: NDArray[np.int64], batch: int) -> Any:
        """Batches of one epoch after another, each example drawn anew.

        Args:
            orders: Of the examples, shape `(epochs, examples)`.
            batch: Examples of each.
        """
        import tensorflow as tf

        first = int(np.random.default_rng(orders[0]).integers(1 << 31))
        dtype, shape = self.rows.x.dtype, self.rows.x.shape[1:]

        def drawn(place: Any, index: Any) -> Any:
            seed = (first + int(place)) % (1 << 32)
            return _one(self.stored[int(index)], self.generator, seed).astype(dtype)

        def example(place: Any, index: Any) -> Any:
            x = tf.ensure_shape(tf.numpy_function(drawn, [place, index], dtype), shape)
            return x, tf.nest.map_structure(lambda part: tf.gather(part, index), targets)

        targets = tf.nest.map_structure(tf.convert_to_tensor, self.rows.y)
        places = np.arange(orders.size)
        made = tf.data.Dataset.from_tensor_slices((places, orders.reshape(-1))).map(example)
        if orders.shape[1] % batch:  # the last batch of an epoch is a smaller one
            epochs = made.window(orders.shape[1])
            made = epochs.flat_map(lambda x, y: tf.data.Dataset.zip((x, y)).batch(batch))
        else:
            made = made.batch(batch)
        return made.prefetch(2)


def generated(data: Any, rows: Rows) -> Rows | None:
    """All examples of an image generator's iterator; None of other data, or where none is drawn.

    Args:
        data: The user's; it is not asked for a batch.
        rows: What is known of them.
    """
    if not transforms_of(data) or rows.redrawn is not None:
        return None
    try:
        found = _read(data)
    except Exception:  # noqa: BLE001 - a class of the user's own, files that are gone; one draw is left
        return None
    if found is None:
        return None
    stored, y = found
    generator = copy.copy(data.image_data_generator)
    made = replace(
        rows,
        x=_drawn(stored, generator),
        y=y,
        dataset=None,
        seen=(),
        whole=True,
        steps=rows.steps if rows.steps != len(data) else None,
        batch=int(data.batch_size),
        shuffled=bool(data.shuffle),
    )
    return replace(made, redrawn=Generated(stored, generator, made))


def _read(data: Any) -> tuple[NDArray[Any], Any] | None:
    """Pictures and targets in their stored order; None where there are too many, or weights."""
    import keras

    source = copy.copy(data)
    source.image_data_generator, source.save_to_dir = _AsStored(), None
    ends, held, parts = time.monotonic() + READ_S, 0, []
    for start in range(0, int(data.n), AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, int(data.n)))
        batch = source._get_batches_of_transformed_samples(rows)  # noqa: SLF001
        x, y, weight = unpack(batch) or (batch, None, None)
        if y is None or weight is not None or not isinstance(x, np.ndarray):
            return None
        parts.append((x, y))
        held += x.nbytes
        if held > TRAIN_BYTES or time.monotonic() > ends:
            return None
    y = keras.tree.map_structure(lambda *p: np.concatenate(p), *(y for _, y in parts))
    return np.concatenate([x for x, _ in parts]), y


def _one(x: NDArray[Any], generator: Any, seed: int) -> NDArray[Any]:
    """One picture as the generator gives it."""
    before = np.random.get_state()  # noqa: NPY002 - it draws from NumPy's own
    try:
        made = generator.apply_transform(x.copy(), generator.get_random_transform(x.shape, seed))
    finally:
        np.random.set_state(before)  # noqa: NPY002
    return np.asarray(generator.standardize(made))


def _drawn(stored: NDArray[Any], generator: Any) -> NDArray[Any]:
    return np.stack([_one(x, generator, seed) for seed, x in enumerate(stored)])


def _still(generator: Any) -> Any:
    made = copy.copy(generator)
    for argument, value in STILL.items():
        setattr(made, argument, value)
    return made


def _times(argument: str, now: Any, factor: float) -> Any:
    """A range times a factor; ranges of factors lie around 1."""
    if argument in {"horizontal_flip", "vertical_flip"}:
        return now and factor >= 1
    if argument in {"zoom_range", "brightness_range"}:
        return STILL[argument] if not factor else [1 + (v - 1) * factor for v in now]
    if isinstance(now, list | tuple):
        return type(now)(v * factor for v in now)
    return now * factor
