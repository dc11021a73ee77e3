import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from convalesce.lab.edits import edited
from tests.lab.apply import nets


def test_the_penalty_is_that_of_every_kernel_while_it_lasts() -> None:
    model = nets.mlp()
    setting = apply(core.SetWeightPenalty(l2=0.1), nets.setting_of(model))
    kernels = [layer.kernel.numpy() for layer in model.layers]
    with edited(setting.edits):
        found = float(sum(model.losses))
    assert found == pytest.approx(0.1 * sum(float(np.square(k).sum()) for k in kernels), rel=1e-5)
    assert model.losses == []


def test_a_penalty_is_taken_off_biases_as_well() -> None:
    model = nets.mlp(kernel_regularizer="l2", bias_regularizer="l1")
    setting = apply(core.SetWeightPenalty(), nets.setting_of(model))
    with edited(setting.edits):
        assert model.losses == []
    assert len(model.losses) == 6


def test_a_rebuilt_model_has_the_penalty() -> None:
    changes = (core.SetWeightPenalty(l1=0.1), core.ChangeDepth(1))
    made = nets.change_all(*changes, setting=nets.setting_of(nets.mlp())).model
    assert float(made.get_layer("d2_more_1").kernel_regularizer.l1) == pytest.approx(0.1)
    assert len(made.losses) == 5


def test_the_layers_of_a_subclassed_model_get_it() -> None:
    setting = apply(core.SetWeightPenalty(l2=0.1), nets.setting_of(nets.own(), x=nets.EIGHT))
    with edited(setting.edits):
        assert len(setting.model.losses) == 2
