from __future__ import annotations

import keras
import numpy as np
import pytest

import convalesce
from convalesce.lab.tools.compare_optimizers import OptimizerTried, _equal, _title
from tests.lab.tools.nets import X, Y, net


def test_each_optimizer_is_compared_at_a_rate_of_its_own() -> None:
    model = net("adam")
    optimizer = model.optimizer
    weights = [v.numpy() for v in model.weights]
    found = convalesce.compare_optimizers(
        model,
        X[:512],
        Y[:512],
        ["adadelta", keras.optimizers.SGD(1e-5, momentum=0.5)],
        steps=40,
        validation=(X[512:], Y[512:]),
    )
    rates = {one.name: one.rate for one in found.tried}
    assert rates["SGD, momentum 0.5"] > 1e-2  # a thousand times the rate that it was given
    assert rates["adadelta"] > 0.05  # its default rate is 0.001
    assert all(one.loss < 2.0 for one in found.tried)
    assert found.tried[0].loss <= found.tried[1].loss
    assert found.equal[0] == found.best.name
    table = str(found)
    assert "val_loss" in table and "40 updates each, at its own best rate, 2 seeds" in table
    assert model.optimizer is optimizer
    for old, new in zip(weights, model.weights, strict=True):
        assert np.array_equal(old, new.numpy())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"names": ["magic"]}, "Keras has no optimizer 'magic'"),
        ({"names": []}, "0 optimizers; 10, 2 and 1 at the least"),
        ({"seeds": (1,)}, "1 seeds and 5 optimizers"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        convalesce.compare_optimizers(net(), X, Y, **change)


def test_one_that_is_worse_beyond_the_noise_of_all_is_not_called_equal() -> None:
    def tried(name: str, *losses: float) -> OptimizerTried:
        return OptimizerTried(name=name, rate=0.1, losses=losses)

    found = [
        tried("a", 0.50, 0.52, 0.51), tried("b", 0.51, 0.51, 0.52), tried("c", 0.9, 0.92, 0.91),
        tried("d", float("inf"), 0.5, 0.5),
    ]  # fmt: skip
    assert _equal(found) == ("a", "b")


def test_two_of_one_class_are_told_apart() -> None:
    plain, fast = keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1, 0.9, nesterov=True)
    assert [_title(o) for o in (plain, fast)] == ["SGD", "SGD, momentum 0.9, Nesterov"]
