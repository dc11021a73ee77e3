"""The JSON report holds what others rely on."""

import json
from typing import Any

import pytest

from convalesce import core, report
from tests.report import examples

every_example = pytest.mark.parametrize("name", examples.ALL)


def read(examined: core.Examined) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(report.to_json(examined), parse_constant=refuse)


@every_example
def test_every_key_of_schema_1_is_there(name: str) -> None:
    made = read(examples.ALL[name]())
    assert made["schema"] == 1
    assert made["tool"].keys() >= {"name", "version"}
    assert made["verdict"] in {"healthy", "unhealthy", "undecided", "crashed"}
    assert made.keys() >= {"script", "findings", "refuted", "not_asked", "fits", "cost"}
    assert made["cost"].keys() >= {"training_s", "monitor_s", "scan_s", "probes_s"}
    for rank, finding in enumerate(made["findings"], 1):
        assert finding["rank"] == rank
        assert finding["severity"] in {"error", "warning", "note"}
        assert finding["verdict"] in {"confirmed", "undecided"}
        assert finding["page"] == f"docs/causes/{finding['cause']}.md"
        assert finding.keys() >= {"cause", "confidence", "title", "fit", "step", "trial"}
        assert finding["where"].keys() == {"file", "line", "layers"}
        for reading in finding["evidence"]:
            assert reading.keys() >= {"signal", "observed", "limit", "unit", "source"}
        for remedy in finding["remedies"]:
            assert remedy.keys() >= {"change", "safety", "diff"}
            assert remedy["safety"] in {"safe", "unsafe"}
    for fit in made["fits"]:
        assert fit.keys() >= {"epochs", "steps", "history"}
    for unasked in made["not_asked"]:
        assert unasked.keys() == {"cause", "why"}


def test_numbers_that_are_not_finite_are_null() -> None:
    made = read(examples.lost())
    assert made["fits"][0]["history"]["loss"] == [2.3, None, None]
    assert made["findings"][0]["evidence"][0]["observed"] is None
    assert made["findings"][0]["confidence"] is None
    assert made["cost"]["training_s"] is None


def test_a_finding_points_at_its_line_and_at_the_fit_where_it_has_none() -> None:
    loss, leakage, _ = read(examples.unhealthy())["findings"]
    assert loss["where"] == {"file": "train.py", "line": 15, "layers": []}
    assert leakage["where"]["line"] == 16


def test_the_step_is_the_last_one_that_the_evidence_read() -> None:
    loss, _, rate = read(examples.unhealthy())["findings"]
    assert loss["step"] is None
    assert rate["step"] == 479


def test_what_was_refuted_stands_apart() -> None:
    examined = examples.unhealthy()
    from dataclasses import replace

    ruled_out = replace(examples.RATE, verdict=core.Verdict.REFUTED)
    diagnosis = replace(examined.diagnosis, findings=(ruled_out, examples.LOSS))
    made = read(replace(examined, diagnosis=diagnosis))
    assert [f["cause"] for f in made["refuted"]] == ["hp.lr_high"]
    assert [(f["cause"], f["rank"]) for f in made["findings"]] == [("hp.loss", 1)]


def test_a_crash_keeps_its_message_and_line() -> None:
    crash = read(examples.crashed())["crash"]
    assert crash["exception"] == "ValueError"
    assert crash["where"] == {"file": "train.py", "line": 10}


def test_a_file_name_that_is_no_utf8_does_not_break_the_report() -> None:
    assert "?" in read(examples.hostile())["findings"][0]["where"]["file"]


def test_seconds_of_all_fits_are_added_up() -> None:
    assert read(examples.folds())["cost"]["training_s"] == pytest.approx(20 * 41.2)
