"""Changes to the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from convalesce.core.change import Change


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

    reads = "take both splits through the same preprocessing"


@dataclass(frozen=True)
class HoldOut(Change):
    """Validate on a share of the training examples, which went through training's preprocessing."""

    share: float = 0.2
    reads = "validate on {share} of the training examples, held out"
    tells_only = True


@dataclass(frozen=True)
class LearnFromValidation(Change):
    """Train on half of the validation examples, as many updates, and judge by the other half.

    Where so few teach more than all of the training examples, the fault lies in those: in their
    labels, or in what is done to them on their way.
    """

    reads = "train on half of the validation examples in place of training's, judged by the others"
    tells_only = True


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
class ShiftLabels(Change):
    """Give a stretch of training rows the labels that belong to them.

    Attributes:
        by: Row i gets the label that stands at row i + by.
        start: The first row of the stretch. `stop`: the row behind its last.
    """

    by: int
    start: int
    stop: int

    @property
    def ends(self) -> tuple[slice, slice]:
        """Rows of the inputs that have lost their label, and labels that belong to no row."""
        first = slice(self.start, self.start + abs(self.by))
        last = slice(self.stop - abs(self.by), self.stop)
        return (last, first) if self.by > 0 else (first, last)

    def __str__(self) -> str:
        rows, way = abs(self.by), "up" if self.by > 0 else "down"
        many = f"{rows} row{'s' * (rows != 1)}"
        return f"move the labels of rows {self.start} to {self.stop - 1} {way} by {many}"


@dataclass(frozen=True)
class LeaveOut(Change):
    """Leave out a stretch of training rows whose labels are those of other rows.

    Attributes:
        start: The first row of the stretch. `stop`: the row behind its last.
    """

    start: int
    stop: int

    def __str__(self) -> str:
        return (
            f"leave out rows {self.start} to {self.stop - 1}, whose labels are those of other rows"
        )


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
class DropClassWeights(Change):
    """Each example counts alike, whatever its class."""

    reads = "give no class_weight="


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


PIPELINE = "the transforms of the data pipeline"  # in place of a layer's name


@dataclass(frozen=True)
class ScaleAugmentation(Change):
    """Multiply the ranges of one augmentation layer, or of the pipeline; 0 takes it out."""

    layer: str
    factor: float
    reads = "scale the range of {layer} by {factor}"

    def __str__(self) -> str:
        """Its words."""
        return super().__str__() if self.factor else f"leave out {self.layer}"


@dataclass(frozen=True)
class CollectData(Change):
    """More examples."""

    times: float
    reads = "collect about {times} times the examples"
