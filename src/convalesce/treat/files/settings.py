"""What each change comes to as settings, from the record of the fit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.readings.rates import scaled_within
from convalesce.treat.files.setting import Setting, number_in, round_off

RATE = ("lr", "learning_rate", "rate", "eta", "step_size", "alpha", "initial_learning_rate")
BATCH = ("batch_size", "batch", "bs", "minibatch", "minibatch_size")
EPOCHS = ("epochs", "epoch", "n_epochs", "num_epochs", "max_epochs", "nb_epoch", "nb_epochs")
DROPOUT = ("dropout", "dropout_rate", "drop", "drop_rate", "p_drop", "dropout_prob", "keep_out")
DECAY = ("weight_decay", "wd", "decay")
PENALTY = ("l2", "l2_reg", "reg", "regularization", "regularisation", "penalty", "weight_penalty")
FIRST = ("l1", *(name.replace("l2", "l1") for name in PENALTY))
CLIPS = ("clipnorm", "global_clipnorm", "clip", "clip_norm", "grad_clip", "max_grad_norm")
RESTORE = ("restore_best", "restore_best_weights")
WIDTHS = ("filters", "channels", "widths", "width", "units", "hidden", "hidden_units")
OUTPUT = ("output_activation", "final_activation", "last_activation", "activation", "head")
AUGMENTS = {
    "RandomFlip": ("flip", "random_flip", "flip_mode"),
    "RandomRotation": ("rotation", "rotate", "random_rotation"),
    "RandomZoom": ("zoom", "random_zoom"),
    "RandomTranslation": ("translation", "shift", "translate"),
    "RandomContrast": ("contrast",),
    "RandomBrightness": ("brightness",),
    "RandomShear": ("shear",),
}


def settings_of(change: core.Change, fit: core.Fit) -> tuple[Setting, ...]:
    """The settings that a change replaces; none for one that no single value can make."""
    recorded = fit.signals.recorded
    setup, model = recorded.get(core.SETUP), recorded.get(core.MODEL)
    write = WRITERS.get(type(change))
    if write is None or setup is None:
        return ()
    if setup.batch_size is None:
        setup = replace(setup, batch_size=_batch_size(setup, fit.signals))
    found = write(change, setup, model.layers if model is not None else ())
    return tuple(s for s in found if s.advice or s.new != s.old)


def _batch_size(setup: core.Setup, signals: core.Signals) -> int | None:
    """Of data that cut their batches themselves: what the number of updates comes to."""
    train, history = signals.recorded.get(core.TRAIN), signals.recorded.get(core.HISTORY)
    steps = setup.steps_per_epoch
    if steps is None and history is not None and history.epochs:
        steps = round(history.steps / history.epochs)
    examples = train.examples if train is not None else None
    return math.ceil(examples / steps) if steps and examples else None


Layers = tuple[core.Layer, ...]


def _rate(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    if setup.optimizer is None:
        return
    now = round_off(setup.optimizer.learning_rate)
    new = change.rate if isinstance(change, core.SetLearningRate) else now * change.factor
    yield Setting(what="learning rate", names=RATE, old=now, new=round_off(new))


def _batch(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    if not setup.batch_size:
        return
    yield Setting(what="batch size", names=BATCH, old=setup.batch_size, new=change.size)
    if setup.optimizer is not None:
        factor = scaled_within(setup.optimizer.name, change.size / setup.batch_size)
        yield from _rate(core.ScaleLearningRate(factor), setup, ())


def _epochs(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    yield Setting(what="epochs", names=EPOCHS, old=setup.epochs, new=change.epochs)


def _momentum(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    optimizer = setup.optimizer
    if optimizer is not None and optimizer.momentum is not None:
        now = round_off(optimizer.momentum)
        names = ("momentum", "beta_1", "beta1", "mu")
        yield Setting(what="momentum", names=names, old=now, new=change.value)


def _decay(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    if setup.optimizer is not None:
        now = round_off(setup.optimizer.weight_decay)
        yield Setting(what="weight decay", names=DECAY, old=now, new=change.value)


def _clipping(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    if setup.optimizer is not None and setup.optimizer.clipping is not None:
        now = round_off(setup.optimizer.clipping[1])
        yield Setting(what="clipping", names=CLIPS, old=now, new=change.norm)


def _optimizer(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    if setup.optimizer is not None:
        names = ("optimizer", "optimiser", "optim", "opt")
        yield Setting(what="optimizer", names=names, old=setup.optimizer.name, new=change.name)


def _loss(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    if len(setup.losses) == 1 and not change.from_logits:
        names = ("loss", "loss_fn", "loss_function", "objective")
        yield Setting(what="loss", names=names, old=setup.losses[0].name, new=change.name)


def _stopping(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    stopping = [c.settings for c in setup.callbacks if c.name == "EarlyStopping"]
    if len(stopping) != 1:
        return
    given = stopping[0]
    patience = number_in(given.get("patience"))
    if patience is not None:
        names = ("patience", "early_stopping", "early_stopping_patience")
        yield Setting(what="patience", names=names, old=patience, new=change.patience)
    if str(given.get("restore_best_weights", "")).lower() in {"false", "0", "0.0"}:
        yield Setting(what="giving back the best weights", names=RESTORE, old=False, new=True)


def _dropout(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    meant = [x for x in layers if not change.layers or x.name in change.layers]
    rates = {x.rate for x in meant if x.rate is not None and "Dropout" in x.kind}
    yield from _one("dropout rate", DROPOUT, rates, change.rate)


def _penalty(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    yield from _one(
        "L2 penalty", (*PENALTY, "weight_decay"), {x.l2 for x in layers} - {0.0}, change.l2
    )
    yield from _one("L1 penalty", FIRST, {x.l1 for x in layers} - {0.0}, change.l1)


def _output(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    end = next((x for x in layers if x.name == change.layer), layers[-1] if layers else None)
    if change.units is None and end is not None and end.activation is not None:
        now = end.activation
        yield Setting(what="output activation", names=OUTPUT, old=now, new=change.activation)


def _activation(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    meant = [x for x in layers[:-1] if not change.layers or x.name in change.layers]
    kinds = {x.activation for x in meant} - {None, "linear"}
    names = ("activation", "hidden_activation", "act", "nonlinearity")
    if len(kinds) == 1:
        old = str(kinds.pop())
        yield Setting(what="activation", names=names, old=old, new=change.activation)


def _width(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    hidden = [x for x in layers[:-1] if x.kernel_shape and not x.kind.startswith("Depthwise")]
    for kind, what in (("Conv", "filters"), ("Dense", "units")):
        now = [x.kernel_shape[-1] for x in hidden if x.kind.startswith(kind)]
        new = tuple(float(max(1, round(n * change.factor))) for n in now)
        if len(now) > 1:
            yield Setting(what=what, names=WIDTHS, old=tuple(map(float, now)), new=new)
        elif now:
            yield Setting(what=what, names=WIDTHS, old=now[0], new=new[0])


def _strides(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    able = [x for x in layers if x.kind.startswith("Conv") and x.strides]
    meant = {x.name for x in able if not change.layers or x.name in change.layers}
    now = tuple(float(x.strides[0]) for x in able)
    new = tuple(
        float(change.strides) if x.name in meant else n for x, n in zip(able, now, strict=True)
    )
    names = ("strides", "stride")
    if len(now) > 1:
        yield Setting(what="strides", names=names, old=now, new=new)
    if len(set(now)) == len(set(new)) == 1:
        yield Setting(what="strides", names=names, old=now[0], new=new[0])


def _initializer(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    """The deviation that layers share; a named initialiser has one for each fan-in."""
    factor = {"he": 2.0, "glorot": 1.0, "lecun": 1.0}.get(change.initializer.partition("_")[0])
    meant = [x for x in layers if x.fan_in and (not change.layers or x.name in change.layers)]
    wide = [math.sqrt(factor / x.fan_in) for x in meant if x.fan_in] if factor else []
    if not wide:
        return
    advice = f"{change.initializer} comes to a deviation of {_span(wide)} in these layers"
    for key in ("stddev", "scale"):
        now = {x.initializer_values[key] for x in meant if key in x.initializer_values}
        for one in _one(key, (key, "std", "init_std", "init_scale"), now, min(wide)):
            yield replace(one, advice=advice)


def _schedule(change: Any, setup: core.Setup, _: Layers) -> Iterator[Setting]:
    schedule = setup.optimizer.schedule if setup.optimizer is not None else None
    steps = (setup.steps_per_epoch or 0) * setup.epochs
    if schedule is None or not steps:
        return
    for key in ("decay_steps", "first_decay_steps"):
        now = number_in(schedule.settings.get(key))
        if now is not None:
            advice = (
                f"it counts updates, of which the training makes {steps:,}; proven is a "
                f"{change.name} schedule"
            )
            yield Setting(what=key, names=(key,), old=now, new=float(steps), advice=advice)


def _augmentation(change: Any, _: core.Setup, layers: Layers) -> Iterator[Setting]:
    layer = next((x for x in layers if x.name == change.layer), None)
    if layer is None:
        return
    names = AUGMENTS.get(layer.kind, ())
    for key, value in layer.settings.items():
        what, number = f"{layer.kind}'s {key}", number_in(value)
        if number and key.endswith(("factor", "factor_1")):  # of a range, its upper end
            new = round_off(number * change.factor)
            yield Setting(what=what, names=names, old=round_off(number), new=new)
        elif key == "mode" and not change.factor:
            advice = f"proven is the training without {layer.kind}: set it so that it is left out"
            yield Setting(what=what, names=names, old=str(value), new="none", advice=advice)


WRITERS: dict[type[core.Change], Callable[[Any, core.Setup, Layers], Iterable[Setting]]] = {
    core.SetLearningRate: _rate,
    core.ScaleLearningRate: _rate,
    core.SetBatchSize: _batch,
    core.SetEpochs: _epochs,
    core.SetMomentum: _momentum,
    core.SetWeightDecay: _decay,
    core.ClipGradients: _clipping,
    core.SetOptimizer: _optimizer,
    core.SetLoss: _loss,
    core.StopEarly: _stopping,
    core.SetDropout: _dropout,
    core.SetWeightPenalty: _penalty,
    core.SetOutputActivation: _output,
    core.SetActivation: _activation,
    core.ScaleWidth: _width,
    core.SetStrides: _strides,
    core.SetInitializer: _initializer,
    core.SetSchedule: _schedule,
    core.ScaleAugmentation: _augmentation,
}


def _one(what: str, names: tuple[str, ...], now: set[Any], new: float) -> Iterator[Setting]:
    """The setting of a value that all layers share."""
    if len(now) == 1:
        yield Setting(what=what, names=names, old=round_off(now.pop()), new=new)


def _span(numbers: list[float]) -> str:
    low, high = f"{min(numbers):.2g}", f"{max(numbers):.2g}"
    return low if low == high else f"{low} to {high}"
