"""What the reading of the model found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from convalesce.core.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer that holds no further layers, in the order of calls.

    Attributes:
        name: Keras's name; unique within its parent.
        path: Keras's path from the model down, unique.
        kind: Class name, e.g. `Conv2D`; a user's own class keeps its name.
        input_shape: Without the batch axis; None where it varies or is not known. So is
            `output_shape`.
        activation: Name of the activation function; `linear` where there is none; None for
            layers that have no such notion. Activation layers (`ReLU`, `Activation`) name
            theirs.
        parameters: Number of weights, trainable or not. `trainable_parameters`: those that
            the optimizer may change.
        trainable: The flag as it was when the model was compiled.
        kernel_shape: Shape of the main weight; empty where there is none.
        initializer: Class name of the kernel's initialiser; `initializer_values` its numbers.
        kernel_mean: Of the kernel before training; nan without one. So is `kernel_std`.
        kernel_columns_equal: Share of the kernel's output columns that equal another column,
            before training: units that start as copies stay copies.
        fan_in: Inputs of one unit; None where it has no kernel.
        l1: Penalty factor on the kernel; 0 where there is none. So is `l2`.
        rate: Dropout rate; None for other layers.
        strides: Of convolutions and poolings, one a spatial axis; empty otherwise. So are
            `kernel_size` (pool size included) and `dilation`.
        receptive_field: Positions of the model's input that one output position can see,
            along the widest spatial axis; None where it is not defined.
        settings: Other numbers and words of its configuration (augmentation ranges and so on).
        connects: Names of the layers that feed it, where the graph is known.
        site: Where the user built it.
    """

    name: str
    path: str
    kind: str
    input_shape: tuple[int | None, ...] = ()
    output_shape: tuple[int | None, ...] = ()
    activation: str | None = None
    parameters: int = 0
    trainable_parameters: int = 0
    trainable: bool = True
    kernel_shape: tuple[int, ...] = ()
    initializer: str | None = None
    initializer_values: Mapping[str, float] = field(default_factory=dict)
    kernel_mean: float = float("nan")
    kernel_std: float = float("nan")
    kernel_columns_equal: float = 0.0
    fan_in: int | None = None
    l1: float = 0.0
    l2: float = 0.0
    rate: float | None = None
    strides: tuple[int, ...] = ()
    kernel_size: tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    padding: str = ""
    receptive_field: int | None = None
    settings: Mapping[str, float | str] = field(default_factory=dict)
    connects: tuple[str, ...] = ()
    site: Site | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output of the model.

    Attributes:
        layer: Name of the layer that makes it.
        shape: Without the batch axis.
        width: Units of the last axis.
        activation: The activation that its values have passed through last, `linear` where none;
            None where the model's code does not tell (a subclassed model that computes
            after its last layer).
    """

    name: str
    layer: str
    shape: tuple[int | None, ...]
    width: int
    activation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """The model as it was when training began.

    Attributes:
        style: How it was written.
        layers: In the order of calls.
        skips: Number of layers that add or concatenate branches (residual, dense, U-Net).
        weights_loaded: Its weights did not come from their initialisers when the fit began: an
            earlier fit, a loaded file.
    """

    name: str
    style: Literal["sequential", "functional", "subclassed"]
    layers: tuple[Layer, ...]
    outputs: tuple[Output, ...]
    input_shapes: tuple[tuple[int | None, ...], ...] = ()
    parameters: int = 0
    trainable_parameters: int = 0
    skips: int = 0
    weights_loaded: bool = False
