"""Curves and flow of a run as TensorBoard's event files, laid out as Keras's own callback does."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from convalesce import core

FLOWS = (core.GRADIENT_NORM, core.UPDATE_RATIO, core.DEAD_UNITS, core.ACTIVATION_STD)
VALIDATION = "val_"
UNFIT = re.compile(r"[^\w./-]")  # for a tag

Point = tuple[str, int, float]  # tag, step, value


def write(run: core.Run, folder: Path) -> None:
    """Event files of each fit, below `folder`: `train` and `validation`.

    Raises:
        OSError: The folder can't be written to.
    """
    for fit in run.fits:
        place = folder / f"fit-{fit.index + 1}" if len(run.fits) > 1 else folder
        recorded = fit.signals.recorded
        _write(place / "train", [*_epochs(recorded, held=False), *_steps(recorded)])
        _write(place / "validation", list(_epochs(recorded, held=True)))


def _write(folder: Path, points: list[Point]) -> None:
    if not points:
        return
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 - an extra
    from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415
    from tensorboard.summary.writer.event_file_writer import EventFileWriter  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder))
    for tag, step, value in points:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        writer.add_event(Event(step=step, summary=summary))
    writer.close()


def _epochs(recorded: Any, *, held: bool) -> Iterator[Point]:
    history = recorded.get(core.HISTORY)
    if history is None:
        return
    curves = dict(history.metrics)
    if history.learning_rate and "learning_rate" not in curves:
        curves["learning_rate"] = history.learning_rate
    for name, values in curves.items():
        if name.startswith(VALIDATION) == held:
            for epoch, value in enumerate(values):
                yield f"epoch_{name.removeprefix(VALIDATION)}", epoch, value


def _steps(recorded: Any) -> Iterator[Point]:
    loss = recorded.get(core.LOSS)
    if loss is not None:
        for step, value in zip(loss.steps.tolist(), loss.values.tolist(), strict=True):
            yield "step_loss", step, value
    for signal in FLOWS:
        series = recorded.get(signal)
        if series is None or series.values.ndim != 2:
            continue
        for column, label in enumerate(series.labels):
            tag = f"{signal.name}/{UNFIT.sub('_', label)}"
            for step, value in zip(series.steps, series.values[:, column], strict=True):
                if not math.isnan(value):
                    yield tag, int(step), float(value)
