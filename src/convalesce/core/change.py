"""Changes to a run, as plain data: tried by experiment, made by treatment, printed by reports."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from convalesce.core.signal import Series, Signal


@dataclass(frozen=True)
class Change:
    """One intervention. Subclasses are final and hold only numbers and names.

    Attributes:
        reads: Template of what is done, in the imperative: it reads after "try:".
        safe: It cannot make a sound training worse; others need their trial first.
    """

    reads: ClassVar[str] = ""
    safe: ClassVar[bool] = False

    def __str__(self) -> str:
        values = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return self.reads.format(**values)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, tuple):
        return ", ".join(_plain(v) for v in value)
    return str(value)


# ---- data ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Normalize(Change):
    """Standardise each channel with the mean and deviation of the training split."""

    reads = "put a Normalization layer, adapted on the training split, in front of the model"


@dataclass(frozen=True)
class Rescale(Change):
    """Multiply the inputs by `scale` and add `offset`, in every split alike."""

    scale: float
    offset: float = 0.0
    reads = "put Rescaling({scale}, offset={offset}) in front of the model"


@dataclass(frozen=True)
class StandardizeTargets(Change):
    """Train on targets of mean 0 and deviation 1; undo it on the answers."""

    reads = "standardise the targets by the training split's mean and deviation"


@dataclass(frozen=True)
class UnifyPreprocessing(Change):
    """One preprocessing for every split."""

    reads = "move the preprocessing into the model, so that every split goes through the same"


@dataclass(frozen=True)
class DropNonfinite(Change):
    """Leave out the rows that hold NaN or infinity."""

    reads = "drop (or impute) the rows that hold NaN or infinite values"
    safe = True


@dataclass(frozen=True)
class DropRows(Change):
    """Leave out rows whose value is a stand-in for "no reading"."""

    sentinel: float
    reads = "leave out the rows whose value is {sentinel}"


@dataclass(frozen=True)
class RepairLabels(Change):
    """Bring labels and inputs together again."""

    how: str
    reads = "repair the labels: {how}"


@dataclass(frozen=True)
class Shuffle(Change):
    """Bring the examples into random order before they are split and batched."""

    reads = "shuffle the examples (with their labels) before splitting and batching"
    safe = True


@dataclass(frozen=True)
class Resplit(Change):
    """Split again, each class in equal shares, before resampling or augmentation."""

    reads = "split first (stratified), then resample or augment the training part only"


@dataclass(frozen=True)
class Deduplicate(Change):
    """Drop from training what also stands in another split."""

    reads = "drop the training examples that also stand in another split"
    safe = True


@dataclass(frozen=True)
class DropFeature(Change):
    """Leave an input out that gives the target away."""

    where: str
    reads = "leave out {where}: it gives the target away"


@dataclass(frozen=True)
class WeightClasses(Change):
    """Weights inverse to the class counts of the training split."""

    reads = "give class_weight= the inverse of the class frequencies"


@dataclass(frozen=True)
class Oversample(Change):
    """Even out the classes of the training split."""

    method: Literal["smote", "random"] = "smote"
    ratio: float = 1.0
    reads = (
        "oversample the rare classes of the training split ({method}, to {ratio} of the largest)"
    )


@dataclass(frozen=True)
class Augment(Change):
    """Add mild random transforms to training."""

    strength: float = 0.1
    reads = "augment the training data mildly (strength {strength})"


@dataclass(frozen=True)
class ScaleAugmentation(Change):
    """Multiply the ranges of one augmentation layer; 0 takes it out."""

    layer: str
    factor: float
    reads = "scale the range of {layer} by {factor}"


@dataclass(frozen=True)
class CollectData(Change):
    """More examples."""

    times: float
    reads = "collect about {times} times the examples"


# ---- architecture ----------------------------------------------------------------------------


@dataclass(frozen=True)
class SetActivation(Change):
    """Another activation in hidden layers."""

    activation: str
    layers: tuple[str, ...] = ()
    reads = "use {activation} in {layers}"


@dataclass(frozen=True)
class SetOutputActivation(Change):
    """Another activation, and if need be width, of the last layer."""

    activation: str
    units: int | None = None
    reads = "give the last layer activation {activation}"

    def __str__(self) -> str:
        wide = f"{self.units} unit{'s' * (self.units != 1)} and " if self.units else ""
        return f"give the last layer {wide}activation {self.activation}"


@dataclass(frozen=True)
class SetInitializer(Change):
    """Another kernel initialiser."""

    initializer: str
    layers: tuple[str, ...] = ()
    reads = "initialise {layers} by {initializer}"


@dataclass(frozen=True)
class InsertBatchNormalization(Change):
    """BatchNormalization after the named layers."""

    after: tuple[str, ...] = ()
    reads = "put BatchNormalization after {after}"


@dataclass(frozen=True)
class AddResidual(Change):
    """Shortcuts around pairs of layers."""

    reads = "add residual connections around every two layers of the deep stack"


@dataclass(frozen=True)
class ScaleWidth(Change):
    """Multiply filters and units of the hidden layers."""

    factor: float
    reads = "multiply filters and units of the hidden layers by {factor}"


@dataclass(frozen=True)
class ChangeDepth(Change):
    """Add (positive) or take out (negative) hidden layers."""

    layers: int
    reads = "change the number of hidden layers by {layers}"


@dataclass(frozen=True)
class SetStrides(Change):
    """Other strides or pool sizes."""

    strides: int
    layers: tuple[str, ...] = ()
    reads = "use strides {strides} (or no pooling) in {layers}"


@dataclass(frozen=True)
class PoolGlobally(Change):
    """Global average pooling in place of Flatten."""

    reads = "use GlobalAveragePooling in place of Flatten"


@dataclass(frozen=True)
class SetTrainable(Change):
    """Let layers learn, or freeze them; takes effect with the next compile."""

    trainable: bool
    layers: tuple[str, ...] = ()
    reads = "set trainable={trainable} on {layers}, then compile"


@dataclass(frozen=True)
class Transfer(Change):
    """Start from a pretrained base."""

    reads = "start from a pretrained base: train the head first, then fine-tune at a small rate"


# ---- regularisation --------------------------------------------------------------------------


@dataclass(frozen=True)
class SetDropout(Change):
    """Dropout in front of the last layer, or another rate where there is one."""

    rate: float
    layers: tuple[str, ...] = ()
    reads = "use a dropout rate of {rate}"


@dataclass(frozen=True)
class SetWeightPenalty(Change):
    """L1 and L2 factors of the kernels."""

    l1: float = 0.0
    l2: float = 0.0
    reads = "use weight penalties l1={l1}, l2={l2}"


@dataclass(frozen=True)
class SetWeightDecay(Change):
    """The optimizer's decoupled weight decay."""

    value: float
    reads = "set the optimizer's weight_decay to {value}"


