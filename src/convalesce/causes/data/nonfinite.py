"""NaN or infinite values in inputs or targets.

One value that is no number is enough: it passes through the loss into every weight.

## Symptom
The loss is NaN from the first steps. Or it stays finite and does not move: ReLU and
max-pooling on the CPU turn NaN into a number on the way up, while the gradient carries it into the
kernels.

## Why it happens
Missing readings stored as NaN, a logarithm or a division of zero, an overflow of a small type.
The gradient of a sum over the batch is NaN as soon as one term is, and one such update
makes the weights NaN for good.

## How it is confirmed
By facts: the scan counts the values that are not finite and names their rows. As an experiment,
the same steps without these rows must end with a finite, lower loss.

## Remedy
Drop the rows, or impute them with figures from the training split. For a logarithm use
`log1p`.

## Sources
- Zhang, Zhai, Ma and Shen, *AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
  System*, ICSE 2021.
"""

from __future__ import annotations

from convalesce import core
from convalesce.core import LOSS, TRAIN

NONE = core.Limit(0, unit="values", source="a single NaN makes every weight that it reaches NaN")


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Any value in the training split that is not finite.

    Args:
        signals: `TRAIN`.
    """
    train = signals[TRAIN]
    parts = [("inputs", p) for p in train.inputs] + [("targets", p) for p in train.targets]
    count = sum(part.nonfinite for _, part in parts)
    if count <= NONE.value:
        return None
    where, worst = max(parts, key=lambda named: named[1].nonfinite)
    rows = worst.nonfinite_examples
    return core.Evidence(
        readings=(core.Reading(TRAIN, count, NONE, "NaN or infinite values"),),
        says=f"{count} NaN or infinite values in the training {where}, first in row "
        f"{rows[0] if rows else '?'}",
        strength=1.0,
        stated=True,
        severity=core.Severity.ERROR,
        rows=rows,
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Without these rows the loss must be finite and fall."""
    return core.Trial(core.DropNonfinite(), predict=core.Falls(LOSS))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Leave the rows out."""
    return [core.DropNonfinite()]


def _split(nonfinite: int) -> core.Split:
    return core.Split(
        role="train",
        source="arrays",
        examples=100,
        scanned=100,
        whole=True,
        inputs=(
            core.Inputs(
                name="x",
                shape=(3,),
                dtype="float32",
                kind="tabular",
                minimum=(0.0,) * 3,
                maximum=(1.0,) * 3,
                mean=(0.5,) * 3,
                std=(0.3,) * 3,
                nonfinite=nonfinite,
                nonfinite_examples=(7,) if nonfinite else (),
                nonfinite_rows=min(nonfinite, 1),
            ),
        ),
        targets=(),
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(TRAIN,),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    mimics=("hp.lr_high", "arch.exploding_gradient", "data.unnormalized"),
    sick=(core.record({TRAIN: _split(1)}),),
    healthy=(core.record({TRAIN: _split(0)}),),
)
