"""How training was set up: compile and fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convalesce.core.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The loss of one output.

    Attributes:
        name: Standard snake-case name, e.g. `sparse_categorical_crossentropy`; a user's own
            function or class keeps its name, with `known` False.
        output: Name of the output that it is for; empty for the only one.
        from_logits: As set; False by default; None where the loss has no such setting.
        settings: Its other numbers (label_smoothing, delta, gamma …).
    """

    name: str
    output: str = ""
    known: bool = True
    from_logits: bool | None = None
    weight: float = 1.0
    settings: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A learning-rate schedule.

    Attributes:
        name: Class name, e.g. `ExponentialDecay`; `LearningRateScheduler` for the callback.
        settings: Its numbers, e.g. decay_steps.
        planned: The rate at equally spaced points of the planned training, the first step
            first and the last step last; empty where it can't be computed beforehand.
    """

    name: str
    settings: Mapping[str, float | str] = field(default_factory=dict)
    planned: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimizer:
    """The optimizer and its settings.

    Attributes:
        name: Class name, e.g. `Adam`.
        learning_rate: At the first step.
        momentum: SGD's and RMSprop's momentum, Adam's beta_1; None where it has none.
        clipping: Name and value of the clipping in force; None where there is none.
        settings: All its other numbers.
    """

    name: str
    learning_rate: float
    schedule: Schedule | None = None
    momentum: float | None = None
    weight_decay: float = 0.0
    clipping: tuple[str, float] | None = None
    settings: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A callback that the user handed to fit: its class name and its plain settings."""

    name: str
    settings: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Everything said in compile and fit.

    Attributes:
        metrics: Resolved standard names, e.g. `sparse_categorical_accuracy` for `accuracy`.
        metrics_as_written: As the user wrote them.
        batch_size: Examples an update; None where it is not known before training.
        epochs: As planned. `steps_per_epoch`: updates an epoch; None where it is not known.
        shuffle: fit's shuffle argument in force for arrays; None where the data rule it.
        validation: `data`, `split`, or empty for none. `validation_split`: the share.
        class_weight: By class; empty where there is none.
        partial: How only part of the loop could be seen (`train_on_batch`, GradientTape);
            empty for fit.
    """

    losses: tuple[Loss, ...]
    optimizer: Optimizer | None
    metrics: tuple[str, ...] = ()
    metrics_as_written: tuple[str, ...] = ()
    batch_size: int | None = None
    epochs: int = 1
    steps_per_epoch: int | None = None
    shuffle: bool | None = None
    validation: str = ""
    validation_split: float = 0.0
    class_weight: Mapping[int, float] = field(default_factory=dict)
    sample_weight: bool = False
    callbacks: tuple[Callback, ...] = ()
    precision: str = "float32"
    jit_compile: bool = False
    steps_per_execution: int = 1
    run_eagerly: bool = False
    custom_train_step: bool = False
    partial: str = ""
    fit_site: Site | None = None
    compile_site: Site | None = None
