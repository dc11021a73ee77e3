"""The SARIF log keeps to the essential parts of the 2.1.0 schema."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convalesce import core, report
from tests.report import examples


def run_of(examined: core.Examined) -> Any:
    log = json.loads(report.to_sarif(examined))
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-schema-2.1.0.json")
    assert len(log["runs"]) == 1
    return log["runs"][0]


def check_location(location: Any, bases: Any) -> None:
    """§3.28 and §3.4: a URI reference, its base known, lines from 1."""
    physical = location["physicalLocation"]
    uri = physical["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9\-._~!$&'()*+,;=:@%/]+", uri)
    assert not re.search(r"%(?![0-9A-Fa-f]{2})", uri)
    if uri.startswith("file://"):
        assert "uriBaseId" not in physical["artifactLocation"]
    else:
        assert not uri.startswith("/")
        assert physical["artifactLocation"]["uriBaseId"] in bases
    assert physical["region"]["startLine"] >= 1


@pytest.mark.parametrize("name", examples.ALL)
def test_every_log_keeps_to_the_schema(name: str) -> None:
    run = run_of(examples.ALL[name]())
    driver = run["tool"]["driver"]
    assert driver["name"] == "convalesce"
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        assert all(re.fullmatch(r"[0-9a-f]{32}", p) for p in result["partialFingerprints"].values())
        assert result["rank"] == -1 or 0 <= result["rank"] <= 100
        for location in result["locations"]:
            check_location(location, run["originalUriBaseIds"])
    for invocation in run["invocations"]:
        assert invocation["executionSuccessful"] is True
        for note in invocation["toolExecutionNotifications"]:
            assert note["message"]["text"]
            assert note["level"] in {"error", "note"}


def test_results_point_at_lines_and_quote_them() -> None:
    result = run_of(examples.unhealthy())["results"][0]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "train.py"
    assert physical["region"]["startLine"] == 15
    assert "binary_crossentropy" in physical["region"]["snippet"]["text"]
    assert result["level"] == "error"


def test_a_suspicion_says_so() -> None:
    assert run_of(examples.undecided())["results"][0]["message"]["text"].startswith(
        "Suspected, not proven: "
    )


def test_the_fingerprint_survives_a_line_that_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    prints = set()
    for above in (14, 20):
        name = f"train{above}"
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        (folder / "train.py").write_text("\n" * above + "model.compile(loss='mse')\n")
        site = core.Site("train.py", above + 1)
        evidence = replace(examples.LOSS.evidence, site=site)
        examined = examples.unhealthy()
        diagnosis = replace(
            examined.diagnosis, findings=(replace(examples.LOSS, evidence=evidence),)
        )
        result = run_of(replace(examined, diagnosis=diagnosis))["results"][0]
        prints.add(*result["partialFingerprints"].values())
    assert len(prints) == 1


def test_a_file_outside_the_working_directory_has_an_absolute_uri() -> None:
    from convalesce.report.sarif import artifact

    assert artifact("/data/my nets/train.py") == {"uri": "file:///data/my%20nets/train.py"}
    assert artifact(str(Path.cwd() / "nets" / "a b.py")) == {
        "uri": "nets/a%20b.py",
        "uriBaseId": "SRCROOT",
    }


def test_a_module_without_a_line_has_no_location() -> None:
    examined = examples.unhealthy()
    run = core.Run(script="-m package.train")
    located = [r["locations"] for r in run_of(replace(examined, run=run))["results"]]
    assert [len(found) for found in located] == [1, 0, 0]
    assert run_of(examples.never_trained())["results"] == []


def test_the_exception_of_a_script_is_a_notification() -> None:
    note = run_of(examples.crashed())["invocations"][0]["toolExecutionNotifications"][0]
    assert note["level"] == "error"
    assert "Negative dimension" in note["message"]["text"]
