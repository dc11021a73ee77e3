"""What training did: its curves, what the trained model answers, where it turned non-finite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from convalesce.core.data import Across, Role, Split
from convalesce.core.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The curves, one value an epoch.

    Attributes:
        metrics: By Keras's names (`loss`, `val_loss`, `accuracy` …); lists are as long as the
            epochs that ran (validation lists may be shorter).
        learning_rate: The rate at the end of each epoch.
        planned: Epochs asked for.
        steps: Updates that were made.
        stopped: Why it ended before `planned`: `early stopping`, `cut by check`,
            `interrupted`, `crashed`; empty where it did not.
        best_restored: EarlyStopping or a checkpoint kept the weights of the epoch that was best on
            validation.
        reached: Of an arm of an experiment: what it had reached at each of its bars.
    """

    metrics: Mapping[str, tuple[float, ...]]
    learning_rate: tuple[float, ...] = ()
    planned: int = 0
    steps: int = 0
    seconds: float = 0.0
    stopped: str = ""
    best_restored: bool = False
    reached: tuple[float, ...] = ()

    @property
    def epochs(self) -> int:
        """Epochs that ran to their end."""
        return max((len(v) for v in self.metrics.values()), default=0)

    def curve(self, name: str) -> tuple[float, ...]:
        """Values of one metric, empty where it was not measured."""
        return self.metrics.get(name, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What the model answers at the end of training, in inference mode, on a sample of a split.

    Figures are of the first output.

    Attributes:
        examples: Size of the sample.
        loss: Mean loss without penalties, nat or the target's units squared; nan where it
            can't be computed. `baseline_loss`: the same for the best constant answer.
        accuracy: Share of right answers for classes (of positions, for masks; of all labels,
            for multi-hot); nan for continuous targets. `baseline_accuracy`: of the best
            constant answer.
        r2: Share of variance explained, for continuous targets; nan for classes.
        minimum: Per output unit (at most 256 listed). So are `maximum`, `mean`, `std`:
            standard deviation over examples.
        finite: All answers are finite.
        constant: The answers are the same for all examples, up to 1e-6 of their scale.
        confusion: Counts, rows: true class; columns: answered class; empty above 64 classes
            and for continuous targets.
        positive_share: Share of positives answered, for binary targets and masks; nan else.
        iou: Intersection over union of the foreground, for binary masks; nan else.
        surer_error: Share of wrong answers in the half that is furthest from any other answer;
            nan where an example has not one class.
        hardest: Rows of the highest loss, the first 32, worst first; `hardest_loss` theirs.
    """

    role: Role
    examples: int
    loss: float = float("nan")
    baseline_loss: float = float("nan")
    accuracy: float = float("nan")
    baseline_accuracy: float = float("nan")
    r2: float = float("nan")
    minimum: tuple[float, ...] = ()
    maximum: tuple[float, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    finite: bool = True
    constant: bool = False
    confusion: tuple[tuple[int, ...], ...] = ()
    positive_share: float = float("nan")
    iou: float = float("nan")
    surer_error: float = float("nan")
    hardest: tuple[int, ...] = ()
    hardest_loss: tuple[float, ...] = ()

    @property
    def recall(self) -> tuple[float, ...]:
        """Share of each class that was answered right; nan for classes without examples."""
        return tuple(
            row[i] / sum(row) if sum(row) else float("nan") for i, row in enumerate(self.confusion)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A call of `evaluate` on other data than validation: a hold-out set.

    Attributes:
        metrics: What evaluate returned, by name.
        split: What the scan found there; None where it was not scanned.
        across: That split against training.
    """

    metrics: Mapping[str, float]
    split: Split | None = None
    across: Across | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluations:
    """Calls of `evaluate` on hold-out data, in order."""

    calls: tuple[Evaluation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where training first turned non-finite.

    Attributes:
        step: The first update whose loss was not finite.
        first: What turned non-finite first, along the flow of one step.
        name: Layer, variable or input that it was found in.
        epoch: 0-based. `batch`: 0-based within its epoch.
        weights_before: Weights were finite at the last look before.
        loss_before: Last finite loss.
        gradient_norm_before: Global norm at the last look before; nan where there was none.
    """

    step: int
    first: Literal["input", "target", "weight", "activation", "loss", "gradient", "update"]
    name: str
    epoch: int = 0
    batch: int = 0
    weights_before: bool = True
    loss_before: float = float("nan")
    gradient_norm_before: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Idle:
    """Layers that act in training only, and gave back their inputs in every training step.

    Attributes:
        layers: Their names: dropout and noise that the step calls with `training=False`.
    """

    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """An exception that ended the script.

    Attributes:
        exception: Class name.
        message: Its text, without Keras's argument dump.
        phase: Where it arose.
        layer: Name of the layer that it arose in, empty where there is none.
        site: The innermost line of the user's own code.
        numbers: What could be read from the message: `label`, `classes`, `expected_width` …
        part: Whose code raised it, as far as it is known: of a layer, the loss or a metric.
        function: Name of that loss or metric, e.g. `categorical_crossentropy`.
    """

    exception: str
    message: str
    phase: Literal["import", "data", "build", "compile", "fit", "evaluate", "other"]
    layer: str = ""
    site: Site | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    part: Literal["", "layer", "loss", "metric"] = ""
    function: str = ""
