"""Few examples: begin with what another model has learned."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from convalesce.lab.tools.classes import read_classes

FINE_RATE = 1e-5  # of the whole model; a hundredth of Adam's default
HEAD_RATE = 1e-3
DROPOUT = 0.2


class NoWeights(OSError):
    """The weights of a base are neither at hand nor to be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transferred:
    """A model on top of a base, and how it was trained.

    Attributes:
        model: Compiled, at the weights that it ended with.
        base: The layer of it that came from the base.
        head: Curves of the training with the base frozen, by name.
        fine: Curves of the training of the whole at a small rate; empty without it.
    """

    model: Any
    base: Any
    head: Mapping[str, list[float]]
    fine: Mapping[str, list[float]]


def transfer(  # noqa: PLR0913 - each one is named where it is called
    base: Any,
    x: Any,
    y: Any,
    *,
    classes: int | None = None,
    validation: tuple[Any, Any] | None = None,
    head_epochs: int = 5,
    fine_epochs: int = 3,
    head_rate: float = HEAD_RATE,
    fine_rate: float = FINE_RATE,
    batch_size: int = 32,
    cut: str | None = None,
) -> Transferred:
    """Put a new head on a base: train the head with the base frozen, then all at a small rate.

    In the order of the two steps: a fresh head's first gradients are large, and would spoil what
    the base has learned. BatchNormalization of the base keeps its moving statistics in both.

    Args:
        base: Name of a model in `keras.applications` (its ImageNet weights are loaded, and its
            preprocessing put in front); path of a `.keras` file of your own; or a built model.
        x: Training inputs, shape `(examples, height, width, channels)` for the pictures of
            `keras.applications`, pixels of 0 to 255; of a base of your own as it was trained.
        y: Labels, shape `(examples,)`, numbered from 0.
        classes: Number of classes; as many as `y` shows by default.
        validation: `(x, y)`, for the curves; never trained on.
        head_epochs: With the base frozen.
        fine_epochs: Of the whole; 0 leaves it out.
        head_rate: Of Adam, with the base frozen.
        fine_rate: For the whole.
        batch_size: Of both.
        cut: Name of the layer of your own base whose output the head takes; by default the one
            before its last layer with weights.

    Raises:
        NoWeights: The weights can't be loaded; the message says where to put the file.
        ValueError: The base is not known, or the arguments do not fit.
    """
    import keras

    labels = read_classes(y)
    wanted = classes or int(labels.values.max()) + 1
    inputs = np.asarray(x)
    if inputs.shape[0] != len(labels.ids):
        raise ValueError(f"x has {inputs.shape[0]} examples and y has {len(labels.ids)} labels")
    loaded, prepare = _loaded(base, inputs.shape[1:], cut)
    loaded.trainable = False
    entrance = keras.layers.Input(inputs.shape[1:], dtype="float32")
    # training=False for good: moving statistics of few examples are worse than those of the base.
    features = loaded(prepare(entrance), training=False)
    if len(features.shape) == 4:
        features = keras.layers.GlobalAveragePooling2D()(features)
    elif len(features.shape) > 2:
        features = keras.layers.Flatten()(features)
    features = keras.layers.Dropout(DROPOUT)(features)
    answers = keras.layers.Dense(wanted, activation="softmax", name="head")(features)
    model = keras.Model(entrance, answers)
    given: dict[str, Any] = {"batch_size": batch_size, "verbose": 0, "validation_data": validation}
    head = _trained(model, inputs, y, head_rate, {**given, "epochs": head_epochs})
    fine: Mapping[str, list[float]] = {}
    if fine_epochs:
        loaded.trainable = True
        fine = _trained(model, inputs, y, fine_rate, {**given, "epochs": fine_epochs})
    return Transferred(model=model, base=loaded, head=head, fine=fine)


def _trained(
    model: Any, x: Any, y: Any, rate: float, given: Mapping[str, Any]
) -> Mapping[str, list[float]]:
    import keras

    rows = np.ndim(y) == 2 and np.shape(y)[1] > 1
    loss = "categorical_crossentropy" if rows else "sparse_categorical_crossentropy"
    # Compiled each time: a changed `trainable` counts only then.
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    history = model.fit(x, y, **given).history
    return {name: [float(v) for v in values] for name, values in history.items()}


def _loaded(base: Any, shape: tuple[int, ...], cut: str | None) -> tuple[Any, Any]:
    """The base without its top, and the preprocessing that it was trained with."""
    import keras

    if isinstance(base, str) and not base.endswith(".keras"):
        return _from_applications(base, shape)
    if isinstance(base, str | Path):
        path = Path(base)
        if not path.is_file():
            raise NoWeights(
                f"there is no file {path}; the `.keras` file of a trained model is expected"
            )
        base = keras.saving.load_model(path, compile=False)
    if not getattr(base, "built", False) or not hasattr(base, "layers"):
        raise ValueError(
            f"base is of type {type(base).__name__}; a name in keras.applications, the path of a "
            "`.keras` file or a built model is expected"
        )
    return _cut(base, shape, cut), lambda tensor: tensor


def _cut(base: Any, shape: tuple[int, ...], cut: str | None) -> Any:
    """A copy of a model up to one of its layers."""
    import keras

    if tuple(base.input_shape[1:]) != shape:
        raise ValueError(f"x has examples of shape {shape}; the base takes {base.input_shape[1:]}")
    if cut is None:
        weighted = [n for n, layer in enumerate(base.layers) if layer.weights]
        if not weighted or weighted[-1] == 0:
            raise ValueError("the base has no layer before its last one with weights; name `cut`")
        end = base.layers[weighted[-1] - 1]
    else:
        named = [layer for layer in base.layers if layer.name == cut]
        if not named:
            names = ", ".join(layer.name for layer in base.layers)
            raise ValueError(f"the base has no layer {cut!r}; it has {names}")
        end = named[0]
    copy = keras.models.clone_model(base)
    copy.set_weights(base.get_weights())
    return keras.Model(copy.inputs, copy.get_layer(end.name).output, name="base")


def _from_applications(name: str, shape: tuple[int, ...]) -> tuple[Any, Any]:
    import keras

    make = getattr(keras.applications, name, None)
    if not callable(make):
        known = sorted(n for n in dir(keras.applications) if n[0].isupper())
        raise ValueError(  # noqa: TRY004 - one kind of error for what does not fit
            f"keras.applications has no {name!r}; it has {', '.join(known)}"
        )
    if len(shape) != 3 or shape[2] != 3:
        raise ValueError(
            f"x has examples of shape {shape}; pictures (height, width, 3) are expected: repeat a "
            "single channel three times with np.repeat(x, 3, axis=-1)"
        )
    try:
        loaded = make(include_top=False, weights="imagenet", input_shape=shape)
    except ValueError as error:
        raise ValueError(f"{name} takes no pictures of shape {shape}: {error}") from error
    except Exception as error:
        raise _no_weights(name, error) from error
    return loaded, importlib.import_module(make.__module__).preprocess_input


def _no_weights(name: str, error: Exception) -> NoWeights:
    """What to do where the weights can't be downloaded."""
    folder = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "models"
    found = re.search(r"https?://\S+", str(error))
    url = found[0].rstrip(":,.") if found else ""
    file = f"{url.rsplit('/', 1)[-1]} from {url}" if url else "its weights without top"
    return NoWeights(
        f"the ImageNet weights of {name} can't be downloaded ({str(error)[:80]} …). On a machine "
        f"with a network get {file}, and put it into {folder}; or give the path of a `.keras` file "
        "of your own"
    )
