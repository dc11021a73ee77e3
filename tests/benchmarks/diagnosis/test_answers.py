"""When an answer is right, and what our own answers are read from."""

import math
from typing import Any

import numpy as np
import pytest

from benchmarks.diagnosis.answers import diagnosed, guesses, reported
from benchmarks.diagnosis.claims import Claim
from convalesce import core
from tests.benchmarks.diagnosis.made import answer, case, claim
from tests.benchmarks.diagnosis.rivals.training import data, spoilt, training

ONE = case(causes=["hp.lr_high", "hp.batch_small"])
TWO = case(all=[["data.labels"], ["hp.lr_high"]])


def test_any_accepted_id_is_right_and_only_the_first_claim_counts_at_one() -> None:
    right = answer(ONE, "faulty", claim("hp.batch_small"), claim("data.labels"))
    late = answer(ONE, "faulty", claim("data.labels"), claim("hp.batch_small"))
    assert right.found(1) and not right.wrong
    assert not late.found(1) and late.found(3) and late.wrong


def test_a_claim_of_several_ids_is_right_with_any_of_them() -> None:
    assert answer(ONE, "faulty", claim("data.labels", "hp.lr_high")).found(1)


def test_a_claim_beyond_the_third_is_too_late() -> None:
    wrong = [claim("data.labels")] * 3
    assert not answer(ONE, "faulty", *wrong, claim("hp.lr_high")).found(3)


def test_every_one_of_several_faults_has_to_be_named() -> None:
    both = answer(TWO, "faulty", claim("hp.lr_high"), claim("data.labels"))
    half = answer(TWO, "faulty", claim("hp.lr_high"))
    assert both.found(1)
    assert not half.found(3) and half.first_is_right


def test_a_control_alarms_with_what_it_does_not_justify() -> None:
    sound = case(causes=["hp.lr_high"], fixed_tolerated=["hp.epochs_few"])
    assert answer(sound, "fixed", claim("hp.epochs_few")).alarms == ()
    assert answer(sound, "fixed", claim("hp.epochs_few", "data.labels")).alarms == ()
    assert answer(sound, "fixed", claim("data.labels")).wrong


def test_notes_of_a_record_are_no_claims_and_facts_are_confirmed() -> None:
    def said(changes: dict[core.Signal[Any], Any]) -> tuple[Claim, ...]:
        fit = core.Fit(index=0, signals=training({core.TRAIN: data(nonfinite=40), **changes}))
        return diagnosed(core.Run(script="s.py", fits=(fit,)))

    assert said({}) == ()  # NaN in the input that has reached no weight is worth a note
    first, *_ = said(spoilt(core.WEIGHT_NORM, "conv", np.nan, "/kernel"))
    assert first.causes == ("data.nonfinite",)
    assert first.confirmed and 0 < first.confidence <= 1


def test_a_report_is_read_in_its_order_without_its_notes() -> None:
    def finding(cause: str, rank: int, severity: str, **more: object) -> dict[str, object]:
        return {"cause": cause, "rank": rank, "severity": severity, "verdict": "confirmed", **more}

    report = {
        "schema": 1,
        "findings": [
            finding("hp.lr_high", 2, "warning", verdict="undecided"),
            finding("data.labels", 1, "error", confidence=0.8, trial={"change": "…"}),
            finding("reg.overfitting", 3, "note"),
        ],
    }
    first, second = reported(report)
    assert (first.causes, first.confidence, first.confirmed) == (("data.labels",), 0.8, True)
    assert second.causes == ("hp.lr_high",) and not second.confirmed
    assert math.isnan(second.confidence)


def test_a_report_of_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="schema 2 was recorded, schema 1 is read here"):
        reported({"schema": 2, "findings": []})


def test_the_guess_knows_calibration_cases_only() -> None:
    known = [
        case("case_1", causes=["hp.lr_high"]),
        case("case_0", causes=["data.labels"]),
        case("case_1", causes=["data.labels"], unseen=True),
    ]
    assert [c.causes for c in guesses(known)] == [("hp.lr_high",)]
