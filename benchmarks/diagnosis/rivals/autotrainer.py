"""AUTOTRAINER: five training problems, looked for every third epoch; the first one found ends it.

Zhang, Zhai, Ma and Shen, *AUTOTRAINER: An Automatic DNN Training Problem Detection and Repair
System*, ICSE 2021. The rules and their numbers are those of the artefact, github.com/shiningrain/
AUTOTRAINER: `AutoTrainer/utils/monitor.py` (`gradient_issue`, `loss_issue`, `ol_judge`,
`IssueMonitor.determine`) and `AutoTrainer/utils/utils.py` (`default_param`, `model_train`).

Approximated here: gradients are those of the last monitored step of an epoch, not of the first
batch at its end; the share of zero gradients is over kernels (sizes of other variables are not
recorded); where there is no validation, training's curves stand in. Accuracy is needed for all but
NaN, as there: a script without it hears only of NaN. Its large-weight and overfitting counters are
left out: the artefact computes them and decides nothing by them.
"""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import looks
from convalesce import core

DEFAULTS = "utils.py, default_param"
BETA_1 = core.Limit(1e-3, "1", f"{DEFAULTS}: gradient of the first kernel over the last's")
BETA_2 = core.Limit(1e-4, "1", f"{DEFAULTS}: gradient norm of the first kernel")
BETA_3 = core.Limit(70, "1", f"{DEFAULTS}: gradient of the first kernel over the last's")
GAMMA = core.Limit(0.7, "1", f"{DEFAULTS}: share of gradient entries that are zero")
ZETA = core.Limit(0.03, "1", f"{DEFAULTS}: swing of accuracy, a maximum over its minimum")
ETA = core.Limit(0.2, "1", f"{DEFAULTS}: such swings an epoch")
DELTA = core.Limit(0.01, "1", f"{DEFAULTS}: largest gain of accuracy between two epochs")
THETA = core.Limit(0.7, "1", f"{DEFAULTS}: accuracy that training should reach")
HUGE = core.Limit(1e5, "nat", "monitor.py, loss_issue: validation loss that counts as NaN")
BEGIN = core.Limit(0.3, "1", "monitor.py, loss_issue, judgment_point: share of the epochs")
EVERY = core.Limit(3, "epochs", "utils.py, model_train, checktype")

# A problem is taken to name the cause of its own name and those that its repairs would mend
# (`repair.py`, `repair_strategy`).
MEANS = {
    "gradient explode": ("arch.exploding_gradient", "arch.initialization", "hp.lr_high"),
    "gradient vanish": ("arch.vanishing_gradient", "arch.initialization", "arch.too_deep"),
    "dying relu": ("arch.dead_units", "arch.initialization"),
    "oscillating loss": ("hp.lr_high", "hp.batch_small", "hp.optimizer", "hp.lr_schedule"),
    "slow convergence": ("hp.lr_low", "hp.optimizer"),
}


def say(signals: core.Signals) -> tuple[Claim, ...]:
    """The problem found first; nothing where there is none."""
    found = _first(signals)
    return () if found is None else (Claim(MEANS[found], found),)


def _first(signals: core.Signals) -> str | None:
    accuracy = looks.curve(signals, *looks.ACCURACIES)
    unseen = looks.curve(signals, *looks.ACCURACIES, validation=True)
    unseen = unseen if len(unseen) else accuracy
    loss = looks.curve(signals, "loss")
    unseen_loss = looks.curve(signals, "loss", validation=True)
    ran = len(loss)
    history = looks.seen(signals, core.HISTORY)
    planned = history.planned or ran if history is not None else ran
    gradients: set[str] = set()
    short = slow = swings = False
    for epoch in range(0, ran, int(EVERY.value)):
        until = epoch + 1
        losses = np.concatenate([loss[:until], unseen_loss[:until]])
        if _broken(signals, epoch, losses, unseen_loss[:until]):
            return "gradient explode"
        gradients |= _gradients(signals, epoch)
        if until >= BEGIN.value * planned and len(accuracy) >= until:
            pair = accuracy[:until], unseen[:until]
            short |= min(max(values, default=0.0) for values in pair) < THETA.value
            slow |= max(_largest_gain(values) for values in pair) < DELTA.value
            swings |= _swings(accuracy[:until])
        if short or slow:
            for problem in ("dying relu", "gradient explode", "gradient vanish"):
                if problem in gradients:
                    return problem
            if slow:
                return "slow convergence"
        elif swings:
            return "oscillating loss"
    return None


def _broken(
    signals: core.Signals, epoch: int, losses: looks.Floats, unseen_loss: looks.Floats
) -> bool:
    """NaN or infinity in a loss, a gradient or a weight, or a huge loss."""
    if looks.any_nonfinite(losses) or (len(unseen_loss) and unseen_loss[-1] >= HUGE.value):
        return True
    series = looks.seen(signals, core.GRADIENT_NONFINITE)
    weights = looks.seen(signals, core.WEIGHT_NORM)
    if series is not None:
        at = looks.at_epoch_ends(signals, series)[epoch]
        if at is not None and (np.nan_to_num(series.values[at]) > 0).any():
            return True
    if weights is None:
        return False
    at = looks.at_epoch_ends(signals, weights)[epoch]
    return at is not None and looks.any_nonfinite(*_column_values(weights, at))


def _column_values(series: core.Series, at: int) -> list[float]:
    """Values at one look, without the columns that were never recorded."""
    known = ~np.isnan(series.values).all(axis=0)
    return [float(v) for v in series.values[at][known]]


def _gradients(signals: core.Signals, epoch: int) -> set[str]:
    """Problems that the gradients show at the end of an epoch."""
    series = looks.seen(signals, core.GRADIENT_NORM)
    at = looks.at_epoch_ends(signals, series)[epoch] if series is not None else None
    norms = [column[at] for column in looks.kernels(signals, core.GRADIENT_NORM).values()]
    found: set[str] = set()
    if at is None or len(norms) < 2:
        return found
    with np.errstate(all="ignore"):
        ratio = np.float64(norms[0]) / np.float64(norms[-1])
    if ratio < BETA_1.value and norms[0] < BETA_2.value:
        found.add("gradient vanish")
    if ratio > BETA_3.value:
        found.add("gradient explode")
    zeros, sizes = looks.kernels(signals, core.GRADIENT_ZERO_SHARE), looks.sizes(signals)
    total = sum(sizes[name] for name in zeros)
    if total and sum(zeros[n][at] * sizes[n] for n in zeros) / total >= GAMMA.value:
        found.add("dying relu")
    return found


def _largest_gain(values: looks.Floats) -> float:
    return float(np.diff(values).max(initial=0.0))


def _swings(accuracy: looks.Floats) -> bool:
    """Maxima lie well above the minima of the same number, often enough."""
    middle, before, after = accuracy[1:-1], accuracy[:-2], accuracy[2:]
    high = middle[(middle >= before) & (middle >= after)]
    low = middle[(middle <= before) & (middle <= after)]
    pairs = min(len(high), len(low))
    count = int((high[:pairs] - low[:pairs] >= ZETA.value).sum())
    return count > 0 and count >= ETA.value * len(accuracy)
