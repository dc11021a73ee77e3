"""TensorBoard's event files, read by TensorBoard's own reader where it is installed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from convalesce.track.logs.log import Log, UnreadableLog, worded

MISSING = (
    "{place} holds TensorBoard's event files, and reading them needs the package tensorboard, "
    "which is not here. Install it with `pip install 'convalesce[tensorboard]'`."
)
HELD = ("validation", "val", "valid", "eval")
TRAINED = ("train", "training")
Curves = dict[str, list[float]]


def files(folder: Path) -> list[Path]:
    """Event files at or below a folder."""
    return sorted(p for p in folder.rglob("*tfevents*") if p.is_file())


def from_folder(folder: Path, which: str = "", only: Path | None = None) -> Log:
    """All runs below a folder, each a fit, in the order in which they began.

    Args:
        folder: Where event files are; those in `train` and `validation` belong together.
        which: Name of the one run to read.
        only: This file alone.

    Raises:
        UnreadableLog: The reader is missing, or there is no curve.
    """
    if find_spec("tensorboard") is None:
        raise UnreadableLog(MISSING.format(place=only or folder))
    runs: dict[Path, Curves] = {}
    began: dict[Path, float] = {}
    for place in sorted({p.parent for p in ([only] if only else files(folder))}):
        run = place.parent if place.name in (*HELD, *TRAINED) and place != folder else place
        first, curves = _read(only or place, held=place.name in HELD)
        runs.setdefault(run, {}).update(curves)
        began[run] = min(first, began.get(run, first))
    wanted = [r for r in sorted(runs, key=began.__getitem__) if runs[r] and which in r.as_posix()]
    if not wanted:
        raise UnreadableLog(f"{only or folder} holds no curve over epochs{_of(which)}.")
    said = f"Read from TensorBoard's event files of {worded(len(wanted), 'run')}"
    names = ", ".join(r.relative_to(folder).as_posix() for r in wanted)
    said += f": {names}." if len(wanted) > 1 else "."
    return Log(name=str(only or folder), said=said, fits=tuple(runs[r] for r in wanted))


def _of(which: str) -> str:
    return f" of a run `{which}`" if which else ""


def _read(place: Path, *, held: bool) -> tuple[float, Curves]:
    """When it began, and its curves by Keras's names."""
    from tensorboard.backend.event_processing.event_accumulator import (  # noqa: PLC0415 - an extra
        EventAccumulator,
    )
    from tensorboard.util.tensor_util import make_ndarray  # noqa: PLC0415

    reader = EventAccumulator(str(place), size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    found: Curves = {}
    tags = reader.Tags()
    for tag in tags["scalars"]:
        points = [(e.step, float(e.value)) for e in reader.Scalars(tag)]
        _add(found, tag, points, held=held)
    for tag in tags["tensors"]:
        if reader.SummaryMetadata(tag).plugin_data.plugin_name != "scalars":
            continue
        points = [(e.step, float(make_ndarray(e.tensor_proto))) for e in reader.Tensors(tag)]
        _add(found, tag, points, held=held)
    return _began(reader), found


def _began(reader: Any) -> float:
    try:
        return float(reader.FirstEventTimestamp())
    except ValueError:  # no event at all
        return 0.0


def _add(found: Curves, tag: str, points: Iterable[tuple[int, float]], *, held: bool) -> None:
    name = named(tag, held=held)
    if name:
        found[name] = list(dict(points).values())  # of a step written twice, the later


def named(tag: str, *, held: bool) -> str:
    """Keras's name of what a tag holds, `val_loss` for `epoch_loss` of validation; empty for none.

    `evaluation_*_vs_iterations` and `batch_*` are not over epochs.
    """
    if tag.startswith(("evaluation_", "batch_", "step_", "gradient_norm/")):
        return ""
    parts = [p for p in tag.removeprefix("epoch_").lower().split("/") if p]
    known = [p for p in parts if p not in (*HELD, *TRAINED)]
    if len(known) != 1:
        return ""
    held = held or any(p in HELD for p in parts)
    name = known[0].replace(" ", "_")
    return f"val_{name}" if held and not name.startswith("val_") else name
