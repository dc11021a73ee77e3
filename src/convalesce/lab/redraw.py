"""A `tf.data` pipeline whose steps draw at random: what they are given, and how to draw anew.

Arrays hold one draw of it. Trained on that draw alone, every epoch would see the same examples
where the user's saw new ones; so what the random steps are given is kept beside, and arms send it
through the user's own steps again. Left out, these steps leave the examples as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.arguments import unpack
from convalesce.observe.kept import TRAIN_BYTES, Rows

MAPS = {"Map", "ParallelMap"}
BATCHES = {"Batch", "ParallelBatch"}
# Steps that leave examples as they are; arms have an order of their own.
PASSED = {"Prefetch", "Options", "Shuffle", "Repeat", "AssertCardinality", "Model"}
TRIED, DRAWS = 8, 3  # elements that a step is tried on, times each
READ_S = 10.0
OTHER = 2.0  # times the deviation, or deviations off in the mean: a step rescales as well
AT_ONCE = 256  # examples that are read together

Step = Callable[..., Any]
Indices = NDArray[np.int64]


class _Unreadable(Exception):
    """The pipeline can't be followed."""


@dataclass(frozen=True, slots=True)
class Redrawn:
    """What a pipeline's random steps are given, and all steps from there on.

    Attributes:
        given: Structure of arrays, first axis the example.
        ahead: Steps on one example. `behind`: on a batch.
        plain: The examples without the random steps.
        drawn: Inputs and targets of the draw that was read: rows that hold these very objects
            are as the pipeline gives them.
    """

    given: Any
    ahead: tuple[Step, ...]
    behind: tuple[Step, ...]
    plain: Rows
    drawn: tuple[Any, Any]

    def holds(self, rows: Rows) -> bool:
        """The rows are as the pipeline gives them, and have no weights."""
        return rows.x is self.drawn[0] and rows.y is self.drawn[1] and rows.weight is None

    def batches(self, orders: Indices, batch: int) -> Any:
        """Batches of one epoch after another, each example drawn anew.

        Args:
            orders: Of the examples, shape `(epochs, examples)`.
            batch: Examples of each.
        """
        import tensorflow as tf

        count = orders.shape[1]
        made = _examples(self.given, orders.reshape(-1))
        for step in self.ahead:
            made = made.map(step)
        if count % batch:  # the last batch of an epoch is a smaller one
            epochs = made.window(count)
            made = epochs.flat_map(lambda *parts: tf.data.Dataset.zip(parts).batch(batch))
        else:
            made = made.batch(batch)
        for step in self.behind:
            made = made.map(step)
        return made.prefetch(2)


def redrawn(dataset: Any, rows: Rows) -> Redrawn | None:
    """What draws at random in a pipeline; None where nothing does, or it can't be followed.

    Args:
        dataset: The user's.
        rows: One draw of it, read into arrays.
    """
    if rows.x is None or rows.weight is not None or not hasattr(dataset, "element_spec"):
        return None
    try:
        return _found(dataset, rows)
    except Exception:  # noqa: BLE001 - the inside of TensorFlow may change; one draw is left
        return None


def _found(dataset: Any, rows: Rows) -> Redrawn | None:
    steps = list(_steps(dataset))
    random = [n for n, (kind, step) in enumerate(steps) if kind in MAPS and _draws(step)]
    if not random:
        return None
    first = random[0]
    batched = any(kind in BATCHES for kind, _ in steps[:first])
    after = steps[first:]
    if any(kind not in MAPS | BATCHES | PASSED for kind, _ in after):
        raise _Unreadable
    cut = next((n for n, (kind, _) in enumerate(after) if kind in BATCHES), len(after))
    cut = 0 if batched else cut
    lines = [[s for k, s in part if k in MAPS] for part in (after[:cut], after[cut:])]
    left_out = {id(steps[n][1]) for n in random}
    given = _read(steps[first][1]._input_dataset, rows.count, batched=batched)  # noqa: SLF001
    ahead, behind = (tuple(_function(s) for s in line) for line in lines)
    quiet, less = (tuple(_function(s) for s in ln if id(s) not in left_out) for ln in lines)
    plain = _plain(given, (ahead, behind), (quiet, less), rows)
    return Redrawn(given, ahead, behind, plain, (rows.x, rows.y))


def _steps(dataset: Any) -> Iterator[tuple[str, Any]]:
    """Kind and object of each step that has one input, from the source on."""
    inner = getattr(dataset, "_input_dataset", None)
    if inner is not None:
        yield from _steps(inner)
    name = type(dataset).__name__
    yield name.strip("_").removesuffix("V1Adapter").removesuffix("Dataset"), dataset


