"""Reads what compile and fit were told."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from convalesce import core
from convalesce.observe.guard import plain_float
from convalesce.observe.layers import plain_settings
from convalesce.observe.sites import site_of

POINTS = 65  # at which a schedule is read over the planned training


def read_setup(
    model: Any,
    arguments: Mapping[str, Any],
    *,
    batch_size: int | None,
    steps_per_epoch: int | None,
    site: core.Site | None = None,
) -> core.Setup:
    """The set-up of one fit.

    Args:
        model: A built and compiled `keras.Model`.
        arguments: The arguments of `fit`, by name, defaults included.
        batch_size: Examples an update, where known.
        steps_per_epoch: Updates an epoch, where known.
        site: The line that called fit.
    """
    epochs = int(arguments.get("epochs") or 1)
    steps = epochs * steps_per_epoch if steps_per_epoch else None
    callbacks = _callbacks(arguments.get("callbacks"))
    return core.Setup(
        losses=_losses(model),
        optimizer=read_optimizer(getattr(model, "optimizer", None), steps),
        metrics=_metrics(model),
        metrics_as_written=_metrics_as_written(model),
        batch_size=batch_size,
        epochs=epochs,
        steps_per_epoch=steps_per_epoch,
        shuffle=_shuffle(arguments),
        validation=_validation(arguments),
        validation_split=float(arguments.get("validation_split") or 0.0),
        class_weight=_class_weight(arguments.get("class_weight")),
        sample_weight=arguments.get("sample_weight") is not None,
        callbacks=callbacks,
        precision=_precision(model),
        jit_compile=bool(getattr(model, "jit_compile", False)),
        steps_per_execution=int(getattr(model, "steps_per_execution", 1) or 1),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
        custom_train_step=_overridden(model, "train_step"),
        fit_site=site,
        compile_site=site_of(model, "compile"),
    )


def read_optimizer(optimizer: Any, steps: int | None) -> core.Optimizer | None:
    """An optimizer's settings; `steps` is the number of planned updates, for its schedule."""
    if optimizer is None:
        return None
    inner = getattr(optimizer, "inner_optimizer", None) or optimizer
    config: dict[str, Any] = {}
    with contextlib.suppress(Exception):
        config = dict(inner.get_config())
    settings = plain_settings(
        {k: v for k, v in config.items() if k not in {"name", "learning_rate"}}
    )
    schedule = getattr(inner, "_learning_rate", None)
    is_schedule = callable(schedule) and hasattr(schedule, "get_config")
    start = int(plain_float(getattr(inner, "iterations", 0)))
    rate = schedule(start) if callable(schedule) and is_schedule else inner.learning_rate
    clipping = [
        (key, float(value))
        for key in ("clipnorm", "global_clipnorm", "clipvalue")
        if isinstance(value := getattr(inner, key, None), int | float)
    ]
    momentum = settings.get("momentum", settings.get("beta_1"))
    return core.Optimizer(
        name=type(inner).__name__,
        learning_rate=plain_float(rate),
        schedule=_schedule(schedule, start, steps) if is_schedule else None,
        momentum=momentum if isinstance(momentum, float) else None,
        weight_decay=plain_float(getattr(inner, "weight_decay", None) or 0.0),
        clipping=clipping[0] if clipping else None,
        settings=settings,
    )


def resolved(model: Any) -> tuple[tuple[core.Loss, ...], tuple[str, ...]]:
    """Losses and metrics as Keras resolved them, which it does in its first step."""
    return _losses(model), _metrics(model)


def _schedule(schedule: Any, start: int, steps: int | None) -> core.Schedule:
    planned: tuple[float, ...] = ()
    if steps:
        count = min(POINTS, steps)
        at = [start + round(i * (steps - 1) / max(count - 1, 1)) for i in range(count)]
        with contextlib.suppress(Exception):
            planned = tuple(plain_float(schedule(step)) for step in at)
    settings: dict[str, float | str] = {}
    with contextlib.suppress(Exception):
        settings = plain_settings({k: v for k, v in schedule.get_config().items() if k != "name"})
    return core.Schedule(name=type(schedule).__name__, settings=settings, planned=planned)


