"""Training ends in the same bits with and without observation."""

from __future__ import annotations

import random
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from convalesce.core import (
    GRADIENT_NORM,
    LOSS,
    WEIGHT_NORM,
)
from convalesce.observe.monitor import Instrument
from convalesce.observe.monitor.taps import patched
from tests.observe.monitor.nets import CASES, trained

OUTSIDE = ("one replica",)


def state(model: Any, history: Any) -> dict[str, Any]:
    """Everything that training leaves behind, the next random numbers included."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    return {
        "weights": [np.asarray(v).tobytes() for v in model.variables],
        "optimizer": [np.asarray(v).tobytes() for v in optimizer.variables],
        "history": history.history,
        "python": random.getstate(),
        "numpy": np.random.get_state()[1].tobytes(),  # noqa: NPY002
        "tensorflow": tf.random.uniform([2]).numpy().tolist(),
        "generator": tf.random.get_global_generator().state.numpy().tolist(),
        "keras": keras.random.uniform([2]).numpy().tolist(),
        "names": keras.layers.Dense(1).name,
    }


@pytest.mark.filterwarnings("ignore::UserWarning:keras")
@pytest.mark.parametrize("case", CASES)
def test_observed_and_plain_training_end_in_the_same_bits(case: str) -> None:
    instrument = Instrument(every=2)
    plain = state(*trained(case, None))
    observed = state(*trained(case, instrument))
    for part, value in plain.items():
        assert observed[part] == value, part
    found = instrument.series()
    assert len(found[LOSS]) >= 3
    assert (WEIGHT_NORM if case in OUTSIDE else GRADIENT_NORM) in found
    assert bool(instrument.remarks) == (case in OUTSIDE) or case == "mixed precision"
    assert patched() == 0


@pytest.mark.parametrize("every", [None, 1, 0])
def test_every_sampling_leaves_the_same_bits(every: int | None) -> None:
    plain = state(*trained("sequential", None))
    assert state(*trained("sequential", Instrument(every))) == plain
