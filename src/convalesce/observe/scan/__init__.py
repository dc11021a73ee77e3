"""The data scan: one pass over a split, in bounded memory.

`observe.fit` calls it for each split of a fit. `reading` pulls chunks from arrays, `pipeline`
from the sources of tf.data, `tee` from batches on their way to Keras; `passing` feeds each chunk
to the parts that count (`inputs`, `labels`, `fingerprints`, `pictures`, `reservoir`) and joins
what they found. Nothing here changes data, draws from the user's random state, runs a pipeline or
asks for a batch twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from convalesce.core.data import Role, Source
from convalesce.observe.scan.hints import NO_HINTS
from convalesce.observe.scan.hints import Hints as Hints
from convalesce.observe.scan.passing import Scan as Scan
from convalesce.observe.scan.passing import compare as compare
from convalesce.observe.scan.passing import nothing
from convalesce.observe.scan.pipeline import is_pipeline, read_pipeline
from convalesce.observe.scan.reading import Seen, read_batches, read_columns, unpack
from convalesce.observe.scan.structure import columns, source_of
from convalesce.observe.scan.tee import Tee as Tee
from convalesce.observe.scan.tee import is_py_dataset


def scan(  # noqa: PLR0913  # facts about the split, by name
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    role: Role,
    hints: Hints = NO_HINTS,
    seen: Seen | None = None,
) -> Scan:
    """What can be known of a split before training.

    Args:
        x: Inputs as they are handed to fit: arrays, structures of them, a tf.data pipeline …
        y: Targets.
        sample_weight: Weights of the examples.
        role: Which split.
        hints: What is known beforehand.
        seen: Told the number of rows of each chunk of arrays that was read.
    """
    try:
        if is_pipeline(x):
            return _scan_pipeline(x, role, hints)
        if is_py_dataset(x) or (hasattr(x, "__next__") and not hasattr(x, "shape")):
            source: Source = "PyDataset" if is_py_dataset(x) else "generator"
            return nothing(role, source, "The batches are only seen while training.")
        return read_columns(
            columns(x, "input"),
            columns(y, "target"),
            role=role,
            source=source_of(x),
            weighted=sample_weight is not None,
            hints=hints,
            seen=seen,
        )
    except Exception as error:  # noqa: BLE001  # the user's training must go on
        return nothing(role, "other", f"The data could not be scanned: {error}.")


def from_batches(  # noqa: PLR0913  # facts about the batches, by name
    batches: Iterable[Any],
    *,
    role: Role,
    source: Source,
    examples: int | None = None,
    remark: str = "",
    hints: Hints = NO_HINTS,
) -> Scan:
    """What batches show that reached the model, each `(x, y, sample_weight)`.

    Args:
        batches: Read to the end, or until enough was seen.
        role: Which split.
        source: What they came from.
        examples: Number of examples of the split, where it is known.
        remark: To be said to the user.
        hints: What is known beforehand.
    """
    try:
        return read_batches(
            batches,
            role=role,
            source=source,
            examples=examples,
            remark=remark,
            hints=hints,
        )
    except Exception as error:  # noqa: BLE001  # the user's training must go on
        return nothing(role, source, f"The batches could not be scanned: {error}.")


def _scan_pipeline(dataset: Any, role: Role, hints: Hints) -> Scan:
    found = read_pipeline(dataset)
    remarks = list(found.remarks)
    shuffle: dict[str, Any] = {
        "shuffled_by": f"tf.data shuffle({found.shuffle})" if found.shuffle else "",
        "shuffle_buffer": found.shuffle,
    }
    if found.data is None:
        reason = found.unreadable or "its source could not be found"
        remarks.append(f"The pipeline was not scanned before training: {reason}.")
        return nothing(role, "tf.data", " ".join(remarks), **shuffle)
    x, y, weight = unpack(found.data)
    if found.batch is None:
        remarks.append("The pipeline is not batched.")
    if found.mapped:
        steps = " and ".join(dict.fromkeys(found.mapped))
        remarks.append(f"Scanned at the source, before `{steps}`.")
    result = read_columns(
        columns(x, "input"),
        columns(y, "target"),
        role=role,
        source="tf.data",
        weighted=weight is not None,
        hints=hints,
        remarks=tuple(remarks),
        same_rows=found.same_rows,
    )
    split = replace(result.split, **shuffle)
    if not found.same_rows:
        split = replace(split, examples=None, whole=False)
    return Scan(split, result.sketch)
