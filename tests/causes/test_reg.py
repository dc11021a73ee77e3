"""What too much and too little regularisation is read from, beyond the causes' own examples."""

import math
from typing import Any

import numpy as np

from convalesce import core
from convalesce.causes import all_causes
from convalesce.core import (
    HISTORY,
    LOSS,
    MODEL,
    PENALTY,
    SETUP,
    TRAIN,
    Evidence,
)

FALLING = tuple(float(v) for v in np.geomspace(1.5, 0.01, 12))
TURNED = (1.2, 0.9, 0.7, 0.65, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4)


def ask(cause: str, record: dict[Any, Any]) -> Evidence | None:
    return all_causes()[cause].ask(core.record(record))


def answers(role: core.Role, loss: float) -> core.Predictions:
    return core.Predictions(role=role, examples=300, loss=loss, baseline_loss=2.3)


def model(*layers: core.Layer) -> core.Model:
    return core.Model(name="m", style="sequential", layers=layers, outputs=())


def layer(kind: str, **values: Any) -> core.Layer:
    return core.Layer(name=kind.lower(), path=kind.lower(), kind=kind, **values)


def memorised(*layers: core.Layer, steps: int = 2000, val: tuple[float, ...] = TURNED) -> Any:
    split = core.Split(
        role="train",
        source="arrays",
        examples=500,
        scanned=500,
        whole=True,
        inputs=(),
        targets=(),
    )
    return {
        HISTORY: core.History(metrics={"loss": FALLING, "val_loss": val}, steps=steps),
        LOSS: [2.3, *FALLING],
        MODEL: model(layer("Dense"), *layers),
        SETUP: core.Setup(losses=(), optimizer=None),
        TRAIN: split,
        core.TRAIN_ANSWERS: answers("train", 0.01),
        core.VALIDATION_ANSWERS: answers("validation", val[-1]),
    }


def test_memorising_without_any_regularisation_is_stated() -> None:
    found = ask("reg.overfitting", memorised())
    assert found is not None and found.stated
    assert "nothing in the model regularises" in found.says


def test_memorising_in_spite_of_dropout_is_a_suspicion() -> None:
    found = ask("reg.overfitting", memorised(layer("Dropout", rate=0.3)))
    assert found is not None and not found.stated


def test_dropout_of_zero_and_noise_of_zero_do_not_regularise() -> None:
    idle = layer("Dropout", rate=0.0), layer("GaussianNoise", settings={"stddev": 0.0})
    found = ask("reg.overfitting", memorised(*idle))
    assert found is not None and found.stated


def test_a_validation_that_never_learned_is_not_stated_as_overfitting() -> None:
    found = ask("reg.overfitting", memorised(val=tuple(2.2 + v for v in TURNED)))
    assert found is not None and not found.stated


def test_moving_averages_that_lag_are_not_taken_for_memorising() -> None:
    slow = layer("BatchNormalization", settings={"momentum": 0.99})
    found = ask("reg.overfitting", memorised(slow, steps=100))
    assert found is not None and found.severity is core.Severity.NOTE


def paying(share: float, skill: float, stopped: str = "") -> dict[Any, Any]:
    steps = 50
    return {
        MODEL: model(layer("Dense", l2=1e-3)),
        LOSS: [2.0] * steps,
        PENALTY: [2.0 * share] * steps,
        HISTORY: core.History(metrics={"loss": (2.0,)}, stopped=stopped),
        core.TRAIN_ANSWERS: answers("train", 2.3 * (1 - skill)),
    }


def test_a_penalty_that_outweighs_a_learned_task_is_no_fault() -> None:
    assert ask("reg.too_strong", paying(0.9, skill=0.97)) is None


def test_a_penalty_that_outweighs_an_unlearned_task_is_stated() -> None:
    found = ask("reg.too_strong", paying(0.9, skill=0.3))
    assert found is not None and found.stated
    assert "L2 of 0.001" in found.says


def test_check_does_not_judge_a_penalty_by_its_first_steps() -> None:
    assert ask("reg.too_strong", paying(0.9, skill=0.3, stopped="cut by check")) is None


def test_decay_as_large_as_an_update_is_stated_where_weights_shrank() -> None:
    adamw = core.Optimizer(name="AdamW", learning_rate=1e-3, weight_decay=10.0)
    record = {
        MODEL: model(layer("Dense")),
        LOSS: [2.3] * 20,
        SETUP: core.Setup(losses=(), optimizer=adamw),
        core.WEIGHT_NORM: {"dense/kernel": np.geomspace(5.0, 0.2, 20)},
        core.TRAIN_ANSWERS: answers("train", 2.29),
    }
    found = ask("reg.too_strong", record)
    assert found is not None and found.stated
    assert found.severity is core.Severity.ERROR
    assert math.isclose(found.readings[0].observed, 0.01)
    assert all_causes()["reg.too_strong"].remedies(found)[0] == core.SetWeightDecay(0.004)
