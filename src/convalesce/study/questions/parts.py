"""The parts of a script that can be taken away, each with the changes that do so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from convalesce import core
from convalesce.readings.structure import layers_of, normalises
from convalesce.study.questions.rivals import is_nesterov, schedule_of

PLATEAU, STOPPING = "ReduceLROnPlateau", "EarlyStopping"
NESTEROV, MOMENTUM = "Nesterov", "momentum"

Part = tuple[str, tuple[core.Change, ...]]


def parts_of(signals: core.Signals) -> Iterator[Part]:
    """Name of each part, and what takes it away."""
    setup, layers = signals.recorded.get(core.SETUP), layers_of(signals)
    yield from _regularisers(layers)
    if any(normalises(layer) for layer in layers):
        yield "normalisation layers", (core.DropNormalization(),)
    if isinstance(setup, core.Setup):
        if setup.optimizer is not None:
            yield from _settings(setup.optimizer)
        yield from _fitting(setup, scheduled=bool(schedule_of(signals)))
    yield "half of the width", (core.ScaleWidth(0.5),)
    yield "one hidden layer", (core.ChangeDepth(-1),)


def untaken(signals: core.Signals) -> Iterator[tuple[str, str]]:
    """Parts that no change takes away."""
    setup, layers = signals.recorded.get(core.SETUP), layers_of(signals)
    if any(layer.kind == "Add" for layer in layers):
        yield "residual connections", "no change takes a shortcut out"
    if isinstance(setup, core.Setup) and setup.sample_weight:
        yield "sample weights", "they belong to the examples"


def _regularisers(layers: Sequence[core.Layer]) -> Iterator[Part]:
    if any(layer.rate for layer in layers if "Dropout" in layer.kind):
        yield "dropout", (core.SetDropout(0.0),)
    kinds = [k.upper() for k in ("l1", "l2") if any(getattr(layer, k) for layer in layers)]
    if kinds:
        yield f"{' and '.join(kinds)} penalties", (core.SetWeightPenalty(),)
    drawn = [x for x in layers if x.kind.startswith("Random") or x.kind == "GaussianNoise"]
    for layer in drawn:
        what = "augmentation" if layer.kind.startswith("Random") else "noise"
        yield f"{what} {layer.name}", (core.ScaleAugmentation(layer.name, 0.0),)
    if len(drawn) > 1:
        yield (
            "augmentation, all of it",
            tuple(core.ScaleAugmentation(layer.name, 0.0) for layer in drawn),
        )


def _settings(optimizer: core.Optimizer) -> Iterator[Part]:
    if optimizer.name == "SGD" and optimizer.momentum:
        if is_nesterov(optimizer):
            yield NESTEROV, (core.SetMomentum(optimizer.momentum, nesterov=False),)
        yield MOMENTUM, (core.SetMomentum(0.0, False if is_nesterov(optimizer) else None),)
    if optimizer.name == "RMSprop" and optimizer.momentum:
        yield MOMENTUM, (core.SetMomentum(0.0),)
    if optimizer.weight_decay:
        yield "weight decay", (core.SetWeightDecay(0.0),)
    if optimizer.clipping is not None:
        yield "gradient clipping", (core.DropClipping(),)


def _fitting(setup: core.Setup, *, scheduled: bool) -> Iterator[Part]:
    callbacks = {callback.name for callback in setup.callbacks}
    if scheduled:
        yield "learning-rate schedule", (core.SetSchedule("constant"),)
    for name in (PLATEAU, STOPPING):
        if name in callbacks:
            yield name, (core.DropCallback(name),)
    if setup.class_weight:
        yield "class weights", (core.DropClassWeights(),)
