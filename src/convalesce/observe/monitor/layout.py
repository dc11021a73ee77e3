"""Where each statistic stands in the one vector that a monitored step returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convalesce import core

KEY = "__convalesce__"  # under which a monitored step puts its statistics into the logs
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The order of a vector of statistics, fixed when a monitored step is traced.

    The vector holds, in this order: loss, penalty, learning rate and rows of the batch; three
    figures an input (minimum, maximum, non-finite); one a target (non-finite); the label
    counts; six figures a gradient and its variable; six figures a layer.

    Attributes:
        inputs: Names of the inputs.
        targets: Names of the targets.
        classes: Columns of the label counts; 0 where labels are no classes.
        variables: Paths of the variables that the optimizer updates.
        absent: The variables among them that got no gradient at all.
        layers: Paths of the tapped layers.
        scaled: Loss scaling is in force: updates with an overflow are skipped by design.
        exact: The loss of the batch could be tapped.
    """

    inputs: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    classes: int = 0
    variables: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    layers: tuple[str, ...] = ()
    scaled: bool = False
    exact: bool = True

    def split(self, vector: Vector) -> Row:
        """The vector's parts."""
        ends = np.cumsum(
            [
                4,
                3 * len(self.inputs),
                len(self.targets),
                self.classes,
                6 * len(self.variables),
                6 * len(self.layers),
            ]
        )
        head, inputs, targets, labels, variables, layers = np.split(
            vector.astype(np.float64), ends[:-1]
        )
        return Row(
            layout=self,
            loss=float(head[0]),
            penalty=float(head[1]),
            learning_rate=float(head[2]),
            examples=float(head[3]),
            inputs=inputs.reshape(-1, 3),
            targets=targets,
            labels=labels,
            variables=variables.reshape(-1, 6),
            layers=layers.reshape(-1, 6),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Statistics of one monitored step.

    Attributes:
        layout: Names of the columns.
        loss: Exact loss of the batch, nan where it could not be tapped.
        penalty: Sum of the regularisation losses.
        learning_rate: Rate in force, nan where reading it could disturb the user's own code.
        examples: Rows of the batch.
        inputs: `(inputs, 3)`: minimum, maximum, non-finite.
        targets: `(targets,)`: non-finite.
        labels: `(classes,)`: examples of each.
        variables: `(variables, 6)`: of the gradient norm, largest entry, non-finite, zero
            share; then the variable's norm before the update and the update's norm.
        layers: `(layers, 6)`: mean, standard deviation, zero share, saturated share,
            non-finite, dead units.
    """

    layout: Layout
    loss: float
    penalty: float
    learning_rate: float
    examples: float
    inputs: NDArray[np.float64]
    targets: NDArray[np.float64]
    labels: NDArray[np.float64]
    variables: NDArray[np.float64]
    layers: NDArray[np.float64]

    @property
    def skipped(self) -> bool:
        """Loss scaling met an overflow and left the weights alone."""
        return (
            self.layout.scaled
            and bool((self.variables[:, 2] > 0).any())
            and not self.variables[:, 5].any()
        )


def series(rows: Sequence[tuple[int, Row]]) -> dict[core.Signal[core.Series], core.Series]:
    """The monitored steps as series; columns that a step did not have are nan."""
    found = {
        core.PENALTY: _plain(rows, [row.penalty for _, row in rows]),
        core.LEARNING_RATE: _plain(rows, [row.learning_rate for _, row in rows]),
    }
    for signal, part, column in (
        (core.INPUT_MIN, "inputs", 0),
        (core.INPUT_MAX, "inputs", 1),
        (core.INPUT_NONFINITE, "inputs", 2),
        (core.GRADIENT_NORM, "variables", 0),
        (core.GRADIENT_MAX, "variables", 1),
        (core.GRADIENT_NONFINITE, "variables", 2),
        (core.GRADIENT_ZERO_SHARE, "variables", 3),
        (core.WEIGHT_NORM, "variables", 4),
        (core.ACTIVATION_MEAN, "layers", 0),
        (core.ACTIVATION_STD, "layers", 1),
        (core.ACTIVATION_ZERO_SHARE, "layers", 2),
        (core.ACTIVATION_SATURATED_SHARE, "layers", 3),
        (core.ACTIVATION_NONFINITE, "layers", 4),
        (core.DEAD_UNITS, "layers", 5),
    ):
        found[signal] = _table(
            [(s, getattr(r.layout, part), getattr(r, part)[:, column]) for s, r in rows]
        )
    found[core.UPDATE_RATIO] = _table([(s, r.layout.variables, update_ratio(r)) for s, r in rows])
    found[core.BATCH_LABELS] = _table(
        [(s, tuple(map(str, range(r.layout.classes))), r.labels) for s, r in rows]
    )
    return {signal: value for signal, value in found.items() if len(value)}


def update_ratio(row: Row) -> NDArray[np.float64]:
    """Norm of each update over the norm of its variable; 0 for no update, inf for one of zeros."""
    before, update = row.variables[:, 4], row.variables[:, 5]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(update == 0, 0.0, update / before)


def _plain(rows: Sequence[tuple[int, Row]], values: Sequence[float]) -> core.Series:
    kept = [(s, v) for (s, _), v in zip(rows, values, strict=True) if not np.isnan(v)]
    return core.Series(
        np.array([s for s, _ in kept], np.int64), np.array([v for _, v in kept], np.float64)
    )


def _table(
    rows: Sequence[tuple[int, tuple[str, ...], NDArray[np.float64]]],
) -> core.Series:
    kept = [row for row in rows if row[1]]
    labels = tuple(dict.fromkeys(label for _, names, _ in kept for label in names))
    where = {label: i for i, label in enumerate(labels)}
    values = np.full((len(kept), len(labels)), np.nan)
    for i, (_, names, found) in enumerate(kept):
        values[i, [where[name] for name in names]] = found
    return core.Series(np.array([s for s, _, _ in kept], np.int64), values, labels)
