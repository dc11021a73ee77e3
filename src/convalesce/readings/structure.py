"""Readings of a model's structure: its weighted layers, what shrinks, what stays linear."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from convalesce.core.catalogue import MODEL
from convalesce.core.model import Layer, Model
from convalesce.core.signal import Signals

MOST = 10**15  # sizes are capped here, so that a nonsense shape cannot overflow

RECTIFIERS = frozenset({"relu", "relu6"})
SATURATING = frozenset({"sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign"})
RECURRENT = frozenset(
    {"SimpleRNN", "LSTM", "GRU", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)
NORMALISING = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization")

# Layers that compute a weighted sum and then their activation, if any.
LINEAR_KINDS = frozenset(
    {"Dense", "EinsumDense", "Conv1D", "Conv2D", "Conv3D", "TimeDistributed"}
    | {f"{kind}Conv{n}D" for kind in ("Depthwise", "Separable") for n in (1, 2)}
    | {f"Conv{n}DTranspose" for n in (1, 2, 3)}
)
# Layers that are linear (affine) maps without a choice: a sum of two of them is one again.
AFFINE_PREFIXES = (
    "AveragePooling",
    "GlobalAveragePooling",
    "ZeroPadding",
    "UpSampling",
    "Cropping",
    "SpatialDropout",
)
AFFINE = frozenset(
    {"Dropout", "Flatten", "Reshape", "Permute", "RepeatVector", "Identity", "BatchNormalization"}
    | {"Rescaling", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization"}
)


def layers_of(signals: Signals) -> tuple[Layer, ...]:
    """Layers of the recorded model; none where none was recorded."""
    model = signals.recorded.get(MODEL)
    return model.layers if isinstance(model, Model) else ()


def count(shape: Sequence[int | None]) -> int:
    """Entries of a tensor; axes that are not known count as 1."""
    size = math.prod(max(d, 0) for d in shape if d is not None)
    return min(size, MOST)


def weighted(model: Model) -> tuple[Layer, ...]:
    """Layers with a kernel, in the order of calls; embeddings are look-ups and left out."""
    return tuple(
        layer
        for layer in model.layers
        if len(layer.kernel_shape) >= 2 and "Embedding" not in layer.kind
    )


def hidden(model: Model) -> tuple[Layer, ...]:
    """Weighted layers in front of the one that makes the output."""
    layers = weighted(model)
    heads = {output.layer for output in model.outputs}
    inner = tuple(layer for layer in layers if layer.name not in heads)
    return inner if len(inner) < len(layers) else layers[:-1]


def width(layer: Layer) -> int:
    """Units or filters that a weighted layer gives.

    Of a separable or depthwise layer, the kernel's last axis is a multiplier; of a transposed one,
    what goes in.
    """
    if layer.kind.startswith(("Separable", "Depthwise")) or layer.kind.endswith("Transpose"):
        channels = layer.output_shape[-1] if layer.output_shape else None
        return channels or MOST
    return layer.kernel_shape[-1]


def normalises(layer: Layer) -> bool:
    """It divides by a standard deviation of its own input."""
    return layer.kind.endswith(NORMALISING)


def acts(layer: Layer) -> bool:
    """It passes its values through a function that is not linear."""
    return layer.activation not in {None, "linear", "identity"} or layer.kind in RECURRENT


def plain_depth(model: Model) -> int:
    """Weighted layers one after another with neither a shortcut nor a normalisation."""
    if model.skips:
        return 0
    longest = run = 0
    chosen = set(map(id, weighted(model)))
    for layer in model.layers:
        run = 0 if normalises(layer) else run + (id(layer) in chosen)
        longest = max(longest, run)
    return longest


# ---- initial scale ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scale:
    """Deviations that the common initialisers give a kernel.

    Attributes:
        glorot: sqrt(2 / (fan in + fan out)). `lecun`: sqrt(1 / fan in). `he`: sqrt(2 / fan in).
    """

    glorot: float
    lecun: float
    he: float


def scale(layer: Layer) -> Scale | None:
    """None for layers whose fan-in does not follow from the kernel's last two axes."""
    shape = layer.kernel_shape
    if len(shape) < 2 or count(shape) < 2:
        return None
    if layer.kind.startswith(("Depthwise", "Separable")) or "Embedding" in layer.kind:
        return None
    field = max(count(shape[:-2]), 1)
    inward, outward = count((field, shape[-2])), count((field, shape[-1]))
    return Scale(
        math.sqrt(2 / max(inward + outward, 1)),
        math.sqrt(1 / max(inward, 1)),
        math.sqrt(2 / max(inward, 1)),
    )


def drawn(layer: Layer) -> float | None:
    """Standard deviation that the layer's own initialiser draws; None where not known."""
    values = layer.initializer_values
    simple = {
        "RandomNormal": values.get("stddev", 0.05),
        "TruncatedNormal": values.get("stddev", 0.05) * 0.87962566103423978,
        "RandomUniform": (values.get("maxval", 0.05) - values.get("minval", -0.05)) / math.sqrt(12),
    }
    if layer.initializer in simple:
        return simple[layer.initializer]
    known, name = scale(layer), layer.initializer or ""
    if known is None:
        return None
    return {"Glorot": known.glorot, "He": known.he, "Lecun": known.lecun}.get(
        name.removesuffix("Uniform").removesuffix("Normal")
    )


# ---- linear chains ---------------------------------------------------------------------------


