"""Whole set-ups written by hand, one output each: for records of causes and for tests."""

from __future__ import annotations

from typing import Any

from convalesce.core.catalogue import MODEL, SETUP, TRAIN
from convalesce.core.data import Split, TargetForm, Targets
from convalesce.core.model import Layer, Model, Output
from convalesce.core.setup import Callback, Loss, Setup
from convalesce.core.signal import Signal
from convalesce.readings.specimen import split

EXAMPLES = 1000
_RANGES: dict[str, tuple[float, float, float, float]] = {
    "sign": (-1.0, 1.0, 0.0, 1.0),
    "continuous": (-2.5, 2.5, 0.0, 1.0),
}


def labels(form: TargetForm, classes: int = 2, **more: Any) -> Targets:
    """Targets of a form with their usual range, evenly filled classes and shape."""
    rows = form in {"one_hot", "multi_hot", "soft", "mask_one_hot"}
    index = form in {"class_index", "mask_index"}
    usual = (0.0, classes - 1.0, (classes - 1) / 2, classes / 3.5) if index else (0.0, 1, 0.5, 0.5)
    low, high, mean, std = _RANGES.get(form, usual)
    place = (16, 16) if form.startswith("mask_") else ()
    facts: dict[str, Any] = {
        "name": "target_0",
        "shape": (*place, classes) if rows else (*place, 1) if place else (),
        "dtype": "float32",
        "form": form,
        "classes": None if form == "continuous" else classes,
        "counts": () if form == "continuous" else (EXAMPLES // classes,) * classes,
        "minimum": low,
        "maximum": high,
        "mean": mean,
        "std": std,
        "distinct": classes if index else 1000 if form == "continuous" else 2,
        "integral": form not in {"continuous", "soft"},
    }
    return Targets(**{**facts, **more})


def loss(name: str, *, logits: bool | None = None, known: bool = True, **settings: float) -> Loss:
    """A loss; cross-entropies have `from_logits` False where nothing else is said."""
    if logits is None and "entropy" in name:
        logits = False
    return Loss(name=name, known=known, from_logits=logits, settings=settings)


def model(activation: str | None, width: int, place: tuple[int | None, ...] = ()) -> Model:
    """A model as far as its last layer tells."""
    shape = (*place, width)
    last = Layer(name="answer", path="answer", kind="Dense", activation=activation)
    output = Output(name="answer", layer="answer", shape=shape, width=width, activation=activation)
    return Model(name="specimen", style="sequential", layers=(last,), outputs=(output,))


def setup(given: Loss, *metrics: str, monitor: str = "") -> Setup:
    """A set-up with one loss; `monitor` is what its EarlyStopping looks at."""
    stop = (Callback(name="EarlyStopping", settings={"monitor": monitor}),) if monitor else ()
    return Setup(losses=(given,), optimizer=None, metrics=metrics, callbacks=stop)


def fit(
    target: Targets,
    activation: str | None,
    width: int,
    given: Loss,
    *metrics: str,
    monitor: str = "",
) -> dict[Signal[Any], Any]:
    """TRAIN, MODEL and SETUP of one training."""
    place = target.shape[:2] if target.form.startswith("mask_") else ()
    data: Split = split(target, examples=EXAMPLES)
    return {
        TRAIN: data,
        MODEL: model(activation, width, place),
        SETUP: setup(given, *metrics, monitor=monitor),
    }