@dataclass(frozen=True)
class StopEarly(Change):
    """EarlyStopping that gives back the best weights."""

    patience: int = 5
    monitor: str = "val_loss"
    reads = "use EarlyStopping(monitor='{monitor}', patience={patience}, restore_best_weights=True)"
    safe = True


# ---- hyperparameters -------------------------------------------------------------------------


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
class WarmUp(Change):
    """Raise the learning rate linearly from zero over the first `steps` steps."""

    steps: int
    reads = "warm the learning rate up over {steps} steps"


@dataclass(frozen=True)
class SetSchedule(Change):
    """Another schedule: `constant`, `cosine`, `plateau`."""

    name: Literal["constant", "cosine", "plateau"]
    reads = "use a {name} learning-rate schedule"


@dataclass(frozen=True)
class SetOptimizer(Change):
    """Another optimizer, at its own best rate."""

    name: str
    reads = "use {name}, at its own best rate"


@dataclass(frozen=True)
class SetMomentum(Change):
    """Another momentum."""

    value: float
    reads = "set the momentum to {value}"


@dataclass(frozen=True)
class ClipGradients(Change):
    """Bound the global norm of the gradient."""

    norm: float
    reads = "clip gradients to a global norm of {norm}"


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
    """Another loss."""

    name: str
    from_logits: bool | None = None
    reads = "use the loss {name} (from_logits={from_logits})"

    def __str__(self) -> str:
        return f"use the loss {self.name}{'(from_logits=True)' if self.from_logits else ''}"


@dataclass(frozen=True)
class SetMetric(Change):
    """Another metric, also as what callbacks monitor."""

    name: str
    reads = "measure (and monitor) {name}"


# ---- experiments -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Falls:
    """Prediction: `signal` ends lower with the change than without it."""

    signal: Signal[Series]

    def __str__(self) -> str:
        return f"{self.signal.name} falls"


@dataclass(frozen=True)
class Trial:
    """A paired experiment: same snapshot, same batches, same seed, one `change`.

    Attributes:
        change: What the treated arm does differently.
        predict: What must be seen if the suspected cause is the real one.
        steps: Optimiser steps of each arm.
    """

    change: Change
    predict: Falls
    steps: int = 100
