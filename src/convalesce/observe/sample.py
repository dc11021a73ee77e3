"""A bounded sample of a split, for the answers of the trained model."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from convalesce.observe.answers import BATCH, MOST_EXAMPLES
from convalesce.observe.arguments import first_leaf, unpack

MOST_SECONDS = 5.0
MOST_BYTES = 1 << 27

# Operations of a data set whose extra iteration shows nowhere else.
HARMLESS = {
    "AssertCardinality",
    "Batch",
    "Cache",
    "Concatenate",
    "Filter",
    "FixedLengthRecord",
    "FlatMap",
    "Interleave",
    "Map",
    "Options",
    "PaddedBatch",
    "ParallelBatch",
    "ParallelInterleave",
    "ParallelMap",
    "Prefetch",
    "RaggedBatch",
    "Range",
    "Repeat",
    "Skip",
    "TFRecord",
    "Take",
    "Tensor",
    "TensorSlice",
    "TextLine",
    "Unbatch",
    "Window",
    "Zip",
}
DRAWING = ("Random", "Multinomial", "Bernoulli")
STATEFUL = ("PyFunc", "Random", "Multinomial", "StatefulUniform", "Shuffle")


def sample_arrays(x: Any, y: Any) -> list[tuple[Any, Any, Any]]:
    """Batches of evenly spaced rows of arrays, at most `MOST_EXAMPLES`, in mixed order."""
    import keras

    count = int(first_leaf(x).shape[0])
    rows = np.unique(np.linspace(0, count - 1, min(count, MOST_EXAMPLES)).astype(np.int64))
    rows = np.random.default_rng(0).permutation(rows)
    batches: list[tuple[Any, Any, Any]] = []
    for start in range(0, len(rows), BATCH):
        at = np.sort(rows[start : start + BATCH])
        taken = [
            None if part is None else keras.tree.map_structure(lambda a, at=at: _rows(a, at), part)
            for part in (x, y)
        ]
        batches.append((taken[0], taken[1], at))
    return batches


def _rows(array: Any, at: Any) -> Any:
    if hasattr(array, "iloc"):
        return np.asarray(array.iloc[at])
    return np.asarray(array)[at]


def why_not_yet(dataset: Any) -> str:
    """Why a tf.data set is not read before the script has ended; empty where nothing speaks for it.

    Reading some sets once more changes what comes out of them later.
    """
    obstacle = next(_obstacles(dataset), "") if hasattr(dataset, "element_spec") else ""
    return (
        f"the answers on the validation data were not read: its pipeline holds {obstacle}, "
        "and reading it once more could change what the training sees"
        if obstacle
        else ""
    )


def sample_dataset(dataset: Any) -> list[tuple[Any, Any, Any]]:
    """Rows of a tf.data set from its start to its end.

    At most `MOST_EXAMPLES`; a large set is read for `MOST_SECONDS` or up to `MOST_BYTES`.
    """
    if not hasattr(dataset, "element_spec"):
        return []
    import keras

    batches: list[tuple[Any, Any, Any]] = []
    held, ends = 0, time.monotonic() + MOST_SECONDS
    for element in dataset:
        x, y, _ = unpack(element) or (element, None, None)
        parts = [None if p is None else keras.tree.map_structure(np.asarray, p) for p in (x, y)]
        batches.append((parts[0], parts[1], None))
        held += sum(a.nbytes for p in parts if p is not None for a in keras.tree.flatten(p))
        if held >= MOST_BYTES or time.monotonic() > ends:
            break
    return _thinned(batches)


def _thinned(batches: list[tuple[Any, Any, Any]]) -> list[tuple[Any, Any, Any]]:
    """Evenly spaced rows of all batches, so that a set in the order of its classes shows all."""
    import keras

    count = sum(len(first_leaf(x)) for x, _, _ in batches)
    every = math.ceil(count / MOST_EXAMPLES)
    if every <= 1:
        return batches
    return [
        tuple(None if p is None else keras.tree.map_structure(lambda a: a[::every], p) for p in b)  # type: ignore[misc]
        for b in batches
    ]


def draws(data: Any) -> bool:
    """A step of a tf.data set draws random numbers, other than for the order of its elements."""
    if not hasattr(data, "element_spec"):
        return False
    kinds = (operation for _, operations in _steps(data) for operation in operations)
    return any(word in kind for kind in kinds for word in DRAWING)


def drawn_anew(data: Any) -> bool:
    """A PyDataset that is asked twice for its first batch gives other inputs, labels as before.

    Asking draws from its random state: only once the script is over.
    """
    first, second = (unpack(data[0]) or (None, None, None) for _ in range(2))
    if first[1] is None or second[1] is None:
        return False
    import keras

    x, y = (
        [np.array_equal(a, b) for a, b in zip(*map(keras.tree.flatten, pair), strict=True)]
        for pair in ((first[0], second[0]), (first[1], second[1]))
    )
    return all(y) and not all(x)


def _obstacles(dataset: Any) -> Iterator[str]:
    for kind, operations in _steps(dataset):
        if kind not in HARMLESS:
            yield f"a {kind} step"
        for operation in operations:
            if any(word in operation for word in STATEFUL):
                yield f"{operation} in a {kind} step"


def _steps(dataset: Any) -> Iterator[tuple[str, list[str]]]:
    """Kind of each step from the last one on, and the types of the operations in its functions."""
    kind = type(dataset).__name__.strip("_").removesuffix("V1Adapter").removesuffix("Dataset")
    functions = dataset._functions() if hasattr(dataset, "_functions") else []  # noqa: SLF001
    graphs = [wrapped.function.graph for wrapped in functions]
    operations = [operation.type for graph in graphs for operation in graph.get_operations()]
    yield kind.removesuffix("V2"), operations
    for inner in dataset._inputs():  # noqa: SLF001
        yield from _steps(inner)