def _losses(model: Any) -> tuple[core.Loss, ...]:
    compiled = getattr(model, "_compile_loss", None)
    flat = getattr(compiled, "_flat_losses", None)
    if flat:
        named = len(flat) > 1
        return tuple(
            _loss(entry.loss, str(entry.name) if named else "", entry.loss_weights)
            for entry in flat
        )
    written = getattr(model, "loss", None)
    if written is None:
        return ()
    items = written.items() if isinstance(written, dict) else [("", written)]
    if isinstance(written, list | tuple):
        items = [(str(i), w) for i, w in enumerate(written)]
    return tuple(_loss(loss, str(name), None) for name, loss in items if loss is not None)


def _loss(loss: Any, output: str, weight: Any) -> core.Loss:
    function = getattr(loss, "fn", None) or loss
    keywords = dict(getattr(loss, "_fn_kwargs", None) or {})
    name = loss if isinstance(loss, str) else getattr(function, "__name__", None)
    name = name or _snake(type(loss).__name__)
    known = isinstance(loss, str) or _of_keras(function)
    if isinstance(loss, str):
        import keras

        with contextlib.suppress(Exception):
            return _loss(keras.losses.get(loss), output, weight)
    if "from_logits" not in keywords and known and "crossentropy" in name:
        default = inspect.signature(function).parameters.get("from_logits")
        if default is not None:
            keywords["from_logits"] = default.default
    from_logits = keywords.pop("from_logits", None)
    return core.Loss(
        name=name,
        output=output,
        known=known,
        from_logits=None if from_logits is None else bool(from_logits),
        weight=plain_float(weight) if isinstance(weight, int | float) else 1.0,
        settings=plain_settings({k: v for k, v in keywords.items() if k != "axis"}),
    )


def _metrics(model: Any) -> tuple[str, ...]:
    compiled = getattr(model, "_compile_metrics", None)
    names = []
    for metric in getattr(compiled, "metrics", None) or ():
        function = getattr(metric, "_fn", None)
        name = getattr(function, "__name__", None) or _snake(type(metric).__name__)
        names.append(name)
    return tuple(names)


def _metrics_as_written(model: Any) -> tuple[str, ...]:
    compiled = getattr(model, "_compile_metrics", None)
    written = getattr(compiled, "_user_metrics", None)
    flat: list[Any] = []

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            part = list(part.values())
        if isinstance(part, list | tuple):
            for inner in part:
                walk(inner)
        elif part is not None:
            flat.append(part)

    walk(written)
    return tuple(
        m if isinstance(m, str) else str(getattr(m, "__name__", None) or _snake(type(m).__name__))
        for m in flat
    )


def _callbacks(callbacks: Any) -> tuple[core.Callback, ...]:
    if callbacks is None:
        return ()
    listed: Sequence[Any] = getattr(callbacks, "callbacks", None) or callbacks
    if not isinstance(listed, list | tuple):
        listed = [listed]
    out = []
    for callback in listed:
        values = {k: v for k, v in vars(callback).items() if not k.startswith("_")}
        values = {k: v for k, v in values.items() if k not in {"model", "params"}}
        schedule = values.get("schedule")
        out.append(
            core.Callback(name=type(callback).__name__, settings=plain_settings(values))
            if not callable(schedule)
            else core.Callback(name=type(callback).__name__, settings={"schedule": "function"})
        )
    return tuple(out)


def _shuffle(arguments: Mapping[str, Any]) -> bool | None:
    from convalesce.observe.arguments import is_indexable

    value = arguments.get("shuffle", True)
    return bool(value) if is_indexable(arguments.get("x")) else None


def _validation(arguments: Mapping[str, Any]) -> str:
    if arguments.get("validation_data") is not None:
        return "data"
    return "split" if arguments.get("validation_split") else ""


def _class_weight(value: Any) -> dict[int, float]:
    if not isinstance(value, Mapping):
        return {}
    out = {}
    for key, weight in value.items():
        with contextlib.suppress(TypeError, ValueError):
            out[int(key)] = float(weight)
    return out


def _precision(model: Any) -> str:
    policy = getattr(model, "dtype_policy", None)
    return str(getattr(policy, "name", "float32"))


def _overridden(model: Any, name: str) -> bool:
    method = getattr(type(model), name, None)
    return not str(getattr(method, "__module__", "")).startswith("keras.")


def _of_keras(function: Any) -> bool:
    return str(getattr(function, "__module__", "")).startswith("keras.")


def _snake(name: str) -> str:
    out = ""
    for i, letter in enumerate(name):
        after_lower = i > 0 and (name[i - 1].islower() or name[i - 1].isdigit())
        out += ("_" if letter.isupper() and after_lower else "") + letter.lower()
    return out
