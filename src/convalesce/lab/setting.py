"""What one arm trains: a model, how it is compiled, what it is fed. Appliers change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from convalesce import core
from convalesce.lab.edits import Edited
from convalesce.observe.guard import plain_float
from convalesce.observe.kept import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One training as it is to be made. Frozen: an applier gives a changed copy.

    Attributes:
        model: Built. The user's own object, or one that an applier rebuilt (`fresh`). Its weights
            are those that training shall begin with only where it is `fresh`; else they are
            put in from the snapshot when the arm begins.
        fresh: The model is not the user's own object.
        compiled: Keywords of compile; `optimizer` is a template, of which each arm gets a copy.
        recompiled: Something in `compiled`, or a layer's `trainable`, is not as the user's.
        rate: Factor on the learning rate, schedule included.
        train: Examples that are fed. `validation`: those that callbacks and answers are held
            against.
        judged: Training examples that the answers are asked on: not resampled, not augmented.
        class_weight: As fit takes it.
        epochs: As planned.
        callbacks: The user's that act on training (rate, stopping), and those of appliers.
        form: Form of the targets, `core.Targets.form`.
        original: The observed fit, for appliers that need facts.
        seed: Of everything that an applier draws.
        flags: Layers whose `trainable` is set before compiling.
        edits: Attributes that are other while an arm is trained, and as before when it has ended.
        begins: Called on the model when its weights are set and training is about to begin.
    """

    model: Any
    compiled: Mapping[str, Any]
    train: Rows
    judged: Rows
    validation: Rows | None = None
    fresh: bool = False
    recompiled: bool = False
    rate: float = 1.0
    class_weight: Mapping[int, float] | None = None
    epochs: int = 1
    callbacks: tuple[Any, ...] = ()
    form: str = ""
    original: core.Signals = field(default_factory=lambda: core.Signals({}))
    seed: int = 0
    flags: tuple[tuple[Any, bool], ...] = ()
    edits: tuple[Edited, ...] = ()
    begins: tuple[Callable[[Any], None], ...] = ()

    def compile_with(self, **keywords: Any) -> Setting:
        """Compiled with other keywords."""
        return replace(self, compiled={**self.compiled, **keywords}, recompiled=True)

    def with_model(self, model: Any) -> Setting:
        """Another model, rebuilt by an applier, with the weights that it shall begin with."""
        return replace(self, model=model, fresh=True, recompiled=True)

    def with_edits(self, *edits: Edited) -> Setting:
        """Attributes of the model's layers that are other while it trains."""
        return replace(self, edits=(*self.edits, *edits), recompiled=True)

    @property
    def steps_per_epoch(self) -> int:
        """Updates an epoch."""
        fill = -(-self.train.count // max(1, self.train.batch))
        return self.train.steps or max(1, fill)


def optimizer_like(optimizer: Any, **settings: Any) -> Any:
    """A new optimizer of the same class and settings, some of them other.

    Raises:
        core.CannotChange: It can't be made from its configuration.
    """
    import keras

    inner = getattr(optimizer, "inner_optimizer", optimizer)
    try:
        held = getattr(inner, "_learning_rate", None)
        own = {} if hasattr(held, "assign") or held is None else {"learning_rate": held}
        made = type(inner).from_config({**inner.get_config(), **own, **settings})
        if inner is not optimizer:
            made = keras.optimizers.LossScaleOptimizer(made)
    except Exception as error:
        raise core.CannotChange(
            f"the optimizer {type(inner).__name__} can't be made anew: {error}"
        ) from error
    return made


def rate_of(optimizer: Any) -> float:
    """Rate in force at the optimizer's present step."""
    return plain_float(optimizer.learning_rate)