def collapsed(model: Model) -> tuple[tuple[Layer, ...], ...]:
    """Chains of weighted layers with nothing but affine maps between them.

    Each chain could be replaced by its last layer alone. A chain of two whose first layer is
    narrower than what goes in and what comes out is a factorisation of low rank, and a
    depthwise layer, a transposed one that enlarges, and patches cut by a stride as large as
    the kernel are parts of a larger operation: these are left out.
    """
    follows = _single_consumers(model)
    chains: list[list[Layer]] = []
    for layer in model.layers:
        if _is_linear(layer):
            reached = _next_weighted(layer, follows)
            if reached is not None:
                open_chain = next((c for c in chains if c[-1] is layer), None)
                if open_chain is None:
                    chains.append([layer, reached])
                else:
                    open_chain.append(reached)
    return tuple(tuple(c) for c in chains if not (len(c) == 2 and _on_purpose(*c)))


def _single_consumers(model: Model) -> dict[int, Layer]:
    """The layer that alone reads another one and reads nothing else, by identity."""
    layers = model.layers
    if model.style == "sequential" and not any(layer.connects for layer in layers):
        return {id(a): b for a, b in pairwise(layers)}
    named: dict[str, Layer] = {}
    readers: dict[int, list[Layer]] = {}
    for layer in layers:
        for name in layer.connects:
            if name in named:
                readers.setdefault(id(named[name]), []).append(layer)
        named[layer.name] = layer
    return {
        source: found[0]
        for source, found in readers.items()
        if len(found) == 1 and len(found[0].connects) == 1
    }


def _is_linear(layer: Layer) -> bool:
    return (
        layer.kind in LINEAR_KINDS
        and len(layer.kernel_shape) >= 2
        and layer.activation in {"linear", "identity"}
    )


def _next_weighted(layer: Layer, follows: dict[int, Layer]) -> Layer | None:
    """The weighted layer behind `layer` where only affine maps lie between."""
    seen = {id(layer)}
    current = follows.get(id(layer))
    while current is not None and id(current) not in seen:
        if current.kind in LINEAR_KINDS and len(current.kernel_shape) >= 2:
            return current
        affine = current.kind in AFFINE or current.kind.startswith(AFFINE_PREFIXES)
        if not affine or acts(current):
            return None
        seen.add(id(current))
        current = follows.get(id(current))
    return None


def _on_purpose(first: Layer, second: Layer) -> bool:
    if first.kind.startswith(("Depthwise", "Separable")) or second.kind.startswith("Depthwise"):
        return True
    if first.kind.endswith("Transpose") and max(first.strides, default=1) > 1:
        return True
    if max(first.strides, default=1) > 1 and first.strides == first.kernel_size:
        return True
    own, into = width(first), first.kernel_shape[-2]
    return own < into and own < width(second)


# ---- shrinking maps --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shrinking:
    """How convolutions and poolings shrink the map on its way.

    Attributes:
        start: Positions along the widest spatial axis of what enters the first of them.
        end: Positions where the map is smallest, before global pooling or Flatten.
        convolutions: Weighted layers until the map is at its smallest.
        stride: Geometric mean of the strides per weighted layer until then, pooling included.
        behind: Convolutions that still come once no position is left beside the first, with
            kernels wider than that.
        layers: Those that shrink it.
        pools: How many of these, poolings, stand in front of the first weights. `unseen`: by how
            much they shrink the map.
    """

    start: int
    end: int
    convolutions: int
    stride: float
    behind: tuple[Layer, ...]
    layers: tuple[Layer, ...]
    pools: int = 0
    unseen: int = 1


def shrinking(model: Model) -> Shrinking | None:
    """None for models without maps of known size, and for those that enlarge maps again."""
    path = [layer for layer in model.layers if _is_spatial(layer)]
    if not path or any(layer.kind.endswith("Transpose") for layer in path):
        return None
    if any(layer.kind.startswith("UpSampling") for layer in model.layers):
        return None
    sizes = [_extent(layer, layer.output_shape) for layer in path]
    start = _extent(path[0], path[0].input_shape) if path else 0
    end = min(sizes, default=0)
    if start < 2 or end < 1:
        return None
    at = sizes.index(end)
    front = path[: at + 1]
    convolutions = sum(bool(layer.kernel_shape) for layer in front)
    strides = [min(max(layer.strides, default=1), MOST) for layer in front]
    total = sum(math.log(s) for s in strides if s > 1)
    weighted = next((i for i, x in enumerate(model.layers) if x.kernel_shape), len(model.layers))
    ahead = {layer.name for layer in model.layers[:weighted]}
    pools = [s for layer, s in zip(front, strides, strict=True) if layer.name in ahead and s > 1]
    return Shrinking(
        start=start,
        end=end,
        convolutions=convolutions,
        stride=math.exp(min(total / max(convolutions, 1), 50.0)),
        behind=tuple(
            layer
            for layer, size in zip(path[at + 1 :], sizes[at:], strict=False)
            if size == 1 and layer.kernel_shape and max(layer.kernel_size, default=1) > 1
        ),
        layers=tuple(layer for layer, s in zip(front, strides, strict=True) if s > 1),
        pools=len(pools),
        unseen=min(math.prod(pools), MOST),
    )


def _is_spatial(layer: Layer) -> bool:
    """A convolution or pooling whose map has a known size; global poolings are none."""
    known = bool(layer.kernel_size) and len(layer.output_shape) >= 2
    return known and min(_extent(layer, s) for s in (layer.input_shape, layer.output_shape)) > 0


def _extent(layer: Layer, shape: Sequence[int | None]) -> int:
    """Positions along the widest spatial axis; 0 where not known."""
    first = layer.settings.get("data_format") == "channels_first"
    spatial = shape[1:] if first else shape[:-1]
    if not spatial or any(d is None for d in spatial):
        return 0
    return min(max((d for d in spatial if d is not None), default=0), MOST)
