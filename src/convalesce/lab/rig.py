"""A model that is trained again and again from the same weights, and afterwards is as it was."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab import compilation, feed
from convalesce.lab.randomness import kept_random_state
from convalesce.lab.setting import optimizer_like
from convalesce.observe.arguments import is_indexable
from convalesce.observe.guard import unheard
from convalesce.observe.kept import Rows, State, compiled, state_of

LAST_SHARE = 3  # a training is judged by the last third of its steps


@dataclass(frozen=True, slots=True)
class Rig:
    """A compiled model, the weights that every training of it begins with, and what it is fed.

    Attributes:
        source: Rows of arrays, or a data set of `(x, y)` or `(x, y, weight)` batches.
        class_weight: As fit takes it.
    """

    model: Any
    state: State
    source: Any
    class_weight: Any = None

    def train(self, rates: Sequence[float], seed: int) -> list[float]:
        """Loss before each update at these learning rates; ends after one that is not finite.

        The order of the examples and what dropout draws depend on the seed alone. Where weights
        end as no numbers while the loss stayed finite (some processors' ReLU swallows NaN), the
        last loss is nan.
        """
        import keras

        model = self.model
        keras.utils.set_random_seed(seed + 1)
        compilation.restore(model, self.state, seed)
        compilation.restore_optimizer(model, self.state)
        losses: list[float] = []
        for rate, (x, y, weight) in zip(rates, self.batches(seed), strict=False):
            model.optimizer.learning_rate = rate
            model.reset_metrics()
            weighed = {"class_weight": self.class_weight} if weight is None else {}
            logs = model.train_on_batch(x, y, sample_weight=weight, return_dict=True, **weighed)
            losses.append(float(logs["loss"]))
            if not math.isfinite(losses[-1]):
                break
        weights = model.trainable_variables
        if losses and not all(np.isfinite(v.numpy()).all() for v in weights):
            losses[-1] = math.nan
        return losses

    def batches(self, seed: int) -> Iterator[tuple[Any, Any, Any]]:
        """Batches `(x, y, weight)`, epoch after epoch; of arrays only full ones."""
        import keras

        if not isinstance(self.source, Rows):
            while True:
                for element in self.source:
                    parts = element if isinstance(element, tuple) else (element,)
                    yield (*parts, None, None)[:3]
        rows = self.source
        for index in feed.order(rows, seed):
            if len(index) < min(rows.batch, rows.count):
                continue  # another size of batch would be traced anew
            yield tuple(  # type: ignore[misc]  # three parts
                None
                if part is None
                else keras.tree.map_structure(lambda a: np.asarray(a)[index], part)  # noqa: B023
                for part in (rows.x, rows.y, rows.weight)
            )


def level(losses: Sequence[float], steps: int) -> float:
    """Median loss of the last third of a training; infinity where it broke off."""
    if len(losses) < steps or not all(math.isfinite(v) for v in losses):
        return math.inf
    return float(np.median(losses[-max(1, steps // LAST_SHARE) :]))


def source_of(x: Any, y: Any, weight: Any, batch_size: int) -> Any:
    """Rows of arrays, or the data set that was given.

    Raises:
        ValueError: It is neither.
    """
    if is_indexable(x) and not hasattr(x, "element_spec"):
        if y is None:
            raise ValueError("x is an array and y is missing; targets for it are expected")
        return Rows(x=x, y=y, weight=weight, batch=batch_size, shuffled=True)
    if not isinstance(x, Iterable):
        raise ValueError(  # noqa: TRY004 - one kind of error for what does not fit
            f"x is of type {type(x).__name__}; arrays or batches are expected"
        )
    if y is not None:
        raise ValueError("y was given beside a data set; its batches bring their targets")
    return x


@contextlib.contextmanager
def rigged(
    model: Any, source: Any, optimizer: Any = None, class_weight: Any = None
) -> Iterator[Rig]:
    """The model compiled for rates of our own; afterwards it is as it was, random state included.

    Args:
        model: Built and compiled.
        source: As `Rig` has it.
        optimizer: Another one to train it with; its own by default. A schedule is put aside.
        class_weight: As fit takes it.

    Raises:
        ValueError: The model is not built or not compiled, or can't be compiled anew.
    """
    if not model.built:
        raise ValueError("the model has no weights yet; build it, or call it on a batch, first")
    if not getattr(model, "compiled", False):
        raise ValueError("the model is not compiled; its loss and optimizer are needed")
    keywords = compiled(model)
    parts, state = compilation.put_aside(model), state_of(model)
    try:
        with unheard(), kept_random_state():
            wanted = optimizer if optimizer is not None else model.optimizer
            keywords["optimizer"] = optimizer_like(wanted, learning_rate=1e-3)
            keywords.update(metrics=None, weighted_metrics=None, steps_per_execution=1)
            compilation.compile_anew(model, keywords)
            yield Rig(model, replace(state_of(model), model=state.model), source, class_weight)
    except core.CannotChange as error:
        raise ValueError(str(error)) from error
    finally:
        compilation.put_back(model, parts)
        compilation.restore(model, state)
        compilation.restore_optimizer(model, state)
