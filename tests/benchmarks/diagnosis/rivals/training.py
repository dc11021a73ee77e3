"""A small training that no rival complains of, and ways to spoil it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from convalesce import core

EPOCHS, EACH = 10, 20
STEPS = EPOCHS * EACH
ACTIVE = ("conv", "hidden", "head")


def model(**changes: Mapping[str, Any]) -> core.Model:
    """A convolution, a Dense layer and a softmax; `hidden={"rate": 0.6}` changes one of them."""
    plain = {
        "conv": {"kind": "Conv2D", "activation": "relu", "kernel_shape": (3, 3, 1, 8)},
        "hidden": {"kind": "Dense", "activation": "relu", "kernel_shape": (64, 16)},
        "head": {"kind": "Dense", "activation": "softmax", "kernel_shape": (16, 4)},
    }
    layers = tuple(
        core.Layer(
            **{
                "name": name,
                "path": name,
                "parameters": 100,
                "trainable_parameters": 100,
                "kernel_std": 0.1,
                **settings,
                **changes.get(name, {}),
            }
        )
        for name, settings in plain.items()
    )
    last = layers[-1]
    output = core.Output(name="out", layer="head", shape=(4,), width=4, activation=last.activation)
    return core.Model(name="m", style="sequential", layers=layers, outputs=(output,))


def setup(loss: str = "sparse_categorical_crossentropy", rate: float = 1e-3) -> core.Setup:
    """Compiled with a loss and a rate."""
    return core.Setup(
        losses=(core.Loss(name=loss, from_logits=False),),
        optimizer=core.Optimizer(name="Adam", learning_rate=rate),
        epochs=EPOCHS,
    )


def data(high: float = 1.0, counts: tuple[int, ...] = (250,) * 4, **changes: Any) -> core.Split:
    """Square grey pictures of four classes."""
    pictures = core.Inputs(
        **{
            "name": "input_0",
            "shape": (10, 10, 1),
            "dtype": "float32",
            "kind": "image",
            "minimum": (0.0,),
            "maximum": (high,),
            "mean": (high / 2,),
            "std": (high / 4,),
            **changes,
        }
    )
    labels = core.Targets(
        name="target_0",
        shape=(),
        dtype="int64",
        form="class_index",
        classes=4,
        counts=counts,
        minimum=0.0,
        maximum=3.0,
    )
    return core.Split(
        role="train",
        source="arrays",
        examples=1000,
        scanned=1000,
        whole=True,
        inputs=(pictures,),
        targets=(labels,),
    )


def answers(role: core.Role, confusion: tuple[tuple[int, ...], ...] = ()) -> core.Predictions:
    """Answers that are nearly all right."""
    right = tuple(tuple(97 if i == j else 1 for j in range(4)) for i in range(4))
    return core.Predictions(role=role, examples=400, confusion=confusion or right)


def history(**changes: Any) -> core.History:
    """Curves that settle."""
    fall = 1.0 / np.arange(1, EPOCHS + 1)
    gain = np.array([0.6, 0.75, 0.85, 0.9, 0.91, 0.92, 0.925, 0.93, 0.935, 0.94])
    curves = {
        "loss": fall,
        "val_loss": fall * 1.05,
        "accuracy": gain,
        "val_accuracy": gain - 0.01,
        **changes,
    }
    return core.History(
        metrics={name: tuple(map(float, values)) for name, values in curves.items()},
        planned=EPOCHS,
        steps=STEPS,
    )


def wave(level: float, steps: int = STEPS) -> np.ndarray:
    """Values about a level, no two of which are equal."""
    return level * (1 + 0.1 * np.sin(np.arange(steps)) + 1e-4 * np.arange(steps))


def columns(level: float, names: tuple[str, ...] = ACTIVE, end: str = "") -> dict[str, Any]:
    """One wave a layer."""
    return {f"{name}{end}": wave(level * (i + 1)) for i, name in enumerate(names)}


def training(changes: Mapping[core.Signal[Any], Any] | None = None) -> core.Signals:
    """A record of it, with signals put in the place of the sound ones."""
    ends = {"end": "/kernel"}
    none = {name: np.zeros(STEPS) for name in ACTIVE}
    kernels = {f"{name}/kernel": np.zeros(STEPS) for name in ACTIVE}
    return core.record(
        {
            core.MODEL: model(),
            core.SETUP: setup(),
            core.TRAIN: data(),
            core.TRAIN_ANSWERS: answers("train"),
            core.VALIDATION_ANSWERS: answers("validation"),
            core.HISTORY: history(),
            core.LOSS: 1.0 / np.arange(1, STEPS + 1),
            core.LEARNING_RATE: np.full(STEPS, 1e-3),
            core.GRADIENT_NORM: columns(0.1, **ends),
            core.GRADIENT_NONFINITE: kernels,
            core.GRADIENT_ZERO_SHARE: kernels,
            core.WEIGHT_NORM: columns(3.0, **ends),
            core.UPDATE_RATIO: columns(1e-3, **ends),
            core.ACTIVATION_MEAN: columns(0.3),
            core.ACTIVATION_STD: columns(0.5),
            core.ACTIVATION_ZERO_SHARE: columns(0.2),
            core.ACTIVATION_SATURATED_SHARE: none,
            core.ACTIVATION_NONFINITE: none,
            core.DEAD_UNITS: none,
            **(changes or {}),
        }
    )


def spoilt(
    signal: core.Signal[core.Series], name: str, values: Any, end: str = ""
) -> dict[core.Signal[Any], Any]:
    """One column of a series put in the place of the sound one."""
    series = training()[signal]
    found = {label: series.column(label) for label in series.labels}
    return {signal: {**found, f"{name}{end}": np.broadcast_to(values, STEPS)}}
