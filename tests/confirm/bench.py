"""A Lab without Keras: what each set of changes would bring is written down beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from convalesce import core
from convalesce.causes import all_causes
from convalesce.diagnose.ask import finding as made

Brings = Callable[[core.Arm], float]


def answers(skill: float, role: core.Role = "train") -> core.Predictions:
    """Answers of a model that knows a share `skill` of what chance leaves open."""
    return core.Predictions(
        role=role,
        examples=2048,
        loss=1 - skill,
        baseline_loss=1.0,
        accuracy=0.1 + 0.9 * max(skill, 0.0),
        baseline_accuracy=0.1,
    )


def record(skill: float, validation: float | None = None) -> core.Signals:
    """What an arm showed."""
    known = skill if validation is None else validation
    return core.record(
        {
            core.TRAIN_ANSWERS: answers(skill),
            core.VALIDATION_ANSWERS: answers(known, "validation"),
            core.HISTORY: core.History(metrics={"loss": (1.0, 1 - skill)}, steps=400),
        }
    )


@dataclass
class WrittenLab:
    """Trains nothing: gives the skill that `brings` says for an arm.

    Attributes:
        brings: Skill of an arm.
        cannot: Kinds of changes that can't be made.
        reached: What can be done.
        trained: Arms that were asked for, in order.
        answers: Of instruments. `asked`: which were, in order.
        told: What the data tell of changes.
    """

    brings: Brings
    cannot: tuple[type[core.Change], ...] = ()
    reached: core.Reach = field(
        default_factory=lambda: core.Reach(
            steps=400, seconds_a_step=0.01, overhead_s=1.0, validated=True
        )
    )
    trained: list[core.Arm] = field(default_factory=list)
    spent_s: float = 0.0
    rate: float = 0.0123
    answers: dict[core.Instrument, core.Answered] = field(default_factory=dict)
    asked: list[core.Instrument] = field(default_factory=list)
    told: dict[core.Change, core.Change] = field(default_factory=dict)

    @property
    def taken_s(self) -> float:
        return self.spent_s

    def reach(self, fit: int) -> core.Reach:
        return self.reached

    def find_rate(self, fit: int, changes: tuple[core.Change, ...], *, seconds: float) -> float:
        if core.FindLearningRate in self.cannot:
            raise core.CannotChange("FindLearningRate can't be made here")
        return self.rate

    def exact(self, fit: int, changes: tuple[core.Change, ...]) -> tuple[core.Change, ...]:
        return tuple(self.told.get(change, change) for change in changes)

    def ask(self, fit: int, instrument: core.Instrument, *, seconds: float) -> core.Answered:
        self.asked.append(instrument)
        self.spent_s += 1.0
        answer = self.answers.get(instrument)
        if answer is None:
            raise core.CannotChange(f"{instrument} is not written down")
        if seconds < 1.0:
            raise core.OutOfTime("there is no time")
        return answer

    def train(self, fit: int, arm: core.Arm, *, seconds: float) -> core.Signals:
        refused = [c for c in arm.changes if isinstance(c, self.cannot)]
        if refused:
            raise core.CannotChange(f"{type(refused[0]).__name__} can't be made here")
        self.trained.append(arm)
        self.spent_s += self.reached.seconds(arm.steps)
        return record(self.brings(arm))


@dataclass
class Backwards:
    """A crew on a written lab: the last arm ends first, some are lost.

    Attributes:
        asked: Arms of each call.
        lost: Seeds whose arms fail for a reason of the crew's own.
    """

    lab: WrittenLab
    lost: tuple[int, ...] = ()
    width: int = 2
    asked: list[Sequence[core.Arm]] = field(default_factory=list)

    def train(
        self, fit: int, arms: Sequence[core.Arm], *, seconds: float
    ) -> Iterator[tuple[int, core.Trained]]:
        self.asked.append(arms)
        for place in reversed(range(len(arms))):
            if arms[place].seed in self.lost:
                yield place, RuntimeError("its worker was lost 3 times")
                continue
            try:
                yield place, self.lab.train(fit, arms[place], seconds=seconds)
            except core.CannotChange as error:
                yield place, error


def finding(
    cause: str, strength: float = 0.6, *, stated: bool = False, severity: str = "error"
) -> core.Finding:
    """A finding as the diagnosis makes one, from a sick record of the cause itself."""
    known = all_causes()[cause]
    evidence = next(e for s in known.sick if (e := known.ask(s)) is not None)
    shown = replace(evidence, strength=strength, stated=stated, severity=core.Severity(severity))
    return made(known, shown)
