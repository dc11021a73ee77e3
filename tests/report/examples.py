"""Examined scripts made by hand, one of each sort that a report must be able to show."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.core import (
    Health,
    Severity,
    Verdict,
)

NAN, INF = math.nan, math.inf
FIT = core.Site("train.py", 16)
COMPILE = core.Site("train.py", 15)
COST = core.Cost(training_s=41.2, monitor_s=0.63, scan_s=0.21)
EPOCHS, STEPS = 12, 480
LAYERS = ("conv2d", "conv2d_1", "conv2d_2", "dense", "dense_1")
NASTY = "<script>alert('x')</script>\x1b[31m&\"\n"


def split(role: core.Role, examples: int, samples: tuple[core.Sample, ...] = ()) -> core.Split:
    counts = tuple(int(examples * share) for share in (0.4, 0.25, 0.15, 0.12, 0.08))
    return core.Split(
        role=role,
        source="arrays",
        examples=examples,
        scanned=examples,
        whole=True,
        inputs=(
            core.Inputs(
                name="images",
                shape=(28, 28, 1),
                dtype="uint8",
                kind="image",
                minimum=(0.0,),
                maximum=(255.0,),
                mean=(72.9,),
                std=(90.0,),
            ),
        ),
        targets=(
            core.Targets(
                name="labels",
                shape=(),
                dtype="int64",
                form="class_index",
                classes=5,
                counts=counts,
                maximum=4.0,
                mean=1.24,
                std=1.3,
            ),
        ),
        samples=samples,
    )


def layers(count: int = 5) -> tuple[core.Layer, ...]:
    names = LAYERS if count == 5 else tuple(f"conv2d_{i}" for i in range(count))
    return tuple(
        core.Layer(
            name=name,
            path=name,
            kind="Dense" if "dense" in name else "Conv2D",
            output_shape=(26, 26, 32) if "conv" in name else (5,),
            activation="softmax" if name == "dense_1" else "relu",
            parameters=9248,
            trainable_parameters=9248 if name != "conv2d" else 0,
        )
        for name in names
    )


def model(count: int = 5) -> core.Model:
    return core.Model(
        name="sequential",
        style="sequential",
        layers=layers(count),
        outputs=(),
        parameters=9248 * count,
        trainable_parameters=9248 * (count - 1),
    )


SETUP = core.Setup(
    losses=(core.Loss(name="binary_crossentropy", from_logits=False),),
    optimizer=core.Optimizer(
        name="Adam", learning_rate=0.1, momentum=0.9, settings={"epsilon": 1e-7, "amsgrad": "False"}
    ),
    metrics=("sparse_categorical_accuracy",),
    batch_size=32,
    epochs=50,
    steps_per_epoch=40,
    shuffle=True,
    validation="split",
    validation_split=0.2,
    callbacks=(core.Callback(name="EarlyStopping", settings={"patience": 5.0}),),
)


def falling(low: float, high: float, count: int, pace: float, noise: float = 0.0) -> np.ndarray:
    at = np.arange(count)
    return low + (high - low) * np.exp(-pace * at) + noise * np.sin(at * 7.13) * np.cos(at * 3.7)


def history() -> core.History:
    held = falling(0.9, 1.5, EPOCHS, 0.7) + 0.03 * np.maximum(np.arange(EPOCHS) - 5, 0)
    return core.History(
        metrics={
            "accuracy": tuple(1 - falling(0.05, 0.7, EPOCHS, 0.4)),
            "loss": tuple(falling(0.1, 1.6, EPOCHS, 0.5)),
            "val_accuracy": tuple(0.6 - falling(0.0, 0.3, EPOCHS, 0.5)),
            "val_loss": tuple(held),
        },
        learning_rate=(0.1,) * 8 + (0.01,) * 4,
        planned=50,
        steps=STEPS,
        stopped="early stopping",
        best_restored=True,
    )


def answers(role: core.Role) -> core.Predictions:
    matrix = np.diag([60, 30, 12, 4, 0]) + np.array([[4, 3, 0, 0, 0]] * 4 + [[20, 1, 0, 0, 0]])
    return core.Predictions(
        role=role, examples=130, confusion=tuple(tuple(int(n) for n in row) for row in matrix)
    )


def flow(count: int = 5) -> dict[core.Signal[Any], core.Series]:
    steps = np.arange(0, STEPS, 10)
    depth = np.linspace(-6, 0, count)
    names = tuple(layer.name for layer in layers(count))
    norms = 10.0 ** (depth[None, :] - 0.01 * steps[:, None] / 10)
    dead = np.clip(np.outer(steps / STEPS, np.linspace(0.9, 0, count)), 0, 1)
    variables = tuple(f"{name}/kernel" for name in names)
    return {
        core.GRADIENT_NORM: core.Series(steps, norms, variables),
        core.UPDATE_RATIO: core.Series(steps, norms * 0.1, variables),
        core.ACTIVATION_STD: core.Series(steps, np.sqrt(norms), names),
        core.DEAD_UNITS: core.Series(steps, dead, names),
    }


def record(count: int = 5, samples: tuple[core.Sample, ...] = ()) -> dict[core.Signal[Any], Any]:
    steps = np.arange(STEPS)
    return {
        core.TRAIN: split("train", 1000, samples),
        core.VALIDATION: split("validation", 250),
        core.MODEL: model(count),
        core.SETUP: SETUP,
        core.HISTORY: history(),
        core.TRAIN_ANSWERS: answers("train"),
        core.VALIDATION_ANSWERS: answers("validation"),
        core.LOSS: core.Series(steps, falling(0.1, 1.6, STEPS, 0.02, 0.08)),
        core.LEARNING_RATE: core.Series(steps, np.where(steps < 320, 0.1, 0.01)),
        **flow(count),
    }


def fit(index: int = 0, values: dict[core.Signal[Any], Any] | None = None) -> core.Fit:
    signals = core.record(record() if values is None else values)
    return core.Fit(index=index, signals=signals, cost=COST, site=FIT)


def pixels(seed: int, channels: int = 1) -> np.ndarray:
    y, x = np.mgrid[0:28, 0:28]
    ring = (np.abs(np.hypot(y - 14, x - 14) - 6 - seed) < 2) * 230
    return np.repeat(ring[..., None], channels, -1).astype(np.uint8)


SAMPLES = (
    core.Sample(role="train", row=7, why="duplicate", label="3", pixels=pixels(0)),
    core.Sample(role="validation", row=12, why="duplicate", label="3", pixels=pixels(0)),
    core.Sample(role="train", row=90, why="label", label="1", pixels=pixels(2, 3)),
    core.Sample(role="train", row=91, why="class", label="2", text="4 8 15 16 23 42"),
)


def finding(cause: str, title: str, says: str, **changes: Any) -> core.Finding:
    """A stated error with one reading; `changes` go to the finding or to its evidence."""
    evidence = core.Evidence(
        readings=(
            core.Reading(
                core.TRAIN,
                4.0,
                core.Limit(1.0, "1", "binary cross-entropy is defined for labels in 0 … 1"),
                "largest label",
            ),
        ),
        says=says,
        strength=0.98,
        stated=True,
        severity=Severity.ERROR,
        site=COMPILE,
    )
    inner = {k: changes.pop(k) for k in tuple(changes) if hasattr(evidence, k) and k != "severity"}
    made = core.Finding(
        cause=cause,
        title=title,
        evidence=replace(evidence, **inner),
        verdict=Verdict.CONFIRMED,
        severity=Severity.ERROR,
        confidence=0.98,
    )
    return replace(made, **changes)


LOSS = finding(
    "hp.loss",
    "The loss does not suit the task or the form of the labels",
    "Labels are class indices 0 to 4, but binary_crossentropy wants 0 or 1.",
    remedies=(core.SetLoss("sparse_categorical_crossentropy", from_logits=False),),
)
LEAKAGE = finding(
    "data.leakage",
    "Training and validation share examples, or a target leaks into the inputs",
    "61 of 250 validation examples stand in the training split too.",
    readings=(
        core.Reading(
            core.ACROSS,
            0.244,
            core.Limit(0.01, "of the split", "one in a hundred by chance of equal pictures"),
            "shared examples",
        ),
    ),
    rows=(7, 90, *range(200, 230)),
    site=None,
    severity=Severity.WARNING,
    remedies=(core.Deduplicate(), core.Resplit()),
)
CURVATURE = core.Measured(
    instrument=core.Instrument.SHARPNESS,
    figure=core.Figure(812.0, 790.0, 834.0, "loss/update²"),
    says="20 updates of 32 examples from the start, the largest curvature is 812, 2.1 times the "
    "380 that the learning rate bears",
    speaks=core.Speaks.FOR,
    limit=core.Limit(1.0, "1", "above it the update of a quadratic loss diverges"),
    observed=2.14,
)
RATE = finding(
    "hp.lr_high",
    "Learning rate too high",
    "Updates are 0.31 of their weights in conv2d_1 and the loss ends no lower than it began.",
    readings=(
        core.Reading(
            core.UPDATE_RATIO,
            0.31,
            core.Limit(0.01, "1", "Karpathy, CS231n notes: about 1e-3 is healthy"),
            "update over weight",
        ),
        core.Reading(
            core.LOSS, NAN, core.Limit(1.6, "nat", "loss at the start"), "loss at the end"
        ),
    ),
    layers=("conv2d_1", "conv2d_2"),
    site=None,
    strength=0.7,
    stated=False,
    severity=Severity.WARNING,
    verdict=Verdict.UNDECIDED,
    confidence=0.7,
    remedies=(core.ScaleLearningRate(0.1), core.FindLearningRate(), core.WarmUp(100)),
)
NOT_ASKED = (
    core.NotAsked("hp.metric", "the script evaluated no hold-out data"),
    core.NotAsked("data.augmentation", "the batches were not recorded on their way to the model"),
    core.NotAsked("arch.frozen", "the batches were not recorded on their way to the model"),
)


def healthy() -> core.Examined:
    run = core.Run(script="train.py", fits=(fit(),))
    return core.Examined(
        run=run,
        diagnosis=core.Diagnosis(health=Health.HEALTHY, not_asked=NOT_ASKED),
        started="2026-01-02T03:04:05+00:00",
    )


def unhealthy() -> core.Examined:
    """Three findings, the last of them explained by the first."""
    third = replace(RATE, severity=Severity.NOTE, explained_by="hp.loss")
    run = core.Run(
        script="train.py",
        fits=(fit(0, record(samples=SAMPLES)),),
        remarks=(
            "train_on_batch was called 3 times: those updates were seen, their data were not",
        ),
    )
    found = (LOSS, LEAKAGE, third)
    diagnosis = core.Diagnosis(health=Health.UNHEALTHY, findings=found, not_asked=NOT_ASKED)
    return core.Examined(run=run, diagnosis=diagnosis, started="2026-01-02T03:04:05+00:00")


def mended() -> core.Examined:
    """A rate that an experiment proved, a fault that showed beneath it, and the mend of both."""
    slower = core.ScaleLearningRate(0.1)
    shown = core.Tried(
        changes=(slower,),
        predict=core.LEARNS,
        control=(0.02, 0.04),
        treated=(0.81, 0.84),
        noise=0.03,
        effect=0.795,
        low=0.75,
        high=0.84,
        relevant=0.15,
        steps=200,
        verdict=Verdict.CONFIRMED,
    )
    again = replace(shown, predict=core.KNOWS, control=(0.02,), treated=(0.7,), noise=0.0)
    rate = replace(
        RATE, verdict=Verdict.CONFIRMED, trial=shown, mended=again, measured=(CURVATURE,)
    )
    beneath = replace(LEAKAGE, beneath=RATE.cause, severity=Severity.WARNING)
    open_ = replace(LOSS, verdict=Verdict.UNDECIDED, untried="there was no time for a single pair")
    ruled_out = replace(LOSS, cause="arch.too_deep", verdict=Verdict.REFUTED, trial=shown)
    run = core.Run(script="train.py", fits=(fit(),), probes_s=12.5)
    diagnosis = core.Diagnosis(
        health=Health.UNHEALTHY, findings=(rate, beneath, open_, ruled_out), not_asked=NOT_ASKED
    )
    treatment = core.Treatment(
        causes=(RATE.cause,),
        changes=(slower,),
        verified=replace(again, control=(0.02, 0.03, 0.02), treated=(0.7, 0.72, 0.69), noise=0.02),
        gone=(RATE.cause,),
        diff="--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-Adam(0.1)\n+Adam(0.01)\n",
        left=("collect about 2 times the examples: they have to be collected",),
        model="train-mended.keras",
        ran=True,
        ran_says="it ran in a copy, each fit cut to its first 3 steps",
        files=(
            core.FileMend(
                path="config.toml",
                says="learning rate: `train.lr` from 0.1 to 0.01",
                diff="--- a/config.toml\n+++ b/config.toml\n@@ -1 +1 @@\n-lr = 0.1\n+lr = 0.01\n",
            ),
            core.FileMend(
                path="data/<b>.npz",
                says="leave out 40 rows of `x` that hold NaN",
                snippet='import numpy as np\n\nkeep = np.isfinite(held["x"])',
                rows=(3, 17, 41),
                count=40,
            ),
        ),
    )
    return core.Examined(run=run, diagnosis=diagnosis, treatment=treatment)


def undecided() -> core.Examined:
    run = core.Run(script="train.py", fits=(fit(),), cut=True, interrupted=True)
    diagnosis = core.Diagnosis(health=Health.UNDECIDED, findings=(RATE,), not_asked=NOT_ASKED)
    return core.Examined(run=run, diagnosis=diagnosis)


def crashed() -> core.Examined:
    crash = core.Crash(
        exception="ValueError",
        message="Negative dimension size caused by subtracting 3 from 2 for 'conv2d_3'",
        phase="build",
        layer="conv2d_3",
        site=core.Site("train.py", 10),
    )
    shrunk = finding(
        "arch.downsampling",
        "Strides and pooling shrink the feature map too early, or never before a huge Dense",
        "The map has shrunk to 2 positions where conv2d_3 needs 3.",
        site=crash.site,
        layers=("conv2d_3",),
        remedies=(core.SetStrides(1, ("max_pooling2d_2",)),),
    )
    diagnosis = core.Diagnosis(
        health=Health.CRASHED,
        findings=(shrunk,),
        not_asked=tuple(core.NotAsked(f"hp.c{i}", "the script ended before") for i in range(20)),
    )
    run = core.Run(script="train.py", status=1, crash=crash)
    return core.Examined(run=run, diagnosis=diagnosis)


def never_trained() -> core.Examined:
    diagnosis = core.Diagnosis(
        health=Health.UNDECIDED,
        not_asked=(core.NotAsked("hp.loss", "the script never called fit"),),
    )
    return core.Examined(run=core.Run(script="-m package.train"), diagnosis=diagnosis)


def lost() -> core.Examined:
    """NaN in everything that can hold a number."""
    steps = np.arange(40)
    lost = np.where(steps < 20, 2.3, NAN)
    table = np.where((steps[:, None] < 20) & np.array([True, True, False]), 1e-3, NAN)
    table[25:, 1] = INF
    names = ("conv2d/kernel", "dense/kernel", "dense_1/kernel")
    values: dict[core.Signal[Any], Any] = {
        core.HISTORY: core.History(
            metrics={"loss": (2.3, NAN, NAN), "val_loss": (NAN, NAN, INF), "mae": (NAN,) * 3},
            learning_rate=(NAN, 0.0, NAN),
            steps=40,
            stopped="interrupted",
        ),
        core.LOSS: core.Series(steps, lost),
        core.PENALTY: core.Series(steps, np.full(40, INF)),
        core.LEARNING_RATE: core.Series(steps, np.full(40, NAN)),
        core.GRADIENT_NORM: core.Series(steps, table, names),
        core.UPDATE_RATIO: core.Series(steps, np.full((40, 3), NAN), names),
        core.DEAD_UNITS: core.Series(steps, np.full((40, 3), NAN), names),
        core.ORIGIN: core.Origin(step=20, first="gradient", name="conv2d/kernel", epoch=1),
        core.TRAIN: replace(
            split("train", 10),
            examples=None,
            inputs=(
                core.Inputs(
                    name="x",
                    shape=(None, 3),
                    dtype="float32",
                    kind="other",
                    minimum=(NAN,),
                    maximum=(INF,),
                    mean=(NAN,) * 9,
                    std=(-INF,) * 9,
                    nonfinite=30,
                ),
            ),
        ),
        core.TRAIN_ANSWERS: core.Predictions(role="train", examples=0, confusion=((0, 0), (0, 0))),
    }
    readings = tuple(
        core.Reading(core.LOSS, a, core.Limit(b, "nat", "any"), "x")
        for a, b in ((NAN, NAN), (INF, 1.0), (-INF, -1.0), (1.0, INF), (0.0, 0.0), (-3.0, 2.0))
    )
    nan = finding(
        "data.nonfinite", "NaN or infinite values in inputs or targets", "NaN.", readings=readings
    )
    spent = core.Cost(training_s=NAN, monitor_s=INF)
    run = core.Run(script="train.py", fits=(replace(fit(0, values), cost=spent),))
    diagnosis = core.Diagnosis(
        health=Health.UNHEALTHY, findings=(replace(nan, confidence=NAN),), not_asked=()
    )
    return core.Examined(run=run, diagnosis=diagnosis)


def folds() -> core.Examined:
    """The 20 fits of a k-fold loop, three of them concerned."""
    fits = tuple(replace(fit(i), continues=0 if i == 1 else None) for i in range(20))
    found = (replace(LEAKAGE, fit=4, also_in=(5, 6)), replace(RATE, fit=9))
    diagnosis = core.Diagnosis(health=Health.UNHEALTHY, findings=found, not_asked=NOT_ASKED)
    return core.Examined(run=core.Run(script="train.py", fits=fits), diagnosis=diagnosis)


def hostile() -> core.Examined:
    """Names, labels, messages and file names that try to be markup or to move the cursor."""
    values = record()
    names = tuple(f"{NASTY}{i}" for i in range(5))
    steps = np.arange(0, STEPS, 10)
    values[core.GRADIENT_NORM] = core.Series(steps, np.ones((len(steps), 5)), names)
    values[core.MODEL] = replace(
        model(), name=NASTY, layers=tuple(replace(a, name=NASTY, kind=NASTY) for a in layers())
    )
    values[core.SETUP] = replace(SETUP, losses=(core.Loss(name=NASTY),), metrics=(NASTY,))
    values[core.HISTORY] = replace(
        history(), metrics={NASTY: (1.0, 2.0), "loss": (1.0, 2.0)}, stopped=NASTY
    )
    sample = core.Sample(role="train", row=7, why=NASTY, label=NASTY, text=NASTY)
    values[core.TRAIN] = replace(split("train", 50, (sample,)), remarks=(NASTY,))
    site = core.Site(f"{NASTY}\udcff.py", 3)
    found = finding(
        "hp.loss",
        NASTY,
        NASTY,
        readings=(core.Reading(core.TRAIN, 1.0, core.Limit(2.0, NASTY, NASTY), NASTY),),
        layers=(NASTY,),
        site=site,
        rows=(7,),
        remedies=(core.SetLoss(NASTY),),
    )
    crash = core.Crash(exception=NASTY, message=NASTY, phase="fit", layer=NASTY, site=site)
    run = core.Run(script=f"{NASTY}.py", fits=(fit(0, values),), crash=crash, remarks=(NASTY,))
    diagnosis = core.Diagnosis(
        health=Health.CRASHED,
        findings=(found,),
        not_asked=(core.NotAsked("hp.metric", NASTY),),
        remarks=(NASTY,),
    )
    return core.Examined(run=run, diagnosis=diagnosis, started=NASTY)


ALL = {
    make.__name__: make
    for make in (
        healthy,
        unhealthy,
        mended,
        undecided,
        crashed,
        never_trained,
        lost,
        folds,
        hostile,
    )
}
