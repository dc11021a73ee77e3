"""What is drawn while something is tried out is as if it had not been drawn."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator

import numpy as np


@contextlib.contextmanager
def kept_random_state() -> Iterator[None]:
    """Python, NumPy and TensorFlow draw afterwards as if no arm had been trained."""
    import keras
    from tensorflow.python.eager import context

    numbers = context.context()
    eager = getattr(numbers, "_rng", None)
    before = (
        random.getstate(),
        np.random.get_state(),  # noqa: NPY002 - the state that users draw from
        getattr(numbers, "_seed", None),
        eager.getstate() if eager is not None else None,
        keras.src.backend.common.global_state.get_global_attribute("global_seed_generator"),
    )
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002
        numbers._seed, numbers._rng = before[2], eager  # noqa: SLF001
        if eager is not None and before[3] is not None:
            eager.setstate(before[3])
        keras.src.backend.common.global_state.set_global_attribute(
            "global_seed_generator", before[4]
        )
