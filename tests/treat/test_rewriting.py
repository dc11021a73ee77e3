"""A mend that only the source can make, with scripts whose outcomes are written down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from convalesce import core
from convalesce.treat import rewritten
from tests.confirm.bench import finding, record

ORIGINAL, EDITED, OTHER = b"original", b"edited", b"other"
FIRST, SECOND = core.UnifyPreprocessing(), core.Normalize()
LEAD = replace(
    finding("data.preprocessing_mismatch"),
    verdict=core.Verdict.CONFIRMED,
    remedies=(core.HoldOut(0.2), FIRST, SECOND),
)


def shown(known: float) -> core.Run:
    return core.Run(script="train.py", fits=(core.Fit(index=0, signals=record(known)),))


def mend(
    known: dict[bytes, float],
    *,
    still: bool = False,
    noise: float = 0.0,
    first: core.Change = FIRST,
) -> tuple[core.Treatment | None, list[tuple[bytes, int]]]:
    """What is offered where scripts come to so much, and which were run from which seeds."""
    ran: list[tuple[bytes, int]] = []

    def runs(source: bytes, seed: int) -> core.Run | None:
        ran.append((source, seed))
        return shown(known[source] + noise * (seed - 1)) if source in known else None

    def diagnose(_: core.Signals) -> core.Diagnosis:
        again = (finding("data.preprocessing_mismatch"),) if still else ()
        return core.Diagnosis(health=core.Health.UNDECIDED, findings=again)

    edits = {first: EDITED, SECOND: OTHER}
    found = rewritten(LEAD, shown(known[ORIGINAL]), ORIGINAL, edits.get, runs, diagnose)
    return found, ran


def test_whole_runs_from_three_seeds_prove_it() -> None:
    found, ran = mend({ORIGINAL: 0.4, EDITED: 0.8})
    assert found is not None and found.proven
    assert found.changes == (FIRST,) and found.gone == ("data.preprocessing_mismatch",)
    assert found.verified is not None and found.verified.pairs == 3 and found.verified.low > 0
    assert ran == [(EDITED, 0), (EDITED, 1), (ORIGINAL, 1), (EDITED, 2), (ORIGINAL, 2)]


def test_what_only_tells_where_a_fault_lies_is_never_written() -> None:
    found, ran = mend({ORIGINAL: 0.4, EDITED: 0.8}, first=core.HoldOut(0.2))
    assert found is None and {source for source, _ in ran} == {OTHER}


def test_an_edit_that_fails_or_brings_nothing_gives_way_to_the_next() -> None:
    failed, _ = mend({ORIGINAL: 0.4, OTHER: 0.8})
    useless, ran = mend({ORIGINAL: 0.4, EDITED: 0.4, OTHER: 0.8})
    for found in (failed, useless):
        assert found is not None and found.changes == (SECOND,)
    assert ran[:2] == [(EDITED, 0), (OTHER, 0)]


@pytest.mark.parametrize("known", [0.41, 0.3])
def test_a_gain_within_noise_or_a_loss_is_no_mend(known: float) -> None:
    assert mend({ORIGINAL: 0.4, EDITED: known}, noise=0.0)[0] is None


def test_what_is_still_found_is_not_mended() -> None:
    assert mend({ORIGINAL: 0.4, EDITED: 0.8, OTHER: 0.9}, still=True)[0] is None


def test_a_gain_that_leaves_nothing_known_is_no_mend() -> None:
    assert mend({ORIGINAL: -0.9, EDITED: 0.01})[0] is None
