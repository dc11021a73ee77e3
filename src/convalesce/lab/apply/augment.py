"""Mild random transforms in front of the model, at work in training only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.graph import Graph, graph_of
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, free_name, rebuilt
from convalesce.observe.arguments import first_leaf

CLASSES = ("class_index", "binary", "sign", "one_hot", "multi_hot", "soft")
MOST_CHANNELS = 4
TURN = 0.25  # of a strength, in turns: 9 degrees at 0.1, too little to make a 6 of a 9


def apply(change: core.Augment, setting: Setting) -> Setting:
    """The setting with its training examples moved, zoomed and turned a little, or noise added.

    Nothing is flipped: digits and text mean something else then. Images are moved only where
    their label is a class, which does not move with them. Noise is in deviations of each feature.
    """
    if not 0 < change.strength < 1:
        raise core.CannotChange(f"a strength of {change.strength:g} is not between 0 and 1")
    model = setting.model
    graph = graph_of(model)
    inputs = [p for p, s in enumerate(graph.steps) if not s.sources]
    if len(inputs) != 1:
        raise core.CannotChange(f"the model has {len(inputs)} inputs; which to augment is not said")
    readers = [graph.steps[p] for p in graph.readers(inputs[0])]
    if len(readers) != 1:
        raise core.CannotChange("several layers read the input; they would see different examples")
    x = np.asarray(first_leaf(setting.train.x))
    _suits(graph, inputs[0], x)
    shape = graph.steps[inputs[0]].gave
    if len(shape) == 4 and (shape[-1] or MOST_CHANNELS + 1) <= MOST_CHANNELS:
        if setting.form not in CLASSES:
            raise core.CannotChange("its targets are no classes: they would have to move along")
        makers = _moves(model, change.strength)
    else:
        makers = _noise(model, change.strength, x)
    return rebuilt(setting, {readers[0].layer: Edit(before=makers)})


def _suits(graph: Graph, place: int, x: NDArray[Any]) -> None:
    """Raises where the input holds words or numbers of things, which no transform suits."""
    behind = [graph.steps[p].kind for p in graph.readers(place)]
    if x.dtype.kind not in "fiub" or any("Embedding" in kind for kind in behind):
        raise core.CannotChange("its inputs are words or numbers of things, not measured values")


def _moves(model: Any, strength: float) -> tuple[Callable[[], Any], ...]:
    import keras

    kept = {"fill_mode": "nearest", "dtype": "float32"}
    return (
        lambda: keras.layers.RandomTranslation(
            strength, strength, name=free_name(model, "augment_move"), **kept
        ),
        lambda: keras.layers.RandomZoom(strength, name=free_name(model, "augment_zoom"), **kept),
        lambda: keras.layers.RandomRotation(
            TURN * strength, name=free_name(model, "augment_turn"), **kept
        ),
    )


def _noise(model: Any, strength: float, x: NDArray[Any]) -> tuple[Callable[[], Any], ...]:
    """Standardised, noise of one size is added, and the scale of each feature given back."""
    import keras

    values = x.astype(np.float64).reshape(-1, x.shape[-1])
    mean, variance = np.nanmean(values, axis=0), np.nanvar(values, axis=0)
    if not (np.isfinite(mean).all() and np.isfinite(variance).all()):
        raise core.CannotChange("its inputs hold values that are no numbers")
    scale = {"mean": mean, "variance": variance, "dtype": "float32"}
    return (
        lambda: keras.layers.Normalization(name=free_name(model, "augment_scale"), **scale),
        lambda: keras.layers.GaussianNoise(
            strength, name=free_name(model, "augment_noise"), dtype="float32"
        ),
        lambda: keras.layers.Normalization(
            name=free_name(model, "augment_unscale"), invert=True, **scale
        ),
    )
