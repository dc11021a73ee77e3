"""Reads the sources of a tf.data pipeline without running it.

Running it would advance its seeds, and the user's training would no longer be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from convalesce.observe.scan.structure import as_array

KEEPS = {
    "Prefetch",
    "Cache",
    "Options",
    "Repeat",
    "AssertCardinality",
    "IgnoreErrors",
    "Model",
    "Snapshot",
}
BATCHES = {"Batch", "ParallelBatch", "PaddedBatch", "RaggedBatch"}
UNPAIRED = (
    "The pipeline zips datasets of which at least one was shuffled before: inputs and labels "
    "may no longer belong together."
)
MAPS = {"Map", "ParallelMap"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What a tf.data pipeline was found to do.

    Attributes:
        data: The structure of arrays at its source, cut to the rows taken; None where it could
            not be read.
        rows: Number of rows of each array.
        batch: Examples of a batch, once it is batched.
        shuffle: Buffer of the largest shuffle, in examples.
        mapped: Names of the steps that change examples, in order.
        same_rows: It is known which rows of the source come out.
        unreadable: What stood in the way.
    """

    data: Any = None
    rows: int = 0
    batch: int | None = None
    shuffle: int | None = None
    reshuffles: bool = False
    mapped: tuple[str, ...] = ()
    same_rows: bool = True
    unreadable: str = ""
    remarks: tuple[str, ...] = ()


def is_pipeline(value: Any) -> bool:
    """It is a `tf.data.Dataset`."""
    return any(
        c.__name__ == "DatasetV2" and c.__module__.startswith("tensorflow.")
        for c in type(value).__mro__
    )


def read_pipeline(dataset: Any) -> Pipeline:
    """Follows the steps from the last one back to the source."""
    try:
        return _walk(dataset)
    except Exception as error:  # noqa: BLE001  # the inside of TensorFlow may change any day
        return Pipeline(unreadable=f"its steps could not be followed ({error})")


def _walk(dataset: Any) -> Pipeline:
    step = type(dataset).__name__.strip("_").removesuffix("V1Adapter").removesuffix("Dataset")
    sources = {"TensorSlice": _slices, "Tensor": _whole, "Zip": _zip}
    if step in sources:
        return sources[step](dataset)
    inner = getattr(dataset, "_input_dataset", None)
    if inner is None:
        return Pipeline(unreadable=f"it begins with `{step}`, which can't be read beforehand")
    return _after(_walk(inner), step, dataset)


def _after(before: Pipeline, step: str, dataset: Any) -> Pipeline:
    """What comes out of one more step."""
    if step == "Shuffle":
        return _shuffled(before, dataset)
    if step in {"Take", "Skip", "Shard"}:
        return _cut(before, step, dataset)
    if step in BATCHES:
        return replace(before, batch=int(dataset._batch_size))  # noqa: SLF001
    changes: dict[str, dict[str, Any]] = {
        "Unbatch": {"batch": None},
        "Filter": {"mapped": (*before.mapped, "filter"), "same_rows": False},
        **{name: {"mapped": (*before.mapped, "map")} for name in MAPS},
        **{name: {} for name in KEEPS},
    }
    if step in changes:
        return replace(before, **changes[step])
    reason = f"its step `{step}` can't be followed beforehand"
    return replace(before, data=None, unreadable=before.unreadable or reason)


def _whole(dataset: Any) -> Pipeline:
    """One element, that is one batch."""
    return replace(_slices(dataset), batch=0)


def _slices(dataset: Any) -> Pipeline:
    import tensorflow as tf

    spec = dataset._structure  # noqa: SLF001
    tensors = dataset._tensors  # noqa: SLF001
    if len(tf.nest.flatten(spec)) != len(tensors):
        return Pipeline(unreadable="its tensors are not laid out one by one")
    data = tf.nest.pack_sequence_as(spec, [as_array(t) for t in tensors])
    first = tf.nest.flatten(data)[0]
    return Pipeline(data=data, rows=len(first) if first.ndim else 1)


def _zip(dataset: Any) -> Pipeline:
    parts: list[Pipeline] = []

    def visit(node: Any) -> Any:
        if isinstance(node, Mapping):
            return {k: visit(v) for k, v in node.items()}
        if isinstance(node, (tuple, list)):
            return tuple(visit(v) for v in node)
        parts.append(_walk(node))
        return parts[-1].data

    data = visit(dataset._datasets)  # noqa: SLF001
    bad = next((p.unreadable for p in parts if p.unreadable), "")
    if bad:
        return Pipeline(unreadable=bad)
    if any(p.shuffle for p in parts):
        return Pipeline(
            unreadable="it joins datasets that were shuffled one by one",
            remarks=(UNPAIRED,),
        )
    rows = min(p.rows for p in parts)
    data = _each(data, lambda a: a[:rows])
    mapped = tuple(name for p in parts for name in p.mapped)
    same = all(p.same_rows for p in parts)
    return Pipeline(data=data, rows=rows, batch=parts[0].batch, mapped=mapped, same_rows=same)


def _shuffled(before: Pipeline, dataset: Any) -> Pipeline:
    size = int(dataset._buffer_size) * max(1, before.batch or 1)  # noqa: SLF001
    again = bool(getattr(dataset, "_reshuffle_each_iteration", True) is not False)
    remarks = before.remarks
    if before.batch:
        remarks = (
            *remarks,
            "The pipeline shuffles whole batches, not examples: shuffle stands after batch.",
        )
    return replace(
        before, shuffle=max(size, before.shuffle or 0), reshuffles=again, remarks=remarks
    )


def _cut(before: Pipeline, step: str, dataset: Any) -> Pipeline:
    if before.data is None:
        return before
    if before.shuffle and before.reshuffles:
        text = (
            f"`{step.lower()}` stands after a shuffle that deals anew in each epoch: over the "
            "epochs it lets every row of the source through, so the whole source was scanned."
        )
        return replace(before, remarks=(*before.remarks, text))
    if before.shuffle or not before.same_rows:
        text = f"`{step.lower()}` stands after a step that reorders rows: which of them it lets "
        text += "through is not known beforehand; the whole source was scanned."
        return replace(before, same_rows=False, remarks=(*before.remarks, text))
    if step == "Shard":
        if before.batch:
            return replace(before, same_rows=False)
        part = slice(int(dataset._index), None, int(dataset._num_shards))  # noqa: SLF001
    else:
        count = int(dataset._count) * max(1, before.batch or 1)  # noqa: SLF001
        if count < 0:
            return (
                before if step == "Take" else replace(before, data=None, unreadable="it is empty")
            )
        part = slice(None, count) if step == "Take" else slice(count, None)
    data = _each(before.data, lambda a: a[part])
    return replace(before, data=data, rows=len(range(before.rows)[part]))


def _each(data: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(data, Mapping):
        return {k: _each(v, change) for k, v in data.items()}
    if isinstance(data, (tuple, list)):
        return tuple(_each(v, change) for v in data)
    return change(data)
