from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.datasets import load_digits

from convalesce.observe.scan import compare, fingerprints, scan
from convalesce.observe.scan.structure import Array

RNG = np.random.default_rng(0)


def _pictures(count: int, seed: int = 0) -> Array:
    """Smooth random pictures, each its own."""
    rough = np.random.default_rng(seed).integers(0, 256, (count, 6, 6), dtype=np.uint8)
    big = [np.asarray(Image.fromarray(r).resize((40, 40), Image.Resampling.BICUBIC)) for r in rough]
    return np.stack(big)[..., None]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=40))
def test_copies_within_a_split_are_what_a_dictionary_counts(values: list[int]) -> None:
    x = np.array(values, np.float32)[:, None]
    found = scan(x, np.arange(len(values)) % 3, role="train").split.duplicates
    assert found.exact == len(values) - len(set(values))
    assert all(values[a] == values[b] and a < b for a, b in found.pairs)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(0, 9), min_size=1))
def test_copies_across_splits_are_what_a_set_counts(one: list[int], two: list[int]) -> None:
    scans = [scan(np.array(v)[:, None] * 1.5, role="train") for v in (one, two)]
    found = compare(*scans).duplicates
    assert found.exact == sum(v in set(one) for v in two)
    assert all(one[a] == two[b] for a, b in found.pairs)


def test_a_copy_with_another_label_conflicts_and_is_shown_first() -> None:
    x, y = RNG.random((100, 4)), np.zeros(100)
    x[50:60] = x[:10]
    y[57] = 1
    found = scan(x, y, role="train").split.duplicates
    assert (found.exact, found.conflicting, found.pairs[0]) == (10, 1, (7, 57))


def test_many_hashes_are_thinned_and_still_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "KEPT", 1000)
    x = RNG.random((8000, 2))
    train, other = scan(x[:6000], role="train"), scan(x[4000:], role="validation")
    found = compare(train, other).duplicates
    assert train.sketch.prints.thinning > 0 and found.compared < 1000
    assert found.exact / found.compared == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("change", ["brighter", "noisy", "scaled", "float", "recompressed"])
def test_nearly_equal_pictures_are_found(change: str) -> None:
    x = _pictures(200)
    other = {
        "brighter": lambda p: (p * 0.8 + 20).astype(np.uint8),
        "noisy": lambda p: (p + RNG.normal(0, 2, p.shape)).clip(0, 255).astype(np.uint8),
        "scaled": lambda p: p.repeat(2, 1).repeat(2, 2),
        "float": lambda p: (p / 255).astype(np.float32),
        "recompressed": lambda p: p // 8 * 8,
    }[change](x[:20])
    found = compare(scan(x, role="train"), scan(other, role="validation")).duplicates
    assert found.exact == 0 and found.near >= 17
    assert all(a == b for a, b in found.pairs)


def test_pictures_of_their_own_are_not_near() -> None:
    train, other = (scan(_pictures(1500, seed), role="train") for seed in (1, 2))
    assert train.split.duplicates.near == 0
    assert compare(train, other).duplicates.near == 0


def test_handwritten_digits_are_alike_and_no_copies() -> None:
    x = load_digits().images[..., None]
    found = scan(x, role="train").split.duplicates
    assert found.exact == 0
    assert found.near <= 0.002 * len(x)


def test_an_exact_copy_does_not_count_as_near_too() -> None:
    x = _pictures(100)
    x[60:70] = x[:10]
    found = scan(x, role="train").split.duplicates
    assert (found.exact, found.near) == (10, 0)


def test_blank_pictures_are_not_near_each_other() -> None:
    x = np.arange(40, dtype=np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 1), np.uint8)
    assert scan(x, role="train").split.duplicates.near == 0
