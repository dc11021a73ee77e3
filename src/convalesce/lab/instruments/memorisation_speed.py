"""Are labels wrong, and which? By how late each example is learned, and by held-out predictions.

The model trains on for some epochs while every example is asked for its loss after each; a mixture
of what was learned early and what was not gives the share of wrong labels
(`convalesce.readings.memorisation`). A second estimate comes from trainings that leave each part of
the examples out in turn (`convalesce.readings.confident_learning`). Neither tells a wrong label
from one that is right and rare; they are asked to agree.

Sources: D. Arpit et al., 2017, ICML; M. Toneva et al., 2019, ICLR; E. Arazo et al., 2019, ICML;
C. Northcutt et al., 2021, JAIR 70; titles stand in the two readings.
"""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.loss import Floats, each_answer, full_batches, quiet, some, taken, trained
from convalesce.lab.untouched import restart, untouched
from convalesce.observe.kept import Rows
from convalesce.readings.confident_learning import confident_share
from convalesce.readings.memorisation import first_learnt, forgetting_events, noisy_share

EPOCHS, FOLDS = 10, 3


def memorisation_speed(
    model: Any, rows: Rows, *, epochs: int = EPOCHS, folds: int = FOLDS, seed: int = 0
) -> core.MemorisationSpeed:
    """Share of wrong labels among these examples, and the rows that look wrong.

    Answers are taken without dropout and with batch statistics of BatchNormalization. Cost: 1.3
    times `epochs` epochs, and for `folds` folds (folds − 1) times `epochs` epochs more.

    Args:
        model: A classifier of one output, compiled and built, with the weights to start from.
        rows: Examples with their labels, as they stand; at least two batches.
        epochs: To watch.
        folds: Parts that are left out in turn; 0 for no second estimate.
        seed: Of the order of examples, of the parts and of all that layers draw.

    Raises:
        core.CannotChange: It is no classifier of one output, or the examples are too few.
    """
    if rows.count < 2 * rows.batch:
        raise core.CannotChange(
            f"{rows.count} examples in batches of {rows.batch} are too few to watch them learned"
        )
    with untouched(model) as state, quiet(model, "batch"):
        answered = each_answer(model)
        every = np.arange(rows.count)
        first = _asked(answered, rows, every, seed)[1]
        labels = labels_of(rows.y, first)
        logits = _logits(model)
        restart(model, state, seed)
        losses, right, doubt = [], [], []
        for epoch in range(epochs):
            _train(model, rows, every, 1, seed + epoch)
            loss, answers = _asked(answered, rows, every, seed + epoch)
            probabilities = probabilities_of(answers, logits=logits)
            losses.append(loss)
            right.append(probabilities.argmax(1) == labels)
            doubt.append(1 - probabilities[every, labels])
        held = np.full((rows.count, probabilities.shape[1]), np.nan)
        for part in _parts(labels, folds, seed):
            restart(model, state, seed)
            _train(model, rows, np.setdiff1d(every, part), epochs, seed)
            answers = _asked(answered, rows, part, seed)[1]
            held[part] = probabilities_of(answers, logits=logits)
    figure, suspects = noisy_share(np.mean(doubt, 0), seed)
    second = None
    if folds > 1:
        second, others = confident_share(labels, held, seed)
        suspects = suspects[np.isin(suspects, others)]
    flags = np.array(right)
    return core.MemorisationSpeed(
        figure=figure,
        by_confidence=second,
        suspects=tuple(int(r) for r in suspects),
        areas=tuple(float(v) for v in np.mean(losses, 0)),
        learnt=tuple(int(v) for v in first_learnt(flags)),
        forgotten=tuple(int(v) for v in forgetting_events(flags)),
        epochs=epochs,
        says=_says(figure, second, len(suspects)),
    )


def labels_of(y: Any, answers: Floats) -> NDArray[np.int64]:
    """Class number of each example.

    Raises:
        core.CannotChange: Targets and answers are not those of a classifier.
    """
    truth = np.asarray(y) if not isinstance(y, dict | list | tuple) else np.zeros(0)
    units = answers.shape[1] if answers.ndim == 2 else 0
    flat = truth.reshape(len(truth), -1) if truth.size else np.zeros((0, 0))
    if units > 1 and flat.shape[1] == units and (flat.sum(1) > 0).all():
        return np.asarray(flat.argmax(1), np.int64)
    labels = flat[:, 0] if flat.shape[1] == 1 else np.zeros(0)
    whole = bool(labels.size) and bool((labels == np.floor(labels)).all())
    if whole and labels.min() >= 0 and labels.max() < max(units, 2) and units >= 1:
        return labels.astype(np.int64)
    raise core.CannotChange(
        f"wrong labels are asked of a classifier of one output; its targets are of shape "
        f"{truth.shape} and its answers of {answers.shape}"
    )


def probabilities_of(answers: Floats, *, logits: bool = False) -> Floats:
    """Of each class, shape `(examples, classes)`; one unit makes two classes."""
    single = answers.shape[1] == 1
    with np.errstate(over="ignore"):
        if single:
            sure = logits or answers.min() < 0 or answers.max() > 1
            one = 1 / (1 + np.exp(-answers)) if sure else answers
            return np.concatenate([1 - one, one], 1)
        if logits or answers.min() < 0:
            answers = np.exp(answers - answers.max(1, keepdims=True))
    return np.asarray(answers / np.maximum(answers.sum(1, keepdims=True), 1e-12))


def _logits(model: Any) -> bool:
    loss = model._compile_loss._flat_losses[0].loss  # noqa: SLF001
    return bool(getattr(loss, "_fn_kwargs", {}).get("from_logits", False))


def _train(model: Any, rows: Rows, within: Any, epochs: int, seed: int) -> None:
    steps = epochs * max(1, len(within) // rows.batch)
    for index in islice(full_batches(len(within), rows.batch, seed), steps):
        trained(model, *some(rows, within[index]))


def _asked(answered: Any, rows: Rows, within: Any, seed: int) -> tuple[Floats, Floats]:
    """Loss and answers of some examples, in mixed batches of about one size."""
    order = np.random.default_rng([seed, 6]).permutation(len(within))
    losses, answers = np.zeros(len(within)), None
    for part in np.array_split(order, math.ceil(len(order) / rows.batch)):
        index = within[part]
        loss, given = answered(taken(rows.x, index), taken(rows.y, index))
        if answers is None:
            answers = np.zeros((len(within), *given[0].shape[1:]))
        losses[part], answers[part] = loss, given[0]
    return losses, answers if answers is not None else np.zeros((0, 0))


def _parts(labels: NDArray[np.int64], folds: int, seed: int) -> list[NDArray[np.int64]]:
    """Parts of about one size in which the classes are spread evenly."""
    if folds < 2:
        return []
    mixed = np.random.default_rng([seed, 7]).permutation(len(labels))
    spread = mixed[np.argsort(labels[mixed], kind="stable")]
    return [np.sort(spread[start::folds]) for start in range(folds)]


def _says(figure: core.Figure, second: core.Figure | None, suspects: int) -> str:
    if math.isnan(figure.value):
        return "the model did not learn most of these labels, so wrong ones do not stand out"
    first = f"{figure.value:.0%} of the labels ({figure.low:.0%} … {figure.high:.0%})"
    if second is None:
        return f"{first} are learned so late that they look wrong; {suspects} rows stand out"
    return (
        f"{first} are learned so late that they look wrong, and {second.value:.0%} "
        f"({second.low:.0%} … {second.high:.0%}) by held-out predictions; {suspects} rows by both"
    )
