"""What a run was made of, as words by part and name, and where runs differ in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from convalesce import core

Facts = dict[tuple[str, str], str]
PARTS = ("script", "data", "model", "set-up", "environment", "result")
LEFT_OUT = ("name", "path", "site", "connects", "kernel_mean", "kernel_std")  # of a layer
OWN = "'s "  # an optimizer's own settings are named `Adam's epsilon`
MANY = 16  # figures that are listed; of more, their range


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which runs differ.

    Attributes:
        part: One of `PARTS`.
        name: What it is.
        values: As words, one a run; empty where a run has no such thing.
    """

    part: str
    name: str
    values: tuple[str, ...]


def differences(facts: Sequence[Mapping[tuple[str, str], str]]) -> list[Difference]:
    """Where runs differ, part by part, in the order in which the facts were given."""
    keys = list(dict.fromkeys(key for one in facts for key in one))
    found = [
        Difference(part, name, tuple(one.get((part, name), "") for one in facts))
        for part, name in keys
    ]
    told = [d for d in found if len(set(d.values)) > 1 and not _of_one_optimizer(d)]
    return sorted(told, key=lambda d: PARTS.index(d.part))


def _of_one_optimizer(one: Difference) -> bool:
    """A setting that other optimizers don't have: that they are others is said already."""
    return OWN in one.name and not all(one.values)


def of_summary(summary: Mapping[str, Any], environment: Mapping[str, Any]) -> Facts:
    """What the small files of a run tell: its script, its surroundings, how it went."""
    git = environment.get("git")
    git = git if isinstance(git, dict) else {}
    found: Facts = {
        ("script", "script"): str(summary.get("script") or ""),
        ("script", "arguments"): " ".join(map(str, summary.get("arguments") or ())),
        ("script", "SHA-256"): str(summary.get("script_sha256") or "")[:12],
        ("script", "changes"): "; ".join(map(str, summary.get("changes") or ())),
        ("script", "commit"): str(git.get("commit") or "")[:12],
        ("script", "changed since"): _said(git.get("changed")),
    }
    for name, value in (summary.get("seeds") or {}).items():
        found["set-up", f"seed of {name}"] = str(value)
    for name, value in (summary.get("data") or {}).items():
        if isinstance(value, dict):
            found["data", f"{name}: fingerprint"] = str(value.get("hash") or "")
    for name in ("python", "platform", "cores", "convalesce"):
        found["environment", name] = _said(environment.get(name))
    for group in ("packages", "variables"):
        for name, value in (environment.get(group) or {}).items():
            found["environment", name] = str(value)
    for name in ("status", "exit", "verdict", "causes", "seconds"):
        found["result", name] = _said(summary.get(name))
    return {key: value for key, value in found.items() if value}


def of_run(run: core.Run) -> Facts:
    """What the record of a run tells, of each of its fits."""
    found: Facts = {}
    if len(run.fits) != 1:
        found["set-up", "fits"] = str(len(run.fits))
    for fit in run.fits:
        front = f"fit {fit.index + 1}: " if len(run.fits) > 1 else ""
        for (part, name), value in _of_fit(fit.signals.recorded):
            found[part, front + name] = value
    return found


def _of_fit(recorded: Mapping[core.Signal[Any], Any]) -> Iterable[tuple[tuple[str, str], str]]:
    for role, signal in (("train", core.TRAIN), ("validation", core.VALIDATION)):
        if signal in recorded:
            yield from _of_split(role, recorded[signal])
    if core.MODEL in recorded:
        yield from _of_model(recorded[core.MODEL])
    if core.SETUP in recorded:
        yield from _of_setup(recorded[core.SETUP])
    if core.HISTORY in recorded:
        history = recorded[core.HISTORY]
        yield ("result", "epochs"), str(history.epochs)
        yield ("result", "steps"), str(history.steps)
        for name, values in history.metrics.items():
            if values:
                yield ("result", f"{name}, last"), _said(values[-1])