def _function(step: Any) -> Step:
    return step._map_func._func  # type: ignore[no-any-return]  # noqa: SLF001


def _draws(step: Any) -> bool:
    """Given the same element again, the step gives another one."""
    import tensorflow as tf

    def again(*element: Any) -> Any:
        whole = element if len(element) > 1 else element[0]
        return tf.data.Dataset.from_tensors(whole).repeat(DRAWS)

    tried = step._input_dataset.take(TRIED).flat_map(again).map(_function(step))  # noqa: SLF001
    seen = [[np.asarray(a) for a in tf.nest.flatten(e)] for e in tried]
    return any(
        not all(
            np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
            for a, b in zip(one, two, strict=True)
        )
        for start in range(0, len(seen), DRAWS)
        for one, two in pairwise(seen[start : start + DRAWS])
    )


def _read(dataset: Any, count: int, *, batched: bool) -> Any:
    """Elements of a step's input as arrays, first axis the example; `count` of them."""
    import tensorflow as tf

    spec = dataset.element_spec
    whole = dataset if batched else dataset.batch(AT_ONCE)
    ends, held, seen, kept = time.monotonic() + READ_S, 0, 0, []
    for element in whole:
        flat = [np.asarray(a) for a in tf.nest.flatten(element)]
        kept.append(flat)
        held += sum(a.nbytes for a in flat)
        seen += len(flat[0])
        if seen >= count:
            break
        if held > TRAIN_BYTES or time.monotonic() > ends:
            raise _Unreadable
    if seen < count:
        raise _Unreadable
    columns = [np.concatenate(parts)[:count] for parts in zip(*kept, strict=True)]
    return tf.nest.pack_sequence_as(spec, columns)


def _examples(given: Any, order: Indices) -> Any:
    """The examples one by one, as a data set."""
    import tensorflow as tf

    held = tf.nest.map_structure(tf.convert_to_tensor, given)

    def taken(index: Any) -> Any:
        return tf.nest.map_structure(lambda t: tf.gather(t, index), held)

    return tf.data.Dataset.from_tensor_slices(order).map(taken)


def _plain(
    given: Any,
    steps: tuple[tuple[Step, ...], tuple[Step, ...]],
    quiet: tuple[tuple[Step, ...], tuple[Step, ...]],
    rows: Rows,
) -> Rows:
    """The examples through all steps but the random ones, in the form of the drawn ones."""
    import tensorflow as tf

    plain, drawn = (_through(given, *line, rows) for line in (quiet, steps))
    columns = []
    for number, like in enumerate((rows.x, rows.y)):
        pairs = list(zip(plain[number], drawn[number], strict=True))
        if any(a.shape != b.shape for a, b in pairs):
            raise _Unreadable
        columns.append(tf.nest.pack_sequence_as(like, [_scaled(a, b) for a, b in pairs]))
    return replace(rows, x=columns[0], y=columns[1])


def _through(
    given: Any, ahead: tuple[Step, ...], behind: tuple[Step, ...], rows: Rows
) -> list[list[NDArray[Any]]]:
    """The arrays of inputs and of targets that come out of steps, row by row."""
    import tensorflow as tf

    made = _examples(given, np.arange(rows.count))
    for step in ahead:
        made = made.map(step)
    made = made.batch(rows.batch)
    for step in behind:
        made = made.map(step)
    parts = [p for element in made if (p := unpack(element)) is not None]
    return [
        [
            np.concatenate([np.asarray(a) for a in leaf])
            for leaf in zip(*(tf.nest.flatten(p[number]) for p in parts), strict=True)
        ]
        for number in (0, 1)
    ]


def _scaled(plain: NDArray[Any], drawn: NDArray[Any]) -> NDArray[Any]:
    """In the kind and on the scale of the drawn ones, where a random step brings them there.

    Noise spreads values, too, but by as much as they rise it lets the drawn ones rise.
    """
    if plain.dtype.kind not in "uif" or drawn.dtype.kind != "f":
        return plain.astype(drawn.dtype)
    made, seen = plain.astype(np.float64), drawn.astype(np.float64)
    spread = float(made.std())
    if not spread > 0:
        return plain.astype(drawn.dtype)
    ratio, shift = float(seen.std()) / spread, abs(float(seen.mean() - made.mean())) / spread
    slope = abs(float(((made - made.mean()) * (seen - seen.mean())).mean())) / spread**2
    if not 1 / OTHER < ratio < OTHER and not 1 / OTHER < slope < OTHER:
        made = (made - made.mean()) * ratio + seen.mean()
    elif shift > OTHER:
        made += seen.mean() - made.mean()
    return made.astype(drawn.dtype)
