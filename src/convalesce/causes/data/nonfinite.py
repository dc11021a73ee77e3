"""NaN or infinite values in inputs or targets.

One value that is no number is enough: it passes through the loss into every weight.

## Symptom
The loss is NaN from the first steps. Or it stays finite and does not move: ReLU and
max-pooling on the CPU turn NaN into a number on the way up, while the gradient carries it into the
kernels. In the validation split alone, `val_loss` is NaN, and what watches it (EarlyStopping,
ModelCheckpoint) never acts.

## Why it happens
Missing readings stored as NaN, a logarithm or a division of zero, an overflow of a small type.
The gradient of a sum over the batch is NaN as soon as one term is, and one such update
makes the weights NaN for good.

## How it is confirmed
By facts: the scan counts the values that are not finite and names their rows; where the data could
not be read, the monitor counts them in the batches. As an experiment, the same steps without
these rows must end with a finite, lower loss. Where weights and gradients stayed finite over a
whole epoch, something keeps these values out (a mask, an imputing layer): then it is a note.

## Remedy
Drop the rows, or impute them with figures from the training split. For a logarithm use
`log1p`.

## Sources
- Zhang, Zhai, Ma and Shen, *AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
  System*, ICSE 2021.
"""

from __future__ import annotations

import numpy as np

from convalesce import core
from convalesce.core import (
    FED,
    GRADIENT_NONFINITE,
    HISTORY,
    INPUT_NONFINITE,
    ORIGIN,
    TRAIN,
    VALIDATION,
    WEIGHT_NORM,
)
from convalesce.readings import specimen

NONE = core.Limit(0, unit="values", source="a single NaN makes every weight that it reaches NaN")


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Any value, in the data or in a batch, that is not finite.

    Args:
        signals: `TRAIN`, `FED`, `INPUT_NONFINITE`, `ORIGIN`, `VALIDATION`; `HISTORY`,
            `GRADIENT_NONFINITE` and `WEIGHT_NORM` tell whether it ever reached a weight.
    """
    kept_out = _kept_out(signals)
    harm = core.Severity.NOTE if kept_out else core.Severity.ERROR
    batches, origin = signals.get(INPUT_NONFINITE), signals.get(ORIGIN)
    found = (
        _scanned(TRAIN, signals.get(TRAIN), "training", harm)
        or _scanned(FED, signals.get(FED), "fed", harm)
        or (_counted(batches, harm) if batches is not None else None)
        or (_traced(origin) if origin is not None else None)
    )
    validation = signals.get(VALIDATION)
    return found or _scanned(VALIDATION, validation, "validation", core.Severity.WARNING)


def _scanned(
    signal: core.Signal[core.Split],
    split: core.Split | None,
    which: str,
    severity: core.Severity,
) -> core.Evidence | None:
    """From the scan of a split."""
    if split is None:
        return None
    parts = [("inputs", p.nonfinite, p.nonfinite_examples) for p in split.inputs]
    parts += [("targets", p.nonfinite, p.nonfinite_examples) for p in split.targets]
    count = sum(number for _, number, _ in parts)
    if count <= NONE.value:
        return None
    where, _, rows = max(parts, key=lambda part: part[1])
    first = f", first in row {rows[0]}" if rows else ""
    rest = "; none has reached a weight" if severity is core.Severity.NOTE else ""
    return _evidence(
        core.Reading(signal, count, NONE, f"NaN or infinite values in {which} {where}"),
        f"{count} NaN or infinite values in the {which} {where}{first}{rest}",
        severity,
        rows if signal is TRAIN else (),
    )


def _counted(batches: core.Series, severity: core.Severity) -> core.Evidence | None:
    """From the batches that the monitor saw."""
    if not len(batches):
        return None
    values = np.where(np.isfinite(batches.values), batches.values, 0)
    per_step = values.reshape(len(batches), -1).max(axis=1, initial=0)
    if not (per_step > NONE.value).any():
        return None
    step = int(batches.steps[np.argmax(per_step > NONE.value)])
    worst = float(per_step.max())
    return _evidence(
        core.Reading(INPUT_NONFINITE, worst, NONE, "NaN or infinite inputs of one batch"),
        f"The batch of step {step} reached the model with NaN or infinite inputs "
        f"(up to {worst:.0f} a batch)",
        severity,
    )


def _traced(origin: core.Origin) -> core.Evidence | None:
    """From the step at which training turned non-finite."""
    if origin.first not in {"input", "target"}:
        return None
    return _evidence(
        core.Reading(ORIGIN, 1, NONE, f"{origin.first} of the first step that was not finite"),
        f"The first thing that was not finite was the {origin.first} `{origin.name}`, at step "
        f"{origin.step} (epoch {origin.epoch + 1}, batch {origin.batch})",
        core.Severity.ERROR,
    )


def _kept_out(signals: core.Signals) -> bool:
    """A whole epoch went by, and no gradient and no weight was ever touched."""
    history, gradients = signals.get(HISTORY), signals.get(GRADIENT_NONFINITE)
    weights = signals.get(WEIGHT_NORM)
    if history is None or history.epochs < 1 or history.stopped == "cut by check":
        return False
    if gradients is None or weights is None or not len(gradients) or not len(weights):
        return False
    return bool(np.all(gradients.values == 0) and np.isfinite(weights.values[-1]).all())


def _evidence(
    reading: core.Reading, says: str, severity: core.Severity, rows: tuple[int, ...] = ()
) -> core.Evidence:
    return core.Evidence(
        readings=(reading,), says=says, strength=1.0, stated=True, severity=severity, rows=rows
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Without these rows the loss must be finite and fall."""
    return core.Trial(core.DropNonfinite(), predict=core.LEARNS)


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Leave the rows out."""
    return [core.DropNonfinite()]


_SOUND = specimen.split(specimen.targets((50, 50)))
_HOLED = specimen.split(
    specimen.targets((50, 50)),
    specimen.inputs(nonfinite=3, nonfinite_examples=(7,), nonfinite_rows=1),
)
_BATCHES = {INPUT_NONFINITE: {"input_0": [0.0, 0.0, 4.0]}}
_TRACED = core.Origin(step=12, first="target", name="target_0")

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(),
    wants=(
        TRAIN,
        FED,
        INPUT_NONFINITE,
        ORIGIN,
        VALIDATION,
        HISTORY,
        GRADIENT_NONFINITE,
        WEIGHT_NORM,
    ),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("hp.lr_high", "arch.exploding_gradient", "data.unnormalized"),
    sick=(
        core.record({TRAIN: _HOLED}),
        core.record({TRAIN: _SOUND, VALIDATION: _HOLED}),
        core.record(_BATCHES),
        core.record({TRAIN: _SOUND, ORIGIN: _TRACED}),
    ),
    healthy=(core.record({TRAIN: _SOUND, VALIDATION: _SOUND}),),
)
