"""Heights that an arm must have reached by the way."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from convalesce import core
from convalesce.readings.yardstick import measure


def make_bars(
    bars: tuple[core.Bar, ...],
    steps: int,
    ask: Callable[[], dict[core.Signal[Any], Any]],
) -> Any:
    """A callback that measures at each bar, and ends the training below one.

    Args:
        bars: In order of their shares.
        steps: Updates of the whole arm.
        ask: What the model answers at the moment.

    Attributes:
        reached: What was measured so far.
        below: The training was ended at the last of them.
    """
    import keras

    class Bars(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        made = 0
        below = False

        def __init__(self) -> None:
            super().__init__()
            self.reached: list[float] = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
            self.made += int(self.model.steps_per_execution)
            while len(self.reached) < len(bars):
                bar = bars[len(self.reached)]
                if self.made < math.ceil(bar.share * steps):
                    return
                value = measure(core.Signals(ask()), bar.what)
                self.reached.append(value)
                if bar.least > -math.inf and not value >= bar.least:
                    self.below = self.model.stop_training = True
                    return

    return Bars()
