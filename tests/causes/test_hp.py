"""How causes of rate, schedule, batch and length read a training, beyond their own examples."""

import math
from typing import Any

import numpy as np
import pytest

from convalesce import core
from convalesce.causes import all_causes
from convalesce.core import (
    HISTORY,
    LEARNING_RATE,
    LOSS,
    MODEL,
    SETUP,
    UPDATE_RATIO,
    Evidence,
)
from convalesce.readings import specimen

STEPS = 400
OWN = [
    name
    for name in all_causes()
    if name.startswith(("hp.", "reg.")) and name not in {"hp.loss", "hp.metric"}
]


def ask(cause: str, record: dict[Any, Any]) -> Evidence | None:
    return all_causes()[cause].ask(core.record(record))


def adam(rate: float = 1e-3, schedule: core.Schedule | None = None) -> core.Optimizer:
    return core.Optimizer(name="Adam", learning_rate=rate, momentum=0.9, schedule=schedule)


def answers(skill: float, role: core.Role = "train", loss: float = 1.0) -> core.Predictions:
    return core.Predictions(
        role=role, examples=500, loss=(1 - skill) * loss, baseline_loss=loss, accuracy=math.nan
    )


def sound_training(scale: float = 1.0, seed: int = 0) -> dict[Any, Any]:
    """A training as one wishes for: an exponential fall to a floor, in noise."""
    rng = np.random.default_rng(seed)
    share = np.linspace(0, 1, STEPS)
    clean = 0.1 + 2.2 * np.exp(-8 * share)
    loss = scale * clean * rng.normal(1, 0.05, STEPS)
    epochs = [float(part.mean()) for part in np.array_split(loss, 16)]
    return {
        LOSS: loss,
        HISTORY: core.History(
            metrics={"loss": tuple(epochs), "val_loss": tuple(1.02 * e for e in epochs)},
            learning_rate=(1e-3,) * 16,
            planned=16,
            steps=STEPS,
        ),
        SETUP: core.Setup(
            losses=(core.Loss(name="my_loss"),),
            optimizer=adam(),
            batch_size=32,
            epochs=16,
            steps_per_epoch=25,
        ),
        LEARNING_RATE: [1e-3] * STEPS,
        UPDATE_RATIO: {"conv/kernel": 3e-3 * clean, "out/kernel": 1e-3 * clean},
        core.WEIGHT_NORM: {"conv/kernel": [5.0] * STEPS, "out/kernel": [3.0] * STEPS},
        core.PENALTY: [0.01 * scale] * STEPS,
        MODEL: core.Model(
            name="m",
            style="sequential",
            layers=(core.Layer(name="conv", path="conv", kind="Conv2D", l2=1e-4),),
            outputs=(),
        ),
        core.TRAIN_ANSWERS: answers(0.95, loss=2.3 * scale),
        core.VALIDATION_ANSWERS: answers(0.94, "validation", loss=2.3 * scale),
    }


@pytest.mark.parametrize("cause", OWN)
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e6])
def test_a_sound_training_is_silent_whatever_the_unit_of_its_loss(cause: str, scale: float) -> None:
    for seed in range(5):
        found = ask(cause, sound_training(scale, seed))
        assert found is None or found.severity is core.Severity.NOTE


def test_a_training_cut_by_check_is_neither_too_short_nor_overfitted() -> None:
    record = sound_training()
    falling = tuple(np.linspace(2.3, 1.5, 8))
    rising = tuple(np.linspace(1.0, 3.0, 8))
    record[HISTORY] = core.History(
        metrics={"loss": falling, "val_loss": rising}, planned=50, stopped="cut by check"
    )
    for cause in ("hp.epochs_few", "hp.epochs_many", "reg.overfitting"):
        assert ask(cause, record) is None


def decayed(rates: np.ndarray[Any, Any], skill: float) -> dict[Any, Any]:
    record = sound_training()
    schedule = core.Schedule(name="Decay", planned=tuple(float(r) for r in rates))
    record[SETUP] = core.Setup(
        losses=(), optimizer=adam(1e-3, schedule), batch_size=32, epochs=16, steps_per_epoch=25
    )
    record[core.TRAIN_ANSWERS] = answers(skill)
    return record


