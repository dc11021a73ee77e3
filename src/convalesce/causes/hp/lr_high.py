"""Learning rate too high.

Every update overshoots the valley that it descends, so the loss bounces, climbs or ends as NaN.

## Symptom
Updates of a tenth of the weights and more, and a loss that jumps above its start, ends at that of a
constant answer, or is not finite. Milder: the loss falls, but swings widely on its way and
ends above what a smaller rate reaches. With BatchNormalization the batches may be answered well and
the model in use badly: weights move on faster than the moving averages follow.

## Why it happens
Along a direction of curvature $h$, gradient descent contracts only for rates below $2/h$. Past
that the error changes sign and grows at every step. One violent step can kill every ReLU
behind it, so that a rate far too high may end in silence: one constant answer and no gradient.

## How it is confirmed
One snapshot, the same batches, 100 steps at a tenth of the rate: the loss must end lower.
Unscaled inputs, a bad initial scale and exploding recurrent gradients overshoot as well; they
answer to their own remedies and are tried beside it.

## Remedy
The rate that a confirmed range test finds; the optimizer's published default as a first guess.
If the first steps alone are violent, a warm-up.

## Sources
- LeCun, Bottou, Orr and Müller, *Efficient BackProp*, 1998, sections 4.7 and 5.1.
- Smith, *Cyclical Learning Rates for Training Neural Networks*, WACV 2017.
- Karpathy, *CS231n: Convolutional Neural Networks for Visual Recognition*, notes on babysitting the
  learning process: an update of about 1e-3 of the weights.
"""

from __future__ import annotations

import math

import numpy as np

from convalesce import core
from convalesce.core import (
    HISTORY,
    LOSS,
    SETUP,
    TRAIN_ANSWERS,
    UPDATE_RATIO,
    WEIGHT_NORM,
)
from convalesce.readings import curves
from convalesce.readings.rates import default_rate

VIOLENT = core.Limit(
    0.1,
    unit="1",
    source="a hundred times the 1e-3 of the CS231n notes: one step redoes a tenth of the weights",
)
JUMP = core.Limit(
    2.0, unit="1", source="twice the loss that training began at: updates undo what is known"
)
RESTLESS = core.Limit(
    1e-2, unit="1", source="ten times the 1e-3 of the CS231n notes, still at the end of training"
)
SWING = core.Limit(
    0.5, unit="1", source="the loss rose again by half of what it fell, averaged over blocks"
)
LAG = core.Limit(
    0.2, unit="1", source="moving averages of Keras span 100 updates: weights have left them behind"
)
FEW = 16  # examples a batch, below which statistics of batches differ by themselves
UNLEARNED, LEARNED = 0.05, 0.9  # of what chance leaves open
ORDER = 10.0  # times the default rate: an order, with large updates to say the same
WINDOW = 64  # examples that a loss is averaged over, so that one odd example is no jump


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Violent updates with a loss that jumps, stalls or is not finite; or restless ones.

    Args:
        signals: `LOSS`, shape `(time,)`, and `UPDATE_RATIO`, shape `(time, variable)`.
    """
    loss, ratios = signals[LOSS].values, curves.of_kernels(signals[UPDATE_RATIO])
    setup, progress = signals.get(SETUP), curves.progress(signals)
    known, steps = (
        curves.finite(_against_start(ratios, signals.get(WEIGHT_NORM))),
        curves.finite(loss),
    )
    if not len(known) or not len(steps):
        return None
    broken = len(steps) < loss.size
    largest = float(known.max())
    jump = _jump(steps, progress, setup)
    late = float(np.median(known[-max(1, len(known) // 3) :]))
    swing = curves.oscillation(curves.blocks(steps, 20))
    violent, jumped = largest > VIOLENT.value, jump > JUMP.value
    unlearned = progress.skill < UNLEARNED
    times = _times_default(setup)
    daring = (times or 0.0) >= ORDER and largest > RESTLESS.value
    restless = late > RESTLESS.value and swing > SWING.value and not progress.skill > LEARNED
    shown, lag = _behind(signals.get(HISTORY), signals.get(TRAIN_ANSWERS), setup)
    lags = lag > LAG.value and (violent or daring)
    readings = {
        "jump": core.Reading(LOSS, jump, JUMP, "highest loss over the one at the start"),
        "violent": core.Reading(UPDATE_RATIO, largest, VIOLENT, "largest update over its weight"),
        "restless": core.Reading(UPDATE_RATIO, late, RESTLESS, "update over weight at the end"),
        "swing": core.Reading(LOSS, swing, SWING, "rises of the loss over its range"),
        "lag": core.Reading(TRAIN_ANSWERS, lag, LAG, "accuracy of batches beyond that in use"),
    }
    if broken and (violent or jumped):
        says, keys = "the loss is not finite", ("violent", "jump")
    elif unlearned and (violent or jumped or daring):
        says, keys = "nothing was learned", ("violent", "jump")
    elif violent and jumped:
        says, keys = "the loss jumped on its way", ("jump", "violent")
    elif lags:
        says, keys = (
            "batches are answered by their own statistics and not in use",
            ("lag", "violent"),
        )
    elif restless:
        says, keys = "the loss swings to the end", ("restless", "swing")
    else:
        return None
    serious = broken or (unlearned and (violent or daring)) or (lags and lag > shown / 2)
    return core.Evidence(
        readings=tuple(readings[key] for key in keys),
        says=f"{says}: updates of up to {largest:.2g} of the weights a step, loss up to "
        f"{jump:.3g} times its start" + (f", rate {times:.3g} times the default" if times else ""),
        strength=_strength(times, both=violent and jumped, serious=serious),
        severity=core.Severity.ERROR if serious else core.Severity.WARNING,
        changes=(core.ScaleLearningRate(_factor(largest, times)),),
    )


def _behind(
    history: core.History | None, answers: core.Predictions | None, setup: core.Setup | None
) -> tuple[float, float]:
    """Accuracy of the last epoch's batches, and by how much the model falls short of it in use.

    Both nan where not known, or where batches are too small for their statistics.
    """
    fed = history.curve("accuracy")[-1:] if history is not None else ()
    small = setup is None or not (setup.batch_size or 0) >= FEW
    if not fed or answers is None or small:
        return math.nan, math.nan
    return fed[0], fed[0] - answers.accuracy


def _factor(largest: float, times: float | None) -> float:
    """What brings the rate to its default, or its updates below the violent, one digit."""
    wanted = 1 / times if times is not None and times > 3 else RESTLESS.value / max(largest, 0.03)
    return float(f"{min(0.3, max(1e-3, wanted)):.1g}")


def _against_start(ratios: curves.Floats, norms: core.Series | None) -> curves.Floats:
    """Updates over the initial weights, where these have shrunk: that is not the rate's doing."""
    weights = curves.of_kernels(norms) if norms is not None else np.empty(0)
    if len(weights) != len(ratios) or not len(weights):
        return ratios
    with np.errstate(all="ignore"):
        return np.asarray(ratios * np.fmin(weights / weights[0], 1.0), np.float64)


