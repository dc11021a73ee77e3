from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine

from convalesce.core import Inputs
from convalesce.observe.scan import Hints, scan

RNG = np.random.default_rng(0)
WORDS = np.minimum(RNG.zipf(1.3, (400, 40)), 5000)
PADDED = np.where(np.arange(40) < RNG.integers(8, 40, (400, 1)), WORDS, 0)


def _input(x: Any, *hints: str) -> Inputs:
    return scan(x, role="train", hints=Hints(layers=tuple(hints))).split.inputs[0]


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (RNG.random((20, 8, 8, 3)), "image"),
        (RNG.integers(0, 256, (20, 28, 28), dtype=np.uint8), "image"),
        (RNG.random((20, 28, 28)), "image"),
        (RNG.random((20, 7, 7, 64)), "other"),
        (RNG.random((20, 8, 8, 8, 1)), "volume"),
        (RNG.random((20, 50, 3)), "sequence"),
        (RNG.random((20, 50)), "tabular"),
        (RNG.random(20), "tabular"),
        (WORDS, "tokens"),
        (PADDED.astype(np.float32), "tokens"),
        (RNG.integers(1, 60, (100, 30)), "tokens"),
        (load_digits().data, "tabular"),
        (load_digits().data.astype(int), "tabular"),
        (load_wine().data, "tabular"),
        (load_iris().data, "tabular"),
        (load_diabetes().data, "tabular"),
        (RNG.integers(0, 2, (100, 30)), "tabular"),
        (np.array(["some", "text"] * 20), "other"),
    ],
)
def test_the_kind_of_an_input(x: Any, kind: str) -> None:
    assert _input(x).kind == kind


def test_what_an_embedding_reads_are_tokens() -> None:
    assert _input(RNG.integers(0, 3, (100, 2)), "Embedding").kind == "tokens"
    assert _input(WORDS, "Dense").kind == "tabular"


def test_tokens_are_counted() -> None:
    found = _input(PADDED)
    tokens, counts = np.unique(PADDED[PADDED != 0], return_counts=True)
    assert found.vocabulary == len(np.unique(PADDED))
    assert found.commonest_token == tokens[counts.argmax()]
    assert found.commonest_token_share == pytest.approx(counts.max() / counts.sum())


def test_rare_and_negative_tokens_count_too() -> None:
    x = np.array([[5, 1 << 40], [-3, 1 << 40]] * 20)
    found = _input(x, "Embedding")
    assert found.vocabulary == 3
    assert found.commonest_token == 1 << 40


def test_a_channel_that_never_changes_is_named() -> None:
    x = RNG.random((50, 6, 6, 3))
    x[..., 1] = 0.25
    assert _input(x).constant == (1,)


def test_rows_that_are_mostly_one_value_are_counted_by_class() -> None:
    x, y = RNG.random((300, 8, 8, 1)), np.repeat([0, 1, 2], 100)
    x[100:150, 1:] = 0.0
    found = scan(x, y, role="train").split.inputs[0]
    assert found.blank_share_by_class == pytest.approx((0.0, 0.5, 0.0))
