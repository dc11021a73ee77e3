"""The Keras callback through which a fit reports to its watch."""

from __future__ import annotations

from typing import Any


def make_callback(watch: Any, cut: int | None) -> Any:
    """A `keras.callbacks.Callback` that tells `watch` of the course of a fit.

    It leaves the batch hooks alone unless `cut` is set, since a callback that has them makes Keras
    dispatch all batch callbacks in another way.

    Args:
        watch: A `Watch`.
        cut: Stop after this many steps; None never stops.
    """
    import keras

    class Watching(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        async_safe = True

        def set_model(self, model: Any) -> None:
            super().set_model(model)
            watch.attach(model)

        def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002 - Keras's signature
            watch.train_begins()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            watch.epoch_ends(epoch, dict(logs or {}))

    if cut is None:
        return Watching()

    limit = cut

    class Cutting(Watching):
        async_safe = False
        steps = 0

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.steps += 1
            if self.steps >= limit:
                self.model.stop_training = True

    return Cutting()
