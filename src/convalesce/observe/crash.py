"""An exception that ended a script, as a `Crash`: where it arose, and what its message states."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Iterator
from inspect import CO_GENERATOR
from types import FrameType
from typing import Any, Literal

from convalesce.core import (
    Crash,
    Site,
)
from convalesce.observe.messages import layer_in, node_of, numbers_in, sentence
from convalesce.observe.sites import is_runner, is_users, site_at

Phase = Literal["import", "data", "build", "compile", "fit", "evaluate", "other"]
Part = Literal["", "layer", "loss", "metric"]

# Functions of Keras's trainers, and what the script was doing in them.
TRAINER: dict[str, Phase] = {
    "fit": "fit",
    "train_on_batch": "fit",
    "evaluate": "evaluate",
    "test_on_batch": "evaluate",
    "predict": "evaluate",
    "predict_on_batch": "evaluate",
    "compile": "compile",
}
PARTS: tuple[tuple[str, Part], ...] = (
    ("keras.src.losses", "loss"),
    ("keras.src.metrics", "metric"),
)
BUILDING = ("keras.src.layers", "keras.src.models", "keras.src.ops", "keras.src.activations")
COMPILING = ("keras.src.optimizers", "keras.src.losses", "keras.src.metrics")


def crash_of(error: BaseException) -> Crash:
    """What is known of an uncaught exception.

    Where the user's code raised it from another one, the one that Keras raised is described.
    """
    chosen = next((e for e in _chain(error) if _phase(e) != "other"), error)
    frames = [*_cut_frames(chosen), *_frames(chosen)]
    text = str(chosen.args[0] if isinstance(chosen, KeyError) and chosen.args else chosen)
    layer = _layer(frames) or layer_in(text) or _layer_of_node(frames, node_of(text))
    part, function = _part(frames, node_of(text))
    return Crash(
        exception=type(chosen).__name__,
        message=sentence(text),
        phase=_phase(chosen),
        layer=layer,
        site=_site(chosen) or _site(error),
        numbers=numbers_in(text),
        part=part or ("layer" if layer else ""),
        function=function,
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        hidden = current.__suppress_context__
        current = current.__cause__ or (None if hidden else current.__context__)


def _frames(error: BaseException) -> Iterator[FrameType]:
    """Frames of the exception, innermost first, those included that Keras cut from its trace."""
    listed = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    seen: set[int] = set()
    for start in reversed(listed):
        frame: FrameType | None = start
        while frame is not None and id(frame) not in seen and not is_runner(frame):
            seen.add(id(frame))
            yield frame
            frame = frame.f_back


def _cut_frames(error: BaseException) -> list[FrameType]:
    """Frames of the exception that Keras raised anew with the arguments of the call."""
    original = error.__context__
    if original is None or not error.__suppress_context__:
        return []
    return list(_frames(original))


def _phase(error: BaseException) -> Phase:
    if isinstance(error, ImportError | SyntaxError):
        return "import"
    phase: Phase = "other"
    generator = False
    for frame in _frames(error):
        module, function = _place(frame)
        if "data_adapters" in module:
            return "data"
        if module.startswith("keras.src") and "trainer" in module and function in TRAINER:
            return "data" if generator else TRAINER[function]
        generator = generator or (is_users(frame) and bool(frame.f_code.co_flags & CO_GENERATOR))
        if phase == "other" and module.startswith(BUILDING):
            phase = "build"
        elif phase == "other" and module.startswith(COMPILING):
            phase = "compile"
    return phase


def _place(frame: FrameType) -> tuple[str, str]:
    """Module and function of a frame; for Keras's filter of traces, of what it calls."""
    called = frame.f_locals.get("fn") if frame.f_code.co_name == "error_handler" else None
    module = getattr(called, "__module__", None) or frame.f_globals.get("__name__", "")
    return str(module), str(getattr(called, "__name__", None) or frame.f_code.co_name)


def _part(frames: list[FrameType], node: str) -> tuple[Part, str]:
    """Whether a loss or a metric was at work, and its name."""
    scope, _, rest = node.partition("/")
    if scope == "compile_loss":
        return "loss", rest.partition("/")[0]
    found: tuple[Part, str] = ("", "")
    for frame in frames:
        module, function = _place(frame)
        for package, part in PARTS:
            if module.startswith(package) and found[0] in {"", part}:
                name = getattr(frame.f_locals.get("self"), "name", None)
                if name:
                    return part, str(name)
                found = (part, "" if function.startswith("_") else found[1] or function)
    return found


def _site(error: BaseException) -> Site | None:
    """The innermost line of the user's; for a syntax error, the line that it names."""
    if isinstance(error, SyntaxError) and error.filename:
        return Site(str(error.filename), int(error.lineno or 1))
    site = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_users(frame):
            site = site_at(frame, line)
    return site


def _layer(frames: list[FrameType]) -> str:
    """The innermost layer whose own code was running, as far as its frames remain."""
    keras = sys.modules.get("keras")
    if keras is None:
        return ""
    for frame in frames:
        me: Any = frame.f_locals.get("self")
        if isinstance(me, keras.Layer) and not isinstance(me, keras.Model):
            return str(me.name)
    return ""


def _layer_of_node(frames: list[FrameType], node: str) -> str:
    """The layer of the model in training that a graph node belongs to."""
    model = next((m for f in frames if _is_model(m := f.f_locals.get("self"))), None)
    if model is None or not node:
        return ""
    names = {layer.name for layer in model._flatten_layers(include_self=False)}  # noqa: SLF001
    for part in reversed(node.split("/")[:-1]):
        for name in (re.sub(r"_\d+$", "", part), part):  # scopes of a second call count up
            if name in names:
                return str(name)
    return ""


def _is_model(value: Any) -> bool:
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(value, keras.Model)