def test_a_rate_spent_in_the_first_tenth_is_stated_also_when_check_cut_the_training() -> None:
    record = decayed(1e-3 * 0.5 ** np.arange(0, 65), 0.1)
    record[HISTORY] = core.History(metrics={"loss": (2.2,)}, stopped="cut by check")
    found = ask("hp.lr_schedule", record)
    assert found is not None and found.stated
    assert "under a hundredth" in found.says


@pytest.mark.parametrize(
    "rates",
    [
        1e-3 * (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, 65))),
        1e-3 * np.where(np.arange(65) < 32, 1.0, np.where(np.arange(65) < 49, 0.1, 0.01)),
        1e-3 * np.minimum(np.linspace(0, 10, 65), np.linspace(1.1, 0, 65)),
    ],
    ids=["cosine", "steps of He et al.", "warm-up and linear"],
)
def test_a_schedule_of_the_literature_is_no_fault_however_poor_the_result(
    rates: np.ndarray[Any, Any],
) -> None:
    assert ask("hp.lr_schedule", decayed(rates, 0.2)) is None


def test_a_plateau_callback_that_cuts_at_the_best_value_is_stated() -> None:
    record = sound_training()
    val = (1.4, 0.8, 0.6, 0.5, 0.45, 0.44, 0.44, 0.44, 0.44, 0.44)
    rates = (1e-3, 1e-3, 1e-3, 5e-5, 2.5e-6, *(1e-7,) * 5)
    record[HISTORY] = core.History(metrics={"loss": val, "val_loss": val}, learning_rate=rates)
    record[LEARNING_RATE] = np.repeat(rates, 40)
    plateau = core.Callback(name="ReduceLROnPlateau", settings={"monitor": "val_loss"})
    record[SETUP] = core.Setup(losses=(), optimizer=adam(), callbacks=(plateau,))
    record[core.TRAIN_ANSWERS] = answers(0.8)
    found = ask("hp.lr_schedule", record)
    assert found is not None and found.stated
    assert "3 cuts came at the best val_loss" in found.says


def shaken(noise: float, known: float, trained: float | None = None) -> dict[Any, Any]:
    """A constant rate, and a validation loss about its floor."""
    record = sound_training()
    val = 0.7 + np.exp(-np.arange(16)) + noise * np.random.default_rng(1).normal(size=16)
    curve = tuple(float(v) for v in val)
    record[HISTORY] = core.History(metrics={"loss": curve, "val_loss": curve}, planned=16)
    record[core.TRAIN_ANSWERS] = answers(known if trained is None else trained)
    record[core.VALIDATION_ANSWERS] = answers(known, "validation")
    return record


def test_a_constant_rate_at_which_validation_jumps_is_suspected_and_a_plateau_tried_first() -> None:
    found = ask("hp.lr_schedule", shaken(0.1, 0.7))
    assert found is not None and not found.stated
    trial = all_causes()["hp.lr_schedule"].probe(found)
    assert isinstance(trial.change, core.SetSchedule) and trial.change.name == "plateau"
    assert trial.predict is core.KNOWS and trial.steps is None
    assert not trial.otherwise
    assert all_causes()["hp.lr_schedule"].remedies(found)[1] == core.SetSchedule("cosine")


@pytest.mark.parametrize(
    "record",
    [shaken(0.005, 0.7), shaken(0.1, 0.97), shaken(0.1, 0.6, trained=0.94), shaken(0.1, 0.2)],
    ids=["calm", "nothing left to know", "memorised", "hardly learned"],
)
def test_a_constant_rate_is_no_fault_where_a_lower_one_has_nothing_to_bring(
    record: dict[Any, Any],
) -> None:
    assert ask("hp.lr_schedule", record) is None


