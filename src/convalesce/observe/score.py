"""Scores of answers against the truth, by the form of the targets. Numpy only."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_POSITIONS = 1_000_000
MOST_CLASSES = 64
ONE_LABEL = frozenset({"class_index", "binary", "sign", "one_hot"})
TIED = 0.1  # of the answers, as sure as the one in the middle

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Scores of a sample; nan and empty where a score has no meaning for the form."""

    accuracy: float = math.nan
    baseline_accuracy: float = math.nan
    baseline_loss: float = math.nan
    r2: float = math.nan
    confusion: tuple[tuple[int, ...], ...] = ()
    positive_share: float = math.nan
    iou: float = math.nan
    surer_error: float = math.nan


def score(form: str, truth: Floats, given: Floats, loss: str) -> Answered:
    """Scores of `given` answers.

    Args:
        form: `core.Targets.form`.
        truth: Shape `(examples, ...)`.
        given: Shape `(examples, ..., units)`.
        loss: Name of the loss, for the best constant answer.
    """
    if form in {"class_index", "binary", "sign", "one_hot", "mask_index", "mask_one_hot"} or (
        form == "mask_binary"
    ):
        return _classes(form, truth, given, loss)
    if form in {"multi_hot", "soft"} and truth.shape == given.shape:
        return _columns(form, truth, given, loss)
    if truth.reshape(-1).shape == given.reshape(-1).shape:
        return _numbers(truth, given, loss)
    return Answered()


def _classes(form: str, truth: Floats, given: Floats, loss: str) -> Answered:
    units = given.shape[-1] if given.ndim > 1 else 1
    one_hot = form in {"one_hot", "mask_one_hot"}
    labels = truth.argmax(-1) if one_hot and truth.ndim > 1 else truth
    flat = np.nan_to_num(np.asarray(labels, np.float64).reshape(-1), nan=-1.0)
    if units == 1:
        if form not in {"binary", "mask_binary", "sign"}:
            return _numbers(truth, given, loss)
        middle = 0.0 if form == "sign" or given.min(initial=0.0) < 0 else 0.5
        answers = (given.reshape(-1) > middle).astype(np.int64)
        flat = (flat > 0).astype(np.float64) if form == "sign" else flat
    else:
        answers = np.nan_to_num(given, nan=-np.inf).argmax(-1).reshape(-1)
    if flat.shape != answers.shape:
        return Answered()
    step = max(1, len(flat) // MOST_POSITIONS)
    flat, answers = flat[::step], answers[::step]
    whole = np.rint(flat).astype(np.int64)
    right = (whole == answers) & (np.abs(flat - whole) < 1e-6)
    shares = np.unique(whole, return_counts=True)[1] / max(len(whole), 1)
    count = int(max(whole.max(initial=0), answers.max(initial=0))) + 1
    valid = (whole >= 0) & (whole < MOST_CLASSES) & (answers < MOST_CLASSES)
    confusion: tuple[tuple[int, ...], ...] = ()
    if count <= MOST_CLASSES:
        table = np.bincount(whole[valid] * count + answers[valid], minlength=count * count)
        confusion = tuple(tuple(int(v) for v in row) for row in table.reshape(count, count))
    binary = units == 1 or count == 2
    both = int(((whole == 1) & (answers == 1)).sum())
    either = int(((whole == 1) | (answers == 1)).sum())
    return Answered(
        accuracy=float(right.mean()) if len(right) else math.nan,
        baseline_accuracy=float(shares.max(initial=0.0)),
        baseline_loss=_entropy(shares) if "crossentropy" in loss else _constant(truth, loss),
        confusion=confusion,
        positive_share=float((answers == 1).mean()) if binary and len(answers) else math.nan,
        iou=both / either if form == "mask_binary" and either else math.nan,
        surer_error=_surer_error(given, right) if form in ONE_LABEL else math.nan,
    )


def _surer_error(given: Floats, right: NDArray[np.bool_]) -> float:
    """Share of wrong answers in the half that lies furthest from any other answer.

    nan where the answers are too much alike to be told apart: many of them saturate.
    """
    half = len(right) // 2
    if given.shape[:-1] != right.shape or half < 1 or not np.isfinite(given).all():
        return math.nan
    if given.shape[-1] == 1:
        middle = 0.0 if given.min() < 0 else 0.5
        lead = np.abs(given[:, 0] - middle)
    else:
        lead = np.diff(np.sort(given, -1)[:, -2:], axis=-1)[:, 0]
    order = np.argsort(-lead, kind="stable")
    tied = (int((lead == lead[order[half - 1]]).sum()) - 1) / len(lead)
    return float(1 - right[order[:half]].mean()) if tied <= TIED else math.nan


def _columns(form: str, truth: Floats, given: Floats, loss: str) -> Answered:
    if form == "soft":
        right = truth.argmax(-1) == given.argmax(-1)
        return Answered(accuracy=float(right.mean()) if right.size else math.nan)
    middle = 0.0 if given.min(initial=0.0) < 0 else 0.5
    answers = given > middle
    share = truth.reshape(-1, truth.shape[-1]).mean(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        both = np.stack([share, 1 - share])
        entropy = -np.where(both > 0, both * np.log(np.where(both > 0, both, 1)), 0).sum(0)
    return Answered(
        accuracy=float((answers == (truth > 0.5)).mean()) if truth.size else math.nan,
        baseline_accuracy=float(np.maximum(share, 1 - share).mean()) if share.size else math.nan,
        baseline_loss=float(entropy.mean()) if "binary" in loss else _constant(truth, loss),
        positive_share=float(answers.mean()) if answers.size else math.nan,
    )


def _numbers(truth: Floats, given: Floats, loss: str) -> Answered:
    flat, answers = truth.reshape(-1), given.reshape(-1)
    if flat.shape != answers.shape or not flat.size:
        return Answered()
    target = truth.reshape(len(truth), -1)
    spread = float(((target - target.mean(0)) ** 2).mean())
    error = float(((flat - answers) ** 2).mean())
    r2 = 1 - error / spread if spread > 0 else math.nan
    return Answered(r2=r2, baseline_loss=_constant(truth, loss))


def _entropy(shares: Floats) -> float:
    kept = shares[shares > 0]
    return float(-(kept * np.log(kept)).sum())


def _constant(truth: Floats, loss: str) -> float:
    """Loss of the best constant answer, for the losses whose best constant is known."""
    target = truth.reshape(len(truth), -1)
    if not target.size:
        return math.nan
    if loss in {"mean_squared_error", "mse"}:
        return float(((target - target.mean(0)) ** 2).mean())
    if loss in {"mean_absolute_error", "mae"}:
        return float(np.abs(target - np.median(target, 0)).mean())
    if loss == "binary_crossentropy":
        share = np.clip(target.mean(0), 0, 1)
        return float(np.mean([_entropy(np.array([s, 1 - s])) for s in share[:4096]]))
    return math.nan
