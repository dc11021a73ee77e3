"""Instruments put to an observed fit by name."""

import numpy as np
import pytest

pytest.importorskip("keras")
import tensorflow as tf

from convalesce import core
from convalesce.lab import answering
from tests.lab.test_bench import X, Y, net, pytestmark, trained

__all__ = ["pytestmark"]

KINDS = {
    core.Instrument.ALONG_UPDATE: core.AlongUpdate,
    core.Instrument.MODE_GAP: core.ModeGap,
    core.Instrument.NOISE_SCALE: core.NoiseScale,
    core.Instrument.SHARPNESS: core.Sharpness,
}


def test_each_gives_its_figure_and_leaves_the_model_alone() -> None:
    lab, _ = trained(net(), {"validation_data": (X, Y)})
    with lab.open():
        with lab.standing(0) as setting:
            before = [np.array(v.value) for v in setting.model.variables]
        for instrument, kind in KINDS.items():
            found = lab.ask(0, instrument, seconds=60.0)
            assert isinstance(found, kind)
            assert found.says
            early = found.says.startswith(f"{answering.WARM} updates of 16 examples from the start")
            assert early == (kind in {core.AlongUpdate, core.Sharpness})
        with lab.standing(0) as setting:
            after = [np.array(v.value) for v in setting.model.variables]
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, two)
    assert lab.spent_s > 0


def test_what_would_take_longer_is_not_begun() -> None:
    lab, _ = trained(net())
    with lab.open():
        for instrument in (core.Instrument.SHARPNESS, core.Instrument.MEMORISATION_SPEED):
            with pytest.raises(core.OutOfTime):
                lab.ask(0, instrument, seconds=0.5)


def test_without_augmentation_nothing_is_compared() -> None:
    lab, _ = trained(net())
    with lab.open(), pytest.raises(core.CannotChange, match="varies its examples"):
        lab.ask(0, core.Instrument.AUGMENTED_SIMILARITY, seconds=60.0)


def test_a_pipeline_whose_random_step_drowns_the_inputs_changes_the_answers() -> None:
    data = tf.data.Dataset.from_tensor_slices((X, Y))
    drowned = data.map(lambda a, b: (a + 50 * tf.random.normal([6]), b)).batch(16)
    given = {"x": drowned, "y": None, "batch_size": None, "validation_data": (X, Y)}
    lab, _ = trained(net(), given)
    with lab.open():
        found = lab.ask(0, core.Instrument.AUGMENTED_SIMILARITY, seconds=60.0)
    assert isinstance(found, core.AugmentedSimilarity)
    assert found.figure.value > 0.5
