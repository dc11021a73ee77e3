"""Facts as tables: the set-up, the model, the data, the classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convalesce import core
from convalesce.report import words

LAYERS = 80
CLASSES = 40
CONFUSED = 20
CHANNELS = 6


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its head; `left_out` says how many rows stand for themselves elsewhere."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class: its examples and how many of them were answered right, each as (text, share)."""

    name: str
    cells: tuple[tuple[str, float | None], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a confusion matrix: count, share of its row, 0 … 8, and whether it is right."""

    count: int
    level: int
    right: bool


def setup(signals: core.Signals) -> Table | None:
    """What compile and fit were told."""
    if core.SETUP not in signals:
        return None
    told = signals[core.SETUP]
    rows = [("loss", "; ".join(_loss(one) for one in told.losses) or "none")]
    if told.optimizer is not None:
        rows += _optimizer(told.optimizer)
    rows += [
        ("metrics", ", ".join(told.metrics) or "none"),
        ("batch size", _maybe(told.batch_size)),
        ("epochs", words.number(told.epochs)),
        ("steps per epoch", _maybe(told.steps_per_epoch)),
        ("shuffle", _maybe(told.shuffle)),
        ("validation", _validation(told)),
        ("precision", told.precision),
    ]
    if told.class_weight:
        rows.append(("class weights", _settings({str(k): v for k, v in told.class_weight.items()})))
    rows += [("callback", f"{c.name} {_settings(c.settings)}".strip()) for c in told.callbacks]
    flags = {
        "jit_compile": told.jit_compile,
        "run_eagerly": told.run_eagerly,
        "custom train_step": told.custom_train_step,
        f"steps_per_execution={told.steps_per_execution}": told.steps_per_execution > 1,
        "sample weights": told.sample_weight,
    }
    if any(flags.values()):
        rows.append(("also", ", ".join(name for name, on in flags.items() if on)))
    if told.partial:
        rows.append(("seen in part", told.partial))
    return Table("Set-up", ("setting", "value"), tuple((a, words.plain(b)) for a, b in rows))


def _loss(loss: core.Loss) -> str:
    output = f" for {loss.output}" if loss.output else ""
    logits = "" if loss.from_logits is None else f" (from_logits={loss.from_logits})"
    return f"{loss.name}{logits}{output} {_settings(loss.settings)}".strip()


def _optimizer(one: core.Optimizer) -> list[tuple[str, str]]:
    rows = [
        ("optimizer", f"{one.name} {_settings(one.settings)}".strip()),
        ("learning rate", words.number(one.learning_rate)),
    ]
    if one.schedule is not None:
        rows.append(("schedule", f"{one.schedule.name} {_settings(one.schedule.settings)}".strip()))
    if one.momentum is not None:
        rows.append(("momentum", words.number(one.momentum)))
    if one.weight_decay:
        rows.append(("weight decay", words.number(one.weight_decay)))
    if one.clipping is not None:
        rows.append(("clipping", f"{one.clipping[0]} {words.number(one.clipping[1])}"))
    return rows


def _settings(values: Mapping[str, float | str]) -> str:
    return ", ".join(
        f"{k}={v if isinstance(v, str | bool) else words.number(v)}"
        for k, v in list(values.items())[:12]
    )


def _maybe(value: float | bool | None) -> str:  # noqa: FBT001 - a value to print, no switch
    if value is None:
        return "not known"
    return str(value) if isinstance(value, bool) else words.number(value)


def _validation(told: core.Setup) -> str:
    if told.validation == "split":
        return f"last {words.number(100 * told.validation_split)} % of the training data"
    return told.validation or "none"


def model(signals: core.Signals, most: int = LAYERS) -> Table | None:
    """The layers in the order of calls; the middle of a very long list is left out."""
    if core.MODEL not in signals:
        return None
    read = signals[core.MODEL]
    cut = len(read.layers) > most
    half = most // 2
    listed = [*read.layers[:half], *read.layers[-half:]] if cut else list(read.layers)
    title = (
        f"Model {words.plain(read.name, 60)}: {read.style}, {len(read.layers)} layers, "
        f"{read.parameters:,} parameters, {read.trainable_parameters:,} of them trainable"
    )
    return Table(
        title,
        ("layer", "kind", "output", "activation", "parameters", "learns"),
        tuple(_layer(layer) for layer in listed),
        len(read.layers) - len(listed),
    )


def _layer(layer: core.Layer) -> tuple[str, ...]:
    learns = "" if not layer.parameters else "yes" if layer.trainable_parameters else "no"
    return (
        words.plain(layer.name, 60),
        words.plain(layer.kind, 40),
        shape(layer.output_shape),
        words.plain(layer.activation or "", 40),
        f"{layer.parameters:,}" if layer.parameters else "",
        learns,
    )


def shape(dimensions: Sequence[int | None]) -> str:
    """`28×28×1`; `?` where a dimension varies."""
    return "×".join("?" if d is None else str(d) for d in dimensions)


def data(signals: core.Signals) -> list[Table]:
    """What the scans found, a table a split."""
    found = []
    for signal, name in ((core.TRAIN, "Training data"), (core.VALIDATION, "Validation data")):
        if signal not in signals:
            continue
        split = signals[signal]
        examples = "an unknown number of" if split.examples is None else f"{split.examples:,}"
        part = "" if split.whole else f", {split.scanned:,} of them scanned"
        title = f"{name}: {examples} examples{part}, from {split.source}"
        rows = [_inputs(one) for one in split.inputs] + [_targets(one) for one in split.targets]
        head = ("tensor", "shape", "type", "looks like", "range", "mean ± deviation", "lost")
        found.append(Table(title, head, tuple(rows)))
    return found


def _inputs(one: core.Inputs) -> tuple[str, ...]:
    low, high = min(one.minimum, default=math.nan), max(one.maximum, default=math.nan)
    spread = [
        f"{words.number(m)} ± {words.number(s)}"
        for m, s in zip(one.mean[:CHANNELS], one.std[:CHANNELS], strict=False)
    ]
    more = " …" if len(one.mean) > CHANNELS else ""
    return (
        words.plain(one.name, 60),
        shape(one.shape),
        words.plain(one.dtype, 20),
        one.kind,
        f"{words.number(low)} … {words.number(high)}",
        ", ".join(spread) + more,
        f"{one.nonfinite:,}",
    )


def _targets(one: core.Targets) -> tuple[str, ...]:
    classes = f", {one.classes} classes" if one.classes else ""
    return (
        words.plain(one.name, 60),
        shape(one.shape),
        words.plain(one.dtype, 20),
        f"{one.form.replace('_', ' ')}{classes}",
        f"{words.number(one.minimum)} … {words.number(one.maximum)}",
        f"{words.number(one.mean)} ± {words.number(one.std)}",
        f"{one.nonfinite:,}",
    )


def classes(signals: core.Signals) -> tuple[tuple[str, ...], tuple[ClassRow, ...], int]:
    """Counts and recall of each class: the heads, the rows, and how many rows are left out."""
    columns: list[tuple[str, tuple[float, ...], bool]] = []
    for signal, name in ((core.TRAIN, "training examples"), (core.VALIDATION, "validation")):
        if signal in signals and signals[signal].targets:
            columns.append((name, signals[signal].targets[0].counts, False))
    for answers, name in (
        (core.TRAIN_ANSWERS, "recall, training"),
        (core.VALIDATION_ANSWERS, "recall, validation"),
    ):
        if answers in signals:
            columns.append((name, signals[answers].recall, True))
    columns = [c for c in columns if len(c[1]) > 1]
    count = max((len(c[1]) for c in columns), default=0)
    if not any(c[1] for c in columns):
        return (), (), 0
    chosen = list(range(count))
    if count > CLASSES:  # the largest and the smallest tell most
        order = sorted(chosen, key=lambda i: -_at(columns[0][1], i))
        chosen = sorted(order[: CLASSES // 2] + order[-CLASSES // 2 :])
    rows = tuple(
        ClassRow(str(i), tuple(_class_cell(values, i, recall) for _, values, recall in columns))
        for i in chosen
    )
    return tuple(c[0] for c in columns), rows, count - len(rows)


def _at(values: Sequence[float], i: int) -> float:
    return values[i] if i < len(values) else 0.0


def _class_cell(
    values: Sequence[float],
    i: int,
    recall: bool,  # noqa: FBT001 - which kind of column it is
) -> tuple[str, float | None]:
    value = _at(values, i)
    if recall:
        if i >= len(values) or not math.isfinite(value):
            return "–", None
        return f"{100 * value:.0f} %", value
    largest = max(values, default=0)
    return f"{value:,.0f}", value / largest if largest else 0.0


def confusion(signals: core.Signals) -> tuple[str, tuple[tuple[Cell, ...], ...]]:
    """True class by answered class, of the validation split where there is one."""
    for signal, name in ((core.VALIDATION_ANSWERS, "validation"), (core.TRAIN_ANSWERS, "training")):
        matrix = signals[signal].confusion if signal in signals else ()
        if 1 < len(matrix) <= CONFUSED:
            return name, tuple(
                tuple(
                    Cell(n, min(8, round(8 * n / (sum(row) or 1))), i == j)
                    for j, n in enumerate(row)
                )
                for i, row in enumerate(matrix)
            )
    return "", ()
