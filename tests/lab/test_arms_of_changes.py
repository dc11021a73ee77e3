"""Arms of a model that was trained: what is changed in one is not seen in another."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.bench import KerasLab
from convalesce.observe.kept import Kept, Rows, compiled, state_of
from convalesce.observe.shelf import Shelf
from tests.lab.apply import nets


def trained(model: Any) -> tuple[KerasLab, Any]:
    """A lab on a fit of two epochs, and the model."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(64, 8)).astype("float32")
    y = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="sparse_categorical_crossentropy")
    model.optimizer.build(model.trainable_variables)
    kept = Kept(
        index=0,
        model=model,
        arguments={"epochs": 2},
        compiled=compiled(model),
        trainable=tuple((layer, layer.trainable) for layer in model._flatten_layers()),
        train=Rows(x=x, y=y, batch=16),
        forms={"train": "class_index"},
        before=state_of(model),
        rate=0.01,
    )
    model.fit(x, y, epochs=2, verbose=0)
    shelf = Shelf()
    shelf.kept[0] = kept
    fit: Any = SimpleNamespace(index=0, signals=core.Signals({}))
    return KerasLab(shelf, (fit,)), model


@pytest.fixture(scope="module")
def lab() -> Iterator[Any]:
    made, model = trained(nets.own())
    weights = [v.numpy() for v in model.variables]
    with made.open():
        yield made
    assert all(np.array_equal(v.numpy(), w) for v, w in zip(model.variables, weights, strict=True))
    assert (model.drop.rate, model.first.activation.__name__) == (0.5, "sigmoid")
    assert all(layer.trainable for layer in model._flatten_layers())


def loss(lab: KerasLab, *changes: core.Change, seed: int = 0) -> float:
    arm = core.Arm(changes=changes, seed=seed, steps=6)
    return lab.train(0, arm, seconds=60).recorded[core.TRAIN_ANSWERS].loss


@pytest.fixture(scope="module")
def control(lab: KerasLab) -> float:
    return loss(lab)


@pytest.mark.parametrize(
    "change",
    [
        core.SetActivation("relu"),
        core.SetDropout(0.0),
        core.SetInitializer("he_normal"),
        core.SetTrainable(trainable=False, layers=("first",)),
        core.SetWeightPenalty(l2=0.5),
        core.SetWeightDecay(5.0),
    ],
    ids=lambda change: type(change).__name__,
)
def test_a_subclassed_model_is_changed_in_one_arm_and_not_in_the_next(
    lab: KerasLab, control: float, change: core.Change
) -> None:
    treated = loss(lab, change)
    assert treated != control
    assert loss(lab) == control
    assert loss(lab, change) == treated


def test_changes_of_a_trained_model_begin_from_its_first_weights() -> None:
    model = nets.mlp()
    begun = model.get_layer("d0").get_weights()
    lab, model = trained(model)
    assert not np.array_equal(model.get_layer("d0").get_weights()[0], begun[0])
    with lab.open():
        setting = lab._changed(lab._shelf.kept[0], (core.InsertBatchNormalization(("d1",)),))
        assert all(map(np.array_equal, setting.model.get_layer("d0").get_weights(), begun))
        changes = (core.SetActivation("tanh"), core.SetDropout(0.2), core.ScaleWidth(2.0))
        first = loss(lab, *changes)
        assert np.isfinite(first)
        assert loss(lab, *changes) == first
        assert loss(lab, *changes, seed=1) != first
