"""The calls of a model, nested models opened; which layers are hidden, which give the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convalesce import core
from convalesce.observe.layers import activation_of, kernel_of

RECURRENT = ("SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "ConvLSTM")
MERGING = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
NORMALISING = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization")
ACTING = ("Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
SPATIAL = ("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D")
DROPPING = ("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise", *SPATIAL)


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a layer, or of an operation of `keras.ops`.

    Attributes:
        owner: The model in whose graph it stands.
        sources: Steps whose values it takes, by their place.
        came: Shape of its first input, batch axis first. `gave`: of its first output.
    """

    layer: Any
    owner: Any
    sources: tuple[int, ...]
    came: tuple[int | None, ...]
    gave: tuple[int | None, ...]

    @property
    def kind(self) -> str:
        """Class name of the layer."""
        return type(self.layer).__name__


@dataclass(frozen=True, slots=True)
class Graph:
    """All calls of a model in an order in which they can be made.

    Attributes:
        ends: The steps that give the model's outputs, one an output.
    """

    steps: tuple[Step, ...]
    ends: tuple[int, ...]

    def readers(self, place: int) -> tuple[int, ...]:
        """Places of the steps that take its value."""
        return tuple(i for i, s in enumerate(self.steps) if place in s.sources)

    def calls(self, layer: Any) -> tuple[int, ...]:
        """Places at which a layer is called."""
        return tuple(i for i, s in enumerate(self.steps) if s.layer is layer)

    def heads(self) -> tuple[int, ...]:
        """Steps whose width is that of an output: the last with weights on each way to one."""
        found, seen, ahead = [], set(), list(self.ends)
        while ahead:
            place = ahead.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.steps[place]
            passes = step.kind.startswith(NORMALISING + ACTING)
            if getattr(step.layer, "weights", ()) and not passes:
                found.append(place)
            else:
                ahead.extend(step.sources)
        return tuple(sorted(found))

    def hidden(self) -> tuple[int, ...]:
        """Steps with a kernel that give no output, each layer once."""
        heads = {id(self.steps[p].layer) for p in self.heads()}
        first: dict[int, int] = {}
        for place, step in enumerate(self.steps):
            if weighs(step.layer) and id(step.layer) not in heads:
                first.setdefault(id(step.layer), place)
        return tuple(first.values())

    def trail(self, place: int) -> tuple[int, ...]:
        """What follows a step, one by one, and only normalises, acts or drops out."""
        found: list[int] = []
        while len(after := self.readers(place)) == 1 and place not in self.ends:
            step = self.steps[after[0]]
            if step.kind not in NORMALISING + ACTING + DROPPING or after[0] in self.ends:
                break
            place = after[0]
            found.append(place)
        return tuple(found)


def weighs(layer: Any) -> bool:
    """It has a kernel; embeddings are look-ups and have none."""
    return "Embedding" not in type(layer).__name__ and kernel_of(layer) is not None


def acts(layer: Any) -> bool:
    """Its values have passed through a function that is not linear."""
    return activation_of(layer) not in {None, "linear"}


def is_recurrent(layer: Any) -> bool:
    """It goes through a sequence."""
    return type(layer).__name__.startswith(RECURRENT)


def opened(model: Any) -> Any:
    """The graph of a Sequential or Functional model; None where its own code makes the calls."""
    import keras
    from keras.src.models.functional import Functional

    kind = type(model)
    if isinstance(model, keras.Sequential):
        return model._functional if kind.call is keras.Sequential.call else None  # noqa: SLF001
    if isinstance(model, Functional) and kind.call is Functional.call:
        return model
    return None


def nodes_of(functional: Any) -> Iterator[Any]:
    """Calls in the order in which Keras makes them."""
    for depth in sorted(functional._nodes_by_depth, reverse=True):  # noqa: SLF001
        for node in functional._nodes_by_depth[depth]:  # noqa: SLF001
            if node.operation and not node.is_input:
                yield node


def graph_of(model: Any) -> Graph:
    """The calls of a model.

    Raises:
        core.CannotChange: Its own code makes them.
    """
    functional = opened(model)
    if functional is None:
        raise core.CannotChange(
            f"{type(model).__name__} is a subclassed model, whose layers can't be exchanged from "
            "outside"
        )
    steps: list[Step] = []
    for tensor in functional.inputs:
        layer, shape = tensor._keras_history.operation, tuple(tensor.shape)  # noqa: SLF001
        steps.append(Step(layer, model, (), shape, shape))
    ends = _walk(model, list(range(len(steps))), steps)
    return Graph(tuple(steps), tuple(ends))


def _walk(model: Any, given: list[int], steps: list[Step]) -> list[int]:
    functional = opened(model)
    at = {id(t): place for t, place in zip(functional.inputs, given, strict=False)}
    for node in nodes_of(functional):
        sources = [at[id(t)] for t in node.input_tensors]
        if opened(node.operation) is not None:
            made = _walk(node.operation, sources, steps)
        else:
            came = tuple(node.input_tensors[0].shape) if node.input_tensors else ()
            gave = tuple(node.outputs[0].shape) if node.outputs else ()
            steps.append(Step(node.operation, model, tuple(sources), came, gave))
            made = [len(steps) - 1] * len(node.outputs)
        at.update(zip(map(id, node.outputs), made, strict=False))
    return [at[id(t)] for t in functional.outputs]
