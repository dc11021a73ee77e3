"""What a change comes to as a setting: how its key may be called, its value before and after."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from convalesce import core
from convalesce.readings.rates import scaled_within

Value = float | str | bool | tuple[float, ...]
CLOSE = 1e-5  # relative: Keras keeps numbers in single precision

# Words that make another thing of a setting: `val_batch_size` is not `batch_size`.
OTHERS = frozenset({"val", "valid", "validation", "eval", "evaluation", "test", "predict"}) | {
    "holdout",
    "warmup",
    "min",
    "end",
    "final",
    "restart",
}
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
WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One value that a change replaces.

    Attributes:
        what: As it is called in a sentence.
        names: Keys that it may stand under.
    """

    what: str
    names: tuple[str, ...]
    old: Value
    new: Value

    def named(self, key: str) -> bool:
        """Whether a key may mean this: one of the names, or ending or beginning with it."""
        words = _words(key)
        for name in self.names:
            mine = _words(name)
            rest = [*words]
            if words == mine:
                return True
            if words[-len(mine) :] == mine:
                rest = words[: -len(mine)]
            elif words[: len(mine)] == mine:
                rest = words[len(mine) :]
            else:
                continue
            if not OTHERS & set(rest):
                return True
        return False

    def holds(self, value: Any) -> bool:
        """Whether a value read from a file is the old one; a number may be written as text."""
        return same(value, self.old)


def same(value: Any, old: Value) -> bool:
    """Equal up to single precision, letters' case and the kind of sequence."""
    if isinstance(old, bool) or isinstance(value, bool):
        text = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        found = text.get(value.lower()) if isinstance(value, str) else value
        return isinstance(old, bool) and isinstance(found, bool) and found == old
    if isinstance(old, tuple):
        several = isinstance(value, list | tuple) and len(value) == len(old)
        return several and all(same(v, o) for v, o in zip(value, old, strict=True))
    if isinstance(old, str):
        return isinstance(value, str) and _plain(value) == _plain(old)
    number = _number(value)
    return number is not None and abs(number - old) <= CLOSE * abs(old)


def settings_of(change: core.Change, fit: core.Fit) -> tuple[Setting, ...]:
    """The settings that a change replaces; none for one that no single value can make."""
    recorded = fit.signals.recorded
    setup, model = recorded.get(core.SETUP), recorded.get(core.MODEL)
    write = WRITERS.get(type(change))
    if write is None or setup is None:
        return ()
    found = write(change, setup, model.layers if model is not None else ())
    return tuple(s for s in found if s.new != s.old)


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
    patience = _number(given.get("patience"))
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
    if change.units is None and layers and layers[-1].activation is not None:
        now = layers[-1].activation
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
}


def _one(what: str, names: tuple[str, ...], now: set[Any], new: float) -> Iterator[Setting]:
    """The setting of a value that all layers share."""
    if len(now) == 1:
        yield Setting(what=what, names=names, old=round_off(now.pop()), new=new)


def round_off(number: float) -> float:
    """To the digits that single precision has."""
    return float(f"{number:.7g}")


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _words(key: str) -> list[str]:
    return [word.lower() for word in WORDS.findall(key)]


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).lower()