def _of_split(role: str, split: core.Split) -> Iterable[tuple[tuple[str, str], str]]:
    plain = ("source", "examples", "shuffled_by", "shuffle_buffer", "weighted")
    for name in plain:
        yield ("data", f"{role}: {name.replace('_', ' ')}"), _said(getattr(split, name))
    for tensors, kind in ((split.inputs, "input"), (split.targets, "target")):
        for number, tensor in enumerate(tensors):
            which = f" {number + 1}" if len(tensors) > 1 else ""
            for name in ("shape", "dtype", "kind", "form", "classes", "counts", "nonfinite"):
                if hasattr(tensor, name):
                    yield ("data", f"{role}: {kind}{which} {name}"), _said(getattr(tensor, name))
            for name in ("minimum", "maximum", "mean", "std"):
                yield ("data", f"{role}: {kind}{which} {name}"), _said(getattr(tensor, name))


def _of_model(model: core.Model) -> Iterable[tuple[tuple[str, str], str]]:
    for name in ("style", "parameters", "trainable_parameters", "skips", "weights_loaded"):
        yield ("model", name.replace("_", " ")), _said(getattr(model, name))
    yield ("model", "layers"), str(len(model.layers))
    for layer in model.layers:
        yield ("model", f"layer {layer.path}"), _of_layer(layer)


def _of_layer(layer: core.Layer) -> str:
    """`Conv2D 32 (28, 28, 32) relu, kernel size (3, 3)`: what is not as for any layer."""
    said = []
    for one in fields(layer):
        value = getattr(layer, one.name)
        if one.name in LEFT_OUT or value in (None, (), "", 0, 0.0, {}):
            continue
        if one.name in {"kind", "activation"}:
            said.append(str(value))
        elif one.name == "trainable":
            said += [] if value else ["frozen"]
        else:
            said.append(f"{one.name.replace('_', ' ')} {_said(value)}")
    return ", ".join(said)


def _of_setup(setup: core.Setup) -> Iterable[tuple[tuple[str, str], str]]:
    for one in fields(setup):
        if one.name in {"losses", "optimizer", "callbacks", "fit_site", "compile_site"}:
            continue
        yield ("set-up", one.name.replace("_", " ")), _said(getattr(setup, one.name))
    for loss in setup.losses:
        name = f"loss of {loss.output}" if loss.output else "loss"
        yield ("set-up", name), _with(loss.name, {"from_logits": loss.from_logits, **loss.settings})
    for callback in setup.callbacks:
        yield ("set-up", f"callback {callback.name}"), _with("", callback.settings) or "yes"
    optimizer = setup.optimizer
    if optimizer is None:
        return
    yield ("set-up", "optimizer"), optimizer.name
    yield ("set-up", "learning rate"), _said(optimizer.learning_rate)
    if optimizer.schedule is not None:
        yield ("set-up", "schedule"), _with(optimizer.schedule.name, optimizer.schedule.settings)
    yield ("set-up", "momentum"), _said(optimizer.momentum)
    yield ("set-up", "weight decay"), _said(optimizer.weight_decay)
    yield ("set-up", "clipping"), _said(optimizer.clipping)
    for name, value in optimizer.settings.items():
        if name == "momentum":
            continue
        yield ("set-up", f"{optimizer.name}{OWN}{name}"), _said(value)


def _with(name: str, settings: Mapping[str, Any]) -> str:
    said = ", ".join(f"{k} {_said(v)}" for k, v in settings.items() if v not in (None, ""))
    return f"{name} ({said})" if name and said else name or said


def _said(value: Any) -> str:
    """A value as words: five digits, no noise."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.5g}"
        case list() | tuple():
            return _listed(value)
        case Mapping():
            return ", ".join(f"{k}: {_said(v)}" for k, v in value.items())
    return str(value)


def _listed(values: Sequence[Any]) -> str:
    """All of a short list; of a long one of figures, its range."""
    if not values:
        return ""
    if len(values) == 1:
        return _said(values[0])
    if len(values) > MANY and all(isinstance(v, int | float) for v in values):
        finite = [v for v in values if math.isfinite(v)]
        if finite:
            return f"{len(values)} from {_said(min(finite))} to {_said(max(finite))}"
    return f"({', '.join('any' if v is None else _said(v) for v in values)})"