def test_validation_that_jumps_while_training_has_learned_all_is_not_the_rates_doing() -> None:
    record = shaken(0.1, 0.8)
    record[core.TRAIN] = specimen.split(specimen.targets((100,) * 10, "class_index"))
    loss = (core.Loss(name="sparse_categorical_crossentropy"),)
    record[SETUP] = core.Setup(losses=loss, optimizer=adam())
    assert ask("hp.lr_schedule", record) is not None
    val = record[HISTORY].curve("val_loss")
    fitted = tuple(float(v) for v in np.geomspace(2.3, 0.02, 16))
    record[HISTORY] = core.History(metrics={"loss": fitted, "val_loss": val}, planned=16)
    assert ask("hp.lr_schedule", record) is None


def test_a_rate_that_a_callback_sets_is_not_taken_for_constant() -> None:
    record = shaken(0.1, 0.7)
    own = core.Callback(name="ReduceLROnPlateau", settings={"monitor": "val_loss"})
    record[SETUP] = core.Setup(losses=(), optimizer=adam(), callbacks=(own,))
    assert ask("hp.lr_schedule", record) is None


def test_a_plateau_is_waited_for_by_the_curve_but_leaves_time_for_two_cuts() -> None:
    patience = []
    for epochs in (16, 64):
        record = shaken(0.1, 0.7)
        val = 0.7 + 0.1 * np.random.default_rng(1).normal(size=epochs)
        val[0], val[-2] = 2.0, 0.1  # a late record after a long wait
        curve = tuple(float(v) for v in val)
        record[HISTORY] = core.History(metrics={"loss": curve, "val_loss": curve}, planned=epochs)
        found = ask("hp.lr_schedule", record)
        assert found is not None
        (plateau, _) = found.changes
        assert isinstance(plateau, core.SetSchedule) and plateau.patience is not None
        patience.append(plateau.patience)
    assert patience == [2, 8]


def test_updates_that_are_large_only_against_shrunken_weights_are_no_high_rate() -> None:
    record = sound_training()
    record[core.TRAIN_ANSWERS] = answers(0.0)
    record[UPDATE_RATIO] = {"conv/kernel": np.geomspace(1e-3, 0.5, STEPS)}
    assert ask("hp.lr_high", record) is not None
    record[core.WEIGHT_NORM] = {"conv/kernel": np.geomspace(1.0, 1e-4, STEPS)}
    assert ask("hp.lr_high", record) is None


def test_one_odd_example_in_batches_of_one_is_no_jump() -> None:
    record = sound_training()
    loss = record[LOSS].copy()
    loss[0], loss[200] = 0.001, 5.0
    record[LOSS] = loss
    record[SETUP] = core.Setup(losses=(), optimizer=adam(), batch_size=1)
    assert ask("hp.lr_high", record) is None


def test_memory_for_the_weights_of_a_layer_is_not_put_on_the_batch_for_sure() -> None:
    message = "OOM when allocating tensor with shape[27000000,524288] and type float"
    of_build = core.Crash(exception="ResourceExhaustedError", message=message, phase="build")
    of_fit = core.Crash(exception="ResourceExhaustedError", message=message, phase="fit")
    recognise = all_causes()["hp.batch_large"].crash
    assert recognise is not None
    found = recognise(of_build), recognise(of_fit)
    assert found[0] is not None and not found[0].stated
    assert found[1] is not None and found[1].stated


def test_best_weights_given_back_make_no_warning_of_too_many_epochs() -> None:
    record = sound_training()
    turned = (1.0, 0.7, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
    falling = tuple(np.geomspace(1.0, 0.05, 9))
    kept = core.History(metrics={"loss": falling, "val_loss": turned}, best_restored=True)
    lost = core.History(metrics={"loss": falling, "val_loss": turned})
    many = {
        restored: ask("hp.epochs_many", {**record, HISTORY: h})
        for restored, h in ((True, kept), (False, lost))
    }
    assert many[True] is None
    assert many[False] is not None and many[False].stated
    assert core.StopEarly(patience=3) in many[False].changes
