"""What an experiment needs of an observed fit: the model, its set-up, its weights, its examples.

Everything is copied or only referred to while the user's script runs; nothing is trained here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.observe.arguments import Handed, first_leaf, is_indexable
from convalesce.observe.guard import plain_float

TRAIN_BYTES, VALIDATION_BYTES = 64 << 20, 16 << 20
WEIGHT_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class State:
    """Variables of a model and of its optimizer, copied, in Keras's order."""

    model: list[NDArray[Any]]
    optimizer: list[NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Examples of a split: structures of arrays, their first axis the example.

    Attributes:
        x: Inputs. `y`: targets, None where there are none. `weight`: of each example.
        whole: All examples of the split, not a sample of them.
        shuffled: They come in a new order each epoch; else in the order in which they stand here.
        dataset: The user's data set in place of arrays, to be read when it is first needed.
        seen: Batches of it that were kept on their way to the model.
        batch: Examples an update.
        steps: Updates an epoch; None for as many as the examples fill.
        redrawn: How the data set draws them anew in each epoch; None where it does not.
    """

    x: Any = None
    y: Any = None
    weight: Any = None
    whole: bool = True
    shuffled: bool = True
    dataset: Any = None
    seen: tuple[tuple[Any, Any, Any], ...] = ()
    batch: int = 32
    steps: int | None = None
    redrawn: Any = None

    @property
    def count(self) -> int:
        """Number of examples."""
        return int(first_leaf(self.x).shape[0]) if self.x is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One observed fit, as far as experiments need it.

    Attributes:
        arguments: Of fit, without the data.
        compiled: What compile was given, by its keywords; `optimizer` is the user's own object.
        trainable: Each layer's flag when training began.
        forms: Form of the first target of each split.
        before: When training began. `after`: when it had ended.
        rate: The learning rate when training began; None where a schedule rules it.
        steps: Updates that the training made. `planned`: that it would make to its end.
        seconds: That it took.
    """

    index: int
    model: Any
    site: core.Site | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    compiled: Mapping[str, Any] = field(default_factory=dict)
    trainable: tuple[tuple[Any, bool], ...] = ()
    train: Rows = field(default_factory=Rows)
    validation: Rows | None = None
    forms: Mapping[str, str] = field(default_factory=dict)
    before: State | None = None
    after: State | None = None
    rate: float | None = None
    steps: int = 0
    planned: int = 0
    seconds: float = 0.0


def keep(
    index: int,
    model: Any,
    arguments: Mapping[str, Any],
    handed: Handed,
    site: core.Site | None,
) -> Kept:
    """A fit that is about to begin: the model is built, no weight has changed yet.

    Raises:
        TooLarge: Its weights take too much memory.
    """
    size = sum(4 * int(np.prod(v.shape)) for v in model.variables)
    if size > WEIGHT_BYTES:
        raise TooLarge(f"the model's weights take {size >> 20} MB, too many to keep")
    train, validation = rows_of(handed)
    return Kept(
        index=index,
        model=model,
        site=site,
        arguments={k: v for k, v in arguments.items() if k not in {"x", "y", "sample_weight"}},
        compiled=compiled(model),
        trainable=tuple((layer, layer.trainable) for layer in model._flatten_layers()),  # noqa: SLF001
        train=train,
        validation=validation,
        before=state_of(model),
        rate=_rate(model.optimizer),
    )


class TooLarge(Exception):
    """More than is kept for experiments."""


def shared(new: Kept, others: Iterable[Kept]) -> Kept:
    """The same with the examples of another fit, where they are equal: they are held once."""
    for kept in others:
        if new.train.x is not None and _equal(kept.train, new.train):
            old = kept.train
            return replace(new, train=replace(new.train, x=old.x, y=old.y, weight=old.weight))
    return new


def rows_of(handed: Handed) -> tuple[Rows, Rows | None]:
    """Copies of the examples of both splits, as many as fit into the bounds."""
    if is_indexable(handed.x):
        train = _copied(handed.x, handed.y, handed.sample_weight, TRAIN_BYTES)
        train = replace(train, batch=handed.batch_size or 32, shuffled=handed.shuffled)
    else:
        train = Rows(
            dataset=handed.x,
            batch=handed.batch_size or 32,
            steps=handed.steps,
            shuffled=handed.shuffled,
        )
    if handed.validation is None:
        return train, None
    x, y, weight = handed.validation
    if is_indexable(x):
        return train, _copied(x, y, weight, VALIDATION_BYTES)
    return train, Rows(dataset=x)


def _copied(x: Any, y: Any, weight: Any, most: int) -> Rows:
    import keras

    count = int(first_leaf(x).shape[0])
    parts = [p for p in (x, y, weight) if p is not None]
    each = sum(_bytes_a_row(a) for p in parts for a in keras.tree.flatten(p))
    room = max(1, int(most // max(each, 1)))
    rows = None if count <= room else np.unique(np.linspace(0, count - 1, room).astype(np.int64))

    def take(part: Any) -> Any:
        return None if part is None else keras.tree.map_structure(lambda a: _rows(a, rows), part)

    return Rows(x=take(x), y=take(y), weight=take(weight), whole=rows is None)


def _rows(array: Any, rows: NDArray[np.int64] | None) -> Any:
    if hasattr(array, "iloc"):
        array = array.iloc[rows] if rows is not None else array
        return np.array(array)
    if rows is None:
        return np.array(array)
    return np.asarray(array)[rows]


def _bytes_a_row(array: Any) -> int:
    size: Any = getattr(array.dtype, "itemsize", None) or getattr(array.dtype, "size", 8)
    return int(size) * int(np.prod(array.shape[1:], dtype=np.int64))


def _equal(a: Rows, b: Rows) -> bool:
    import keras

    if a.x is None or a.count != b.count:
        return False
    pairs = [(a.x, b.x), (a.y, b.y), (a.weight, b.weight)]
    flat = [(keras.tree.flatten(p), keras.tree.flatten(q)) for p, q in pairs]
    return all(
        len(p) == len(q)
        and all(
            u is v or (u is not None and v is not None and np.array_equal(u, v))
            for u, v in zip(p, q, strict=True)
        )
        for p, q in flat
    )


def state_of(model: Any) -> State:
    """Copies of all variables of a model and its optimizer."""
    optimizer = getattr(model, "optimizer", None)
    return State(
        model=[v.numpy().copy() for v in model.variables],
        optimizer=[v.numpy().copy() for v in optimizer.variables] if optimizer is not None else [],
    )


def _rate(optimizer: Any) -> float | None:
    inner: Any = getattr(optimizer, "inner_optimizer", optimizer)
    fixed = hasattr(getattr(inner, "_learning_rate", None), "assign")
    return plain_float(inner.learning_rate) if fixed else None


def compiled(model: Any) -> dict[str, Any]:
    """What compile was given, by its keywords, as far as the model still tells."""
    loss, metrics = model._compile_loss, model._compile_metrics  # noqa: SLF001
    return {
        "optimizer": model.optimizer,
        "loss": getattr(loss, "_user_loss", None),
        "loss_weights": getattr(loss, "_user_loss_weights", None),
        "metrics": getattr(metrics, "_user_metrics", None),
        "weighted_metrics": getattr(metrics, "_user_weighted_metrics", None),
        "run_eagerly": model.run_eagerly,
        "steps_per_execution": model.steps_per_execution,
        "jit_compile": model.jit_compile,
    }
