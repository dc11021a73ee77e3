"""One training of an experiment, and what it showed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.lab import feed
from convalesce.lab.bars import make_bars
from convalesce.lab.callbacks import make_end, make_rates, needs_validation, scaled
from convalesce.lab.setting import Setting
from convalesce.observe.answers import read_answers
from convalesce.observe.kept import Rows
from convalesce.observe.options import Options
from convalesce.observe.sample import sample_arrays
from convalesce.observe.watch import Watch

ANSWERS_S = 3.0
EVALUATED = 128  # examples a batch of validation
DATA = (core.TRAIN, core.VALIDATION, core.ACROSS, core.FED)


def fitted(setting: Setting, arm: core.Arm, steps: int, seconds: float) -> core.Signals:
    """Train on batches that every arm of this seed sees, and ask for the answers.

    Raises:
        core.OutOfTime: The time was up first.
        core.BelowBar: It did not reach one of its bars.
    """
    each = setting.steps_per_epoch
    epochs = math.ceil(steps / each)
    end = make_end(steps, seconds)
    bars = make_bars(arm.bars, steps, lambda: answers(setting))
    callbacks, rates = scaled(setting.callbacks, setting.rate), make_rates()
    follows = needs_validation(callbacks) and setting.validation is not None
    history = setting.model.fit(
        feed.batches(setting.train, epochs * each, arm.seed, setting.class_weight),
        epochs=epochs,
        steps_per_epoch=each,
        verbose=0,
        callbacks=[rates, *callbacks, bars, end],
        validation_data=_given(setting.validation) if follows else None,
        validation_batch_size=EVALUATED if follows else None,
    )
    if bars.below:
        raise core.BelowBar(tuple(bars.reached))
    _in_time(end, steps, seconds)
    curves = {k: tuple(float(v) for v in values) for k, values in history.history.items()}
    reached = tuple(bars.reached)
    made = core.History(
        metrics=curves,
        learning_rate=tuple(rates.noted),
        planned=epochs,
        steps=end.made,
        reached=reached,
    )
    return core.Signals({core.HISTORY: made, **answers(setting)})


def watched(
    setting: Setting, arm: core.Arm, steps: int, seconds: float, site: core.Site | None
) -> core.Signals:
    """Train as the user's script does, under the whole monitor: a record to be diagnosed anew.

    Raises:
        core.OutOfTime: The time was up first.
    """
    rows, each = setting.train, setting.steps_per_epoch
    epochs = math.ceil(steps / each)
    end = make_end(steps, seconds)
    arguments: dict[str, Any] = {
        "x": rows.x,
        "y": rows.y,
        "sample_weight": rows.weight,
        "batch_size": rows.batch,
        "epochs": epochs,
        "verbose": 0,
        "shuffle": rows.shuffled,
        "class_weight": dict(setting.class_weight) if setting.class_weight else None,
        "steps_per_epoch": rows.steps,
        "validation_data": _given(setting.validation),
        "callbacks": list(scaled(setting.callbacks, setting.rate)),
    }
    same = setting.train is setting.judged  # what was recorded of the data holds, see `changed`
    watch = Watch(Options(reads_data=not same), setting.model, arguments, site, index=0)
    given = watch.begin()
    # What was read are the arrays; what is fed are the batches that every arm of this seed sees.
    fed = feed.batches(rows, epochs * each, arm.seed, setting.class_weight)
    given |= {"x": fed, "y": None, "sample_weight": None, "class_weight": None}
    given |= {"batch_size": None, "steps_per_epoch": each}
    try:
        setting.model.fit(**{**given, "callbacks": [*given["callbacks"], end]})
    finally:
        fit = watch.end("")
    _in_time(end, steps, seconds)
    recorded = dict(fit.signals.recorded)
    if same:
        recorded.update({s: v for s, v in setting.original.recorded.items() if s in DATA})
        recorded.update(answers(setting))
    if arm.steps is not None and core.HISTORY in recorded:
        recorded[core.HISTORY] = replace(recorded[core.HISTORY], stopped="cut by check")
    return core.Signals(recorded)


def answers(setting: Setting) -> dict[core.Signal[Any], Any]:
    """What the model answers on both splits."""
    found: dict[core.Signal[Any], Any] = {}
    for signal, role, rows in (
        (core.TRAIN_ANSWERS, "train", setting.judged),
        (core.VALIDATION_ANSWERS, "validation", setting.validation),
    ):
        if rows is None or rows.x is None or not setting.form:
            continue
        batches = sample_arrays(rows.x, rows.y)
        answered = read_answers(
            setting.model,
            batches,
            role="train" if role == "train" else "validation",
            form=setting.form,
            seconds=ANSWERS_S,
        )
        if answered is not None:
            found[signal] = answered
    return found


def _given(rows: Rows | None) -> Any:
    if rows is None:
        return None
    return (rows.x, rows.y) if rows.weight is None else (rows.x, rows.y, rows.weight)


def _in_time(end: Any, steps: int, seconds: float) -> None:
    if end.late:
        raise core.OutOfTime(f"{end.made} of {steps} updates in {seconds:.0f} s")
