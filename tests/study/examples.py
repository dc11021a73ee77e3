"""A fit to search on, and a crew whose results are written down beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from convalesce import core
from convalesce.study import Search, Space, space
from convalesce.studying import stored
from tests.confirm.bench import record

REACH = core.Reach(steps=400, epochs=4, seconds_a_step=0.01, validated=True)
Brings = Callable[[core.Arm], float]


def signals(**setup: Any) -> core.Signals:
    """A small CNN on uneven classes, trained by SGD at 0.01 in batches of 32."""
    layers = tuple(
        core.Layer(name=name, path=f"net/{name}", kind=kind, kernel_shape=(3, 3, 8, 8))
        for name, kind in (("first", "Conv2D"), ("second", "Conv2D"), ("last", "Dense"))
    )
    optimizer = core.Optimizer(name="SGD", learning_rate=0.01, momentum=0.0)
    given = {"losses": (), "optimizer": optimizer, "batch_size": 32, "epochs": 4, **setup}
    targets = core.Targets(
        name="y", shape=(), dtype="int64", form="index", classes=3, counts=(900, 100, 100)
    )
    split = core.Split(
        role="train", source="arrays", examples=1100, scanned=1100, whole=True,
        inputs=(), targets=(targets,),
    )  # fmt: skip
    return core.record(
        {
            core.MODEL: core.Model(name="net", style="functional", layers=layers, outputs=()),
            core.SETUP: core.Setup(**given),
            core.TRAIN: split,
        }
    )


def possible(change: core.Change) -> str:
    return "no shortcut fits" if isinstance(change, core.AddResidual) else ""


def small_space(**more: Any) -> Space:
    return space(signals(), REACH, possible, **more)


@dataclass
class WrittenCrew:
    """Trains nothing; arms may end in any order.

    Attributes:
        brings: What an arm comes to; nan where it ends in NaN, or it raises.
        in_force: The learning rate of an arm, where it is noted.
    """

    brings: Brings
    width: int = 1
    backwards: bool = False
    trained: list[core.Arm] = field(default_factory=list)
    in_force: Brings | None = None

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        places = range(len(arms))
        for place in reversed(places) if self.backwards else places:
            self.trained.append(arms[place])
            yield place, self._trained(arms[place])

    def _trained(self, arm: core.Arm) -> core.Trained:
        try:
            value = self.brings(arm)
        except Exception as error:  # noqa: BLE001 - as a crew does
            return error
        reached = []
        for bar in arm.bars:
            reached.append(value * bar.share)
            if bar.least > -math.inf and not reached[-1] >= bar.least:
                return core.BelowBar(tuple(reached))
        shown = dict(record(value).recorded)
        if math.isnan(value):
            shown[core.VALIDATION_ANSWERS] = core.Predictions(
                role="validation", examples=2048, finite=False
            )
        rates = () if self.in_force is None else (self.in_force(arm),)
        shown[core.HISTORY] = core.History(
            metrics={}, steps=400, reached=tuple(reached), learning_rate=rates
        )
        return core.Signals(shown)


def rate_of(arm: core.Arm) -> float:
    """The learning rate of an arm."""
    return next((c.rate for c in arm.changes if isinstance(c, core.SetLearningRate)), 0.01)


def hill(arm: core.Arm) -> float:
    """Best at a rate of 0.3 with BatchNormalization; little else matters."""
    far = abs(math.log10(rate_of(arm) / 0.3))
    normal = any(isinstance(c, core.InsertBatchNormalization) for c in arm.changes)
    return max(0.0, 0.8 - 0.25 * far + 0.1 * normal)


def search(place: Any, crew: core.Crew, within: Space, **more: Any) -> Search:
    given = {"fit": 0, "what": core.Yardstick.KNOWN, "reach": REACH, "seed": 3, **more}
    return Search(
        optuna=stored(place, "s", 3),
        space=within,
        crew=crew,
        why=lambda _, trained: ("", f"{type(trained).__name__}"),
        **given,
    )
