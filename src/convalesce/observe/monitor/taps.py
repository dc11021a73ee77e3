"""Lends a recorder an eye on layers, gradients and updates, for as long as one step is traced.

The classes of Keras and TensorFlow are patched while at least one step is being traced anywhere
and are put back after. A patch looks for a recorder of its own thread: other threads see nothing.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any, Protocol


class Eye(Protocol):
    """What a recorder is shown. None of these may raise."""

    def layer(self, layer: Any, inputs: Any, output: Any) -> None:
        """A layer was called on this (its first argument) and gave that."""

    def loss(self, loss: Any) -> None:
        """The loss, before it is scaled."""

    def target(self, target: Any, sources: Any) -> None:
        """A tape is asked for the gradient of this."""

    def before(self, optimizer: Any, gradients: list[Any], variables: list[Any]) -> None:
        """Gradients are about to be applied."""

    def after(self) -> None:
        """They were."""


_local = threading.local()
_lock = threading.RLock()
_users = [0]
_saved: list[tuple[type, str, Any]] = []


@contextlib.contextmanager
def tapping(eye: Eye) -> Iterator[None]:
    """Show this thread's calls to `eye`."""
    with _lock:
        if _users[0] == 0:
            _install()
        _users[0] += 1
    outer = getattr(_local, "eye", None)
    _local.eye = eye
    try:
        yield
    finally:
        _local.eye = outer
        with _lock:
            _users[0] -= 1
            if _users[0] == 0:
                _uninstall()


def patched() -> int:
    """Number of patches in force now."""
    return len(_saved)


def _install() -> None:
    import tensorflow as tf
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.optimizers.loss_scale_optimizer import LossScaleOptimizer

    _patch(Layer, "__call__", _call)
    _patch(BaseOptimizer, "apply", _apply)
    _patch(LossScaleOptimizer, "apply", _apply)
    _patch(BaseOptimizer, "scale_loss", _scale_loss)
    _patch(LossScaleOptimizer, "scale_loss", _scale_loss)
    _patch(tf.GradientTape, "gradient", _gradient)


def _patch(owner: type, name: str, wrap: Callable[[Any], Any]) -> None:
    original = owner.__dict__.get(name)
    if original is not None:
        _saved.append((owner, name, original))
        setattr(owner, name, wrap(original))


def _uninstall() -> None:
    while _saved:
        owner, name, original = _saved.pop()
        setattr(owner, name, original)


def _call(original: Any) -> Any:
    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        output = original(self, *args, **kwargs)
        eye = getattr(_local, "eye", None)
        if eye is not None:
            eye.layer(self, args[0] if args else None, output)
        return output

    return call


def _scale_loss(original: Any) -> Any:
    @functools.wraps(original)
    def scale_loss(self: Any, loss: Any) -> Any:
        eye = getattr(_local, "eye", None)
        if eye is not None:
            eye.loss(loss)
        return original(self, loss)

    return scale_loss


def _gradient(original: Any) -> Any:
    @functools.wraps(original)
    def gradient(self: Any, target: Any, sources: Any, *args: Any, **kwargs: Any) -> Any:
        eye = getattr(_local, "eye", None)
        if eye is not None:
            eye.target(target, sources)
        return original(self, target, sources, *args, **kwargs)

    return gradient


def _apply(original: Any) -> Any:
    @functools.wraps(original)
    def apply(self: Any, grads: Any, trainable_variables: Any = None) -> Any:
        eye = getattr(_local, "eye", None)
        if eye is None or getattr(_local, "applying", False):
            return original(self, grads, trainable_variables)
        grads = list(grads)
        variables = (
            self._trainable_variables if trainable_variables is None else trainable_variables
        )
        variables = list(variables)
        _local.applying = True
        try:
            eye.before(self, grads, variables)
            result = original(self, grads, None if trainable_variables is None else variables)
            eye.after()
        finally:
            _local.applying = False
        return result

    return apply
