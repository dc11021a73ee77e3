"""What the data scan found: facts about each split and about splits against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

InputKind = Literal["image", "volume", "sequence", "tokens", "tabular", "other"]
TargetForm = Literal[
    "class_index",  # whole numbers 0..n-1 (or from 1), one an example: shape () or (1,)
    "binary",  # two values 0 and 1, one an example
    "sign",  # two values -1 and +1, one an example
    "one_hot",  # each row has one 1 and else 0
    "multi_hot",  # each entry 0 or 1, any number of ones a row
    "soft",  # rows of probabilities that sum to 1
    "continuous",  # any other numbers
    "mask_binary",  # a 0/1 label at each position, width 1 or none
    "mask_index",  # a class index at each position
    "mask_one_hot",  # one-hot at each position
    "reconstruction",  # equal to the input, or the input without noise: as many values, same shape
    "absent",  # no target was given
    "other",
]
Source = Literal["arrays", "memmap", "tf.data", "PyDataset", "generator", "other"]
Role = Literal["train", "validation", "held_out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """One input tensor of a split.

    Per-channel figures are over the last axis for images, volumes and sequences, over features
    for tables, one figure for tokens; of finite values only; at most 4096 channels are listed.

    Attributes:
        name: Name of the input, `input_0` where it has none.
        shape: Shape of one example; None where it varies.
        dtype: As the user gave it.
        kind: What the values seem to be.
        minimum: Per channel, in the units of the data. So are `maximum`, `mean` and `std`.
        nonfinite: Number of NaN or infinite entries.
        nonfinite_examples: Rows that hold them, the first 32.
        nonfinite_rows: Number of rows that hold them.
        constant: Channels whose value never changes.
        zero_share: Share of entries that are exactly zero.
        blank_examples: Examples all of whose values are equal.
        blank_share_by_class: Share of each class's examples that are mostly one value (over
            80 % of entries); empty where there are no classes.
        vocabulary: Number of distinct tokens, for tokens.
        commonest_token_share: Share of the commonest token that is not 0 (padding), among
            tokens that are not 0; for tokens. An unknown-word id that swallows most words
            shows here; `commonest_token` is its id.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    kind: InputKind
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    nonfinite: int = 0
    nonfinite_examples: tuple[int, ...] = ()
    nonfinite_rows: int = 0
    constant: tuple[int, ...] = ()
    zero_share: float = 0.0
    blank_examples: int = 0
    blank_share_by_class: tuple[float, ...] = ()
    vocabulary: int | None = None
    commonest_token: int | None = None
    commonest_token_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """One target tensor of a split.

    Attributes:
        name: Name of the target, `target_0` where it has none.
        shape: Shape of one example's target.
        form: What the values seem to be.
        classes: Number of classes that the form implies (largest index + 1, or width).
        counts: Examples of each class (positions, for masks; positives of each column, for
            multi-hot); empty for continuous targets.
        minimum: Over all finite values. So are `maximum`, `mean` and `std`.
        distinct: Number of distinct values seen, capped at 1000.
        integral: All finite values are whole numbers.
        nonfinite: NaN or infinite entries. `nonfinite_examples`: their rows, the first 32.
        invalid_rows: Rows that break the form: one-hot rows that do not sum to 1, negative
            or fractional class indices.
        column_mean: Per column, for targets of rank 1 and more with at most 64 columns. So
            is `column_std`.
        adjacency: Share of neighbouring rows with an equal label, in the order of the data;
            for continuous targets of more than 20 values, in the same tenth of the values.
        adjacency_expected: The same if the rows were in random order.
        sentinel: A value repeated far outside the bulk of the others (more than ten
            interquartile ranges away), such as -999; None where there is none.
        sentinel_count: How often it stands there.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str
    form: TargetForm
    classes: int | None = None
    counts: tuple[int, ...] = ()
    minimum: float = 0.0
    maximum: float = 0.0
    mean: float = 0.0
    std: float = 0.0
    distinct: int = 0
    integral: bool = False
    nonfinite: int = 0
    nonfinite_examples: tuple[int, ...] = ()
    invalid_rows: int = 0
    column_mean: tuple[float, ...] = ()
    column_std: tuple[float, ...] = ()
    adjacency: float = 0.0
    adjacency_expected: float = 0.0
    sentinel: float | None = None
    sentinel_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Telltale:
    """The single input value that tells most about the target.

    Attributes:
        where: Feature (table), channel-and-position (others) as text, e.g. `feature 7` or
            `pixel (2, 3), channel 0`.
        score: How well it alone tells the target, on a sample: for classes the balanced
            accuracy of a table of at most 32 bins, fitted on one half and read on the other,
            rescaled to 0 (chance) … 1; |Spearman's rho| for continuous targets. Where one
            value a class together tells far more (labels written one-hot into the input),
            `where` says so and the score is the mean of Youden's index over classes.
        runner_up: The same of the best value that is not adjacent to or a copy of it.
    """

    where: str
    score: float
    runner_up: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Whether examples that look alike carry the same label, by 5 nearest neighbours on a sample.

    Attributes:
        sample: Examples that were compared.
        agreement: Share of neighbours with the same label; for continuous targets the
            correlation of a target's rank with the mean rank of its neighbours' targets.
        expected: The same if labels were independent of inputs.
        segments: `agreement` in eight equal parts of the data in their order: a slip in the
            pairing from some row on shows as a drop.
        confusion: Rows: own class; columns: the class of the neighbours; shares, each row sums
            to 1. Empty for continuous targets and above 64 classes.
        disagreeing: Rows whose neighbours agree among themselves and not with the row, the
            first 32.
        disagreeing_share: Their share of the sample.
    """

    sample: int
    agreement: float
    expected: float
    segments: tuple[float, ...] = ()
    confusion: tuple[tuple[float, ...], ...] = ()
    disagreeing: tuple[int, ...] = ()
    disagreeing_share: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Equal examples, within one split or across two.

    Attributes:
        exact: Examples (beyond the first of each group, or of the second split) that have an
            exact copy.
        near: The same with nearly the same picture (perceptual hash); images only, else 0.
        conflicting: Exact copies that carry another label.
        pairs: Row numbers of some pairs, the first 16.
        compared: Examples that were compared.
        moved: Of a sample, pictures that are one of the other split's sample, moved by a pixel or
            two, turned or mirrored. `moved_of`: of so many.
    """

    exact: int = 0
    near: int = 0
    conflicting: int = 0
    pairs: tuple[tuple[int, int], ...] = ()
    compared: int = 0
    moved: int = 0
    moved_of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """One example kept for the report.

    Attributes:
        row: Row in its split.
        why: What it shows: `duplicate`, `nonfinite`, `label`, `class` …
        label: Its label as text.
        pixels: uint8, shape `(height, width, 1 | 3)`, at most 64 by 64; empty for data that are
            not pictures, which have `text`.
    """

    role: Role
    row: int
    why: str
    label: str = ""
    text: str = ""
    pixels: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """A random transform that a data source says it makes of each example.

    Attributes:
        argument: Name by which it was asked for.
        kind: Class name of the Keras layer that does the same.
        amount: The widest it goes, in that layer's unit: turns, shares of a side, factors.
        mode: Of a flip: `horizontal` or `vertical`.
    """

    argument: str
    kind: str
    amount: float
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One split of the data as it was handed to Keras.

    Attributes:
        source: What kind of object held it.
        examples: Number of examples; None where it is not known.
        scanned: Number of examples that were read.
        whole: Every example was read, in order.
        shuffled_by: Who brings the rows into random order before batching: `fit`,
            `tf.data shuffle(n)`, or empty where nobody is seen to.
        shuffle_buffer: Size of a tf.data shuffle buffer, in examples; None otherwise.
        telltale: None where it was not looked for.
        neighbours: None where it was not looked for (tokens of free text, too few examples).
        transforms: What its source says it does to each example at random.
        draws: A step of its pipeline draws at random.
        remarks: What could not be scanned and why, in sentences.
    """

    role: Role
    source: Source
    examples: int | None
    scanned: int
    whole: bool
    inputs: tuple[Inputs, ...]
    targets: tuple[Targets, ...]
    weighted: bool = False
    shuffled_by: str = ""
    shuffle_buffer: int | None = None
    duplicates: Duplicates = Duplicates()
    telltale: Telltale | None = None
    neighbours: Neighbours | None = None
    transforms: tuple[Transform, ...] = ()
    draws: bool = False
    samples: tuple[Sample, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Across:
    """The training split against another one.

    Attributes:
        role: Which other one.
        duplicates: Examples of the other split that stand in the training split too.
        shift: Per channel of the first input, (mean of the other minus the mean of training) in
            standard deviations of training.
        spread: Per channel, standard deviation of the other over that of training. A channel
            that is constant in training has spread 1, and its shift is in the other's.
        label_shift: Total variation distance of the class shares, 0 … 1; for continuous
            targets the shift of the mean in standard deviations.
        only_there: Classes of the other split that training never shows.
        token_shift: Total variation distance of the token histograms, 0 … 1; for tokens.
        neighbours: Labels of the other split against those of their nearest training
            examples.
        distance: Median distance of an example of the other split to its nearest training
            example, over the same within training; about 1 where both are alike.
        texture: Roughness of the other split over that of training: mean absolute difference
            of adjacent positions divided by the standard deviation; 1 where both are alike,
            nan for tables and tokens. Dropped samples, blur and resizing show here.
        at_source: The figures are of the sources of pipelines, before steps that change examples;
            what the model gets may differ less or more.
        train_rows: Rows of training that the figures rest on; 0 for all that were scanned. So are
            `other_rows`, of the other split.
    """

    role: Role
    duplicates: Duplicates = Duplicates()
    shift: tuple[float, ...] = ()
    spread: tuple[float, ...] = ()
    label_shift: float = 0.0
    only_there: tuple[int, ...] = ()
    token_shift: float = 0.0
    neighbours: Neighbours | None = None
    distance: float = 1.0
    texture: float = 1.0
    at_source: bool = False
    train_rows: int = 0
    other_rows: int = 0
