"""The findings as SARIF 2.1.0 (OASIS standard), for editors and code scanning."""

from __future__ import annotations

import hashlib
import math
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import msgspec

import convalesce
from convalesce import core
from convalesce.report import words
from convalesce.report.contract import valid

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
ROOT = "SRCROOT"
FINGERPRINT = "cause/v1"


def log(examined: core.Examined) -> bytes:
    """One run with its rules, results and invocation."""
    found = words.standing(examined.diagnosis.findings)
    causes = list(dict.fromkeys(f.cause for f in found))
    titles = {f.cause: f.title for f in found}
    content = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "convalesce",
                        "version": convalesce.__version__,
                        "semanticVersion": convalesce.__version__,
                        "rules": [_rule(cause, titles[cause]) for cause in causes],
                    }
                },
                "originalUriBaseIds": {
                    ROOT: {"description": {"text": "The folder that convalesce was started in."}}
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(examined)],
                "results": [_result(f, causes.index(f.cause), examined) for f in found],
            }
        ],
    }
    return msgspec.json.format(msgspec.json.encode(valid(content)), indent=2)


def _rule(cause: str, title: str) -> dict[str, Any]:
    page = words.page_of(cause)
    return {
        "id": cause,
        "name": cause.replace(".", " ").replace("_", " ").title().replace(" ", ""),
        "shortDescription": {"text": words.plain(title)},
        "fullDescription": {"text": words.plain(page.partition("\n\n")[0] or title)},
        "help": {
            "text": page or f"See: convalesce explain {cause}",
            "markdown": f"# {words.plain(title)}\n\n{page}",
        },
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": [cause.partition(".")[0], "training"], "precision": "high"},
    }


def _result(finding: core.Finding, index: int, examined: core.Examined) -> dict[str, Any]:
    run = examined.run
    location = _location(words.place(finding, run), run.script)
    return {
        "ruleId": finding.cause,
        "ruleIndex": index,
        "level": finding.severity.value,
        "kind": "fail",
        "message": {"text": _message(finding)},
        "locations": [location] if location else [],
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding, run)},
        "rank": _rank(finding.confidence),
        "properties": {
            "verdict": finding.verdict.value,
            "fit": finding.fit,
            "layers": list(finding.evidence.layers),
        },
    }


def _rank(confidence: float) -> float:
    """0 … 100; -1 is SARIF's word for none."""
    return round(100 * min(max(confidence, 0.0), 1.0), 1) if math.isfinite(confidence) else -1.0


def _message(finding: core.Finding) -> str:
    """Plain sentences: what, how sure, the readings, what to try."""
    evidence = finding.evidence
    doubt = "Suspected, not proven: " if words.suspected(finding) else ""
    parts = [f"{doubt}{words.plain(finding.title)}.", _sentence(evidence.says)]
    parts += [_sentence(words.reading(r)) for r in evidence.readings]
    if evidence.layers:
        parts.append(f"Layers: {words.layers(evidence.layers)}.")
    if finding.explained_by:
        parts.append(f"Explained by {finding.explained_by}.")
    parts += [f"Try: {words.plain(str(change))}." for change in finding.remedies[:1]]
    return " ".join(p for p in parts if p)


def _sentence(text: str) -> str:
    flat = words.sentence(text).rstrip(".")
    return f"{flat}." if flat else ""


def _location(site: core.Site | None, script: str) -> dict[str, Any] | None:
    file, line = (site.file, site.line) if site else (script, 1)
    if file.startswith(("-m ", "<")) or not file:
        return None
    physical: dict[str, Any] = {
        "artifactLocation": artifact(file),
        "region": {"startLine": max(line, 1)},
    }
    if site and (text := words.source_line(site)):
        physical["region"]["snippet"] = {"text": text}
    return {"physicalLocation": physical}


def artifact(file: str) -> dict[str, str]:
    """A relative URI below the working directory, an absolute one for files elsewhere."""
    path = words.short(file)
    uri = quote(path.encode("utf-8", "surrogateescape"))
    if PurePath(path).is_absolute():
        return {"uri": f"file://{uri}"}
    return {"uri": uri, "uriBaseId": ROOT}


def _fingerprint(finding: core.Finding, run: core.Run) -> str:
    """The same finding keeps its print when lines above it move."""
    site = words.place(finding, run)
    parts = [finding.cause, words.short(site.file) if site else run.script]
    parts += [words.source_line(site) if site else "", *sorted(finding.evidence.layers)]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _invocation(examined: core.Examined) -> dict[str, Any]:
    run = examined.run
    notes: list[dict[str, Any]] = [
        {"level": "note", "message": {"text": r}} for r in words.remarks(examined)
    ]
    if run.crash is not None:
        text = words.plain(f"{run.crash.exception}: {run.crash.message}")
        location = _location(run.crash.site, run.script)
        notes.insert(
            0,
            {
                "level": "error",
                "message": {"text": f"The script ended by an exception. {text}"},
                "locations": [location] if location else [],
            },
        )
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": notes,
        "properties": {"verdict": examined.diagnosis.health.value, "scriptStatus": run.status},
    }