def _jump(steps: curves.Floats, progress: curves.Progress, setup: core.Setup | None) -> float:
    """Highest loss, averaged over some examples, over that of the start or of chance."""
    size = setup.batch_size if setup is not None and setup.batch_size else WINDOW
    width = max(1, min(math.ceil(WINDOW / max(size, 1)), len(steps) // 4))
    with np.errstate(all="ignore"):
        sums = np.cumsum(np.concatenate([[0.0], steps]))
        means = curves.finite((sums[width:] - sums[:-width]) / width)
        if not len(means):
            return math.inf
        level = max(float(curves.finite([steps[0], progress.start, progress.chance]).max()), 0.0)
        jump = float(means.max() / level) if level > 0 else 1.0
    return jump if math.isfinite(jump) else math.inf


def _times_default(setup: core.Setup | None) -> float | None:
    """The rate over the optimizer's default in Keras."""
    optimizer = setup.optimizer if setup is not None else None
    if optimizer is None or not math.isfinite(optimizer.learning_rate):
        return None
    return optimizer.learning_rate / default_rate(optimizer.name)


def _strength(times: float | None, *, both: bool, serious: bool) -> float:
    orders = math.log10(times) if times is not None and times > 0 else 0.0
    likely = 0.15 * min(orders, 2.0) if orders > 0 else -0.2 * (times is not None)
    return min(0.9, 0.35 + 0.15 * both + 0.15 * serious + likely)


def probe(evidence: core.Evidence) -> core.Trial:
    """At a rate whose updates are of a healthy size it must learn more.

    What learned something at this rate may do so faster at first: a whole training tells.
    """
    lags = evidence.readings[0].limit is LAG
    serious = evidence.severity is core.Severity.ERROR
    milder = [core.ScaleLearningRate(f) for f in ((0.1, 0.01) if serious else (0.3, 0.1))]
    # A little too high is likelier where something was learned.
    place = 0 if serious or lags else 1
    asked = dict.fromkeys([*milder[:place], *evidence.changes[:1], *milder[place:]])
    first, *otherwise = asked
    return core.Trial(
        first,
        predict=core.LEARNS,
        steps=200 if serious and not lags else None,
        otherwise=tuple(otherwise),
    )


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """The measured rate first; else what brings updates down; a warm-up for a rough start."""
    return [core.FindLearningRate(), *evidence.changes, core.WarmUp(steps=500)]


def _record(
    losses: list[float], ratio: float, learned: float, batches: float = math.nan
) -> core.Signals:
    sgd = core.Optimizer(name="SGD", learning_rate=0.1, momentum=0.9)
    course = {} if math.isnan(batches) else {"accuracy": (batches,)}
    return core.record(
        {
            LOSS: losses,
            UPDATE_RATIO: {"dense/kernel": [ratio] * len(losses)},
            SETUP: core.Setup(losses=(), optimizer=sgd, batch_size=64),
            HISTORY: core.History(metrics=course),
            TRAIN_ANSWERS: core.Predictions(
                role="train", examples=9, loss=1 - learned, baseline_loss=1.0, accuracy=learned
            ),
        }
    )


CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(LOSS, UPDATE_RATIO),
    wants=(WEIGHT_NORM, *(s for s in curves.PROGRESS if s is not LOSS)),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.SHARPNESS, core.Instrument.ALONG_UPDATE),
    mimics=(
        "data.unnormalized",
        "data.nonfinite",
        "arch.exploding_gradient",
        "arch.initialization",
        "arch.dead_units",
        "hp.optimizer",
        "hp.batch_small",
        "reg.too_strong",
    ),
    sick=(
        _record([2.3, 40.0, math.nan], 0.4, math.nan),
        _record([2.3, 30.0, *[2.3] * 20], 0.4, 0.0),
        _record([2.3, 1.2, 2.0, 1.1, 1.9, 1.0] * 5, 0.03, 0.5),
        _record([2.3 * 0.9**i for i in range(30)], 0.12, 0.3, batches=0.65),
    ),
    healthy=(
        _record([2.3 * 0.9**i for i in range(30)], 1e-3, 0.9),
        _record([2.3 * 0.9**i for i in range(30)], 0.12, 0.6, batches=0.65),
        _record([2.3] * 30, 1e-7, 0.0),  # hp.lr_low
    ),
)
