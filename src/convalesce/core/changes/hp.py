"""Changes to the hyperparameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from convalesce.core.change import Change

FLAT_SHARE = 10  # a plateau lasts a tenth of the epochs


@dataclass(frozen=True)
class ScaleLearningRate(Change):
    """Multiply the learning rate, schedule included, by `factor` (dimensionless)."""

    factor: float
    reads = "multiply the learning rate by {factor}"


@dataclass(frozen=True)
class FindLearningRate(Change):
    """Set the learning rate that a confirmed range test finds."""

    reads = "take the learning rate that a confirmed range test finds"


@dataclass(frozen=True)
class SetLearningRate(Change):
    """Start from this learning rate; a schedule keeps its form."""

    rate: float
    reads = "set the learning rate to {rate}"


@dataclass(frozen=True)
class WarmUp(Change):
    """Raise the learning rate linearly from zero over the first `steps` steps."""

    steps: int
    reads = "warm the learning rate up over {steps} steps"


@dataclass(frozen=True)
class SetSchedule(Change):
    """Another schedule: `constant`, `cosine`, `plateau`.

    Attributes:
        patience: Of a plateau: epochs without a lower loss; None for a tenth of the epochs.
        factor: Of a plateau: what the rate is multiplied by.
    """

    name: Literal["constant", "cosine", "plateau"]
    patience: int | None = None
    factor: float = 0.3
    reads = "use a {name} learning-rate schedule"

    def waits(self, epochs: int) -> int:
        """Epochs to wait for a lower loss in a training of `epochs`, two at the least."""
        return self.patience or max(2, epochs // FLAT_SHARE)

    def __str__(self) -> str:
        if self.name != "plateau":
            return f"use a {self.name} learning-rate schedule"
        after = f"{self.patience} epochs" if self.patience else "some epochs"
        return f"multiply the learning rate by {self.factor:.3g} after {after} without a lower loss"


@dataclass(frozen=True)
class SetOptimizer(Change):
    """Another optimizer, at its own best rate.

    Attributes:
        scheduled: A schedule of the script's optimizer is handed on; without it, it ends.
    """

    name: str
    scheduled: bool = False
    reads = "use {name}, at its own best rate"


@dataclass(frozen=True)
class SetMomentum(Change):
    """Another momentum, and whether it is Nesterov's; None leaves that as it is."""

    value: float
    nesterov: bool | None = None
    reads = "set the momentum to {value}"

    def __str__(self) -> str:
        said = {None: "", True: ", after Nesterov", False: ", not after Nesterov"}
        return f"set the momentum to {self.value:.3g}{said[self.nesterov]}"


@dataclass(frozen=True)
class ClipGradients(Change):
    """Bound the global norm of the gradient."""

    norm: float
    reads = "clip gradients to a global norm of {norm}"


@dataclass(frozen=True)
class DropClipping(Change):
    """Gradients as they are, without a bound on their norm or values."""

    reads = "do not clip gradients"


@dataclass(frozen=True)
class DropCallback(Change):
    """One callback less, by the name of its class."""

    name: str
    reads = "train without the callback {name}"


@dataclass(frozen=True)
class SetBatchSize(Change):
    """Another batch size, the rate scaled with it."""

    size: int
    reads = "use batches of {size}, the rate scaled with them"


@dataclass(frozen=True)
class SetEpochs(Change):
    """Another number of epochs."""

    epochs: int
    reads = "train for {epochs} epochs, with early stopping"


@dataclass(frozen=True)
class SetLoss(Change):
    """Another loss.

    Attributes:
        output: Name of the output that it is for; empty where there is but one.
    """

    name: str
    from_logits: bool | None = None
    output: str = ""
    reads = "use the loss {name} (from_logits={from_logits})"

    def __str__(self) -> str:
        where = f" for the output {self.output}" if self.output else ""
        flag = "(from_logits=True)" if self.from_logits else ""
        return f"use the loss {self.name}{flag}{where}"


@dataclass(frozen=True)
class SetMetric(Change):
    """Another metric, also as what callbacks monitor."""

    name: str
    reads = "measure (and monitor) {name}"
