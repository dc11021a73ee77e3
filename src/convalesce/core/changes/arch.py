"""Changes to the architecture."""

from __future__ import annotations

from dataclasses import dataclass

from convalesce.core.change import Change


@dataclass(frozen=True)
class SetActivation(Change):
    """Another activation in hidden layers."""

    activation: str
    layers: tuple[str, ...] = ()
    reads = "use {activation} in {layers}"


@dataclass(frozen=True)
class SetOutputActivation(Change):
    """Another activation, and if need be width, of the last layer.

    Attributes:
        layer: Name of the layer that makes the output; empty where there is but one.
    """

    activation: str
    units: int | None = None
    layer: str = ""
    reads = "give the last layer activation {activation}"

    def __str__(self) -> str:
        wide = f"{self.units} unit{'s' * (self.units != 1)} and " if self.units else ""
        return f"give {self.layer or 'the last layer'} {wide}activation {self.activation}"


@dataclass(frozen=True)
class SetInitializer(Change):
    """Another kernel initialiser."""

    initializer: str
    layers: tuple[str, ...] = ()
    reads = "initialise {layers} by {initializer}"


@dataclass(frozen=True)
class InsertBatchNormalization(Change):
    """BatchNormalization after the named layers."""

    after: tuple[str, ...] = ()
    reads = "put BatchNormalization after {after}"


@dataclass(frozen=True)
class DropNormalization(Change):
    """No batch, layer, group or RMS normalisation; the named layers, or all of them."""

    layers: tuple[str, ...] = ()
    reads = "take the normalisation layers out"


@dataclass(frozen=True)
class AddResidual(Change):
    """Shortcuts around pairs of layers."""

    reads = "add residual connections around every two layers of the deep stack"


@dataclass(frozen=True)
class ScaleWidth(Change):
    """Multiply filters and units of the hidden layers."""

    factor: float
    reads = "multiply filters and units of the hidden layers by {factor}"


@dataclass(frozen=True)
class ChangeDepth(Change):
    """Add (positive) or take out (negative) hidden layers."""

    layers: int
    reads = "change the number of hidden layers by {layers}"


@dataclass(frozen=True)
class SetStrides(Change):
    """Other strides or pool sizes."""

    strides: int
    layers: tuple[str, ...] = ()
    reads = "use strides {strides} (or no pooling) in {layers}"


@dataclass(frozen=True)
class PoolGlobally(Change):
    """Global average pooling in place of Flatten."""

    reads = "use GlobalAveragePooling in place of Flatten"


@dataclass(frozen=True)
class SetTrainable(Change):
    """Let layers learn, or freeze them; takes effect with the next compile."""

    trainable: bool
    layers: tuple[str, ...] = ()
    reads = "set trainable={trainable} on {layers}, then compile"
    everywhere = "the whole model"


@dataclass(frozen=True)
class Transfer(Change):
    """Start from a pretrained base."""

    reads = "start from a pretrained base: train the head first, then fine-tune at a small rate"
