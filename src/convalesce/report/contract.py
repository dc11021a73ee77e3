"""The report as JSON: fixed by schema 1; keys may be added, none changed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
import numpy as np

import convalesce
from convalesce import core
from convalesce.report import words

SCHEMA = 1


def document(examined: core.Examined) -> bytes:
    """The whole report, two spaces of indent, UTF-8."""
    return msgspec.json.format(msgspec.json.encode(valid(report(examined))), indent=2)


def report(examined: core.Examined) -> dict[str, Any]:
    """The report as plain values, numbers still as measured."""
    run, diagnosis = examined.run, examined.diagnosis
    standing = words.standing(diagnosis.findings)
    refuted = words.refuted(diagnosis.findings)
    return {
        **heading(words.short(run.script)),
        "started": examined.started,
        "verdict": diagnosis.health.value,
        "headline": words.headline(examined),
        "findings": [_finding(f, rank, examined) for rank, f in enumerate(standing, 1)],
        "refuted": [_finding(f, rank, examined) for rank, f in enumerate(refuted, 1)],
        "not_asked": [{"cause": n.cause, "why": n.why} for n in diagnosis.not_asked],
        "fits": [_fit(fit) for fit in run.fits],
        "treatment": _treatment(examined.treatment),
        "crash": _crash(run.crash),
        "status": run.status,
        "interrupted": run.interrupted,
        "cut": run.cut,
        "remarks": list(words.remarks(examined)),
        "cost": _cost(words.total_cost(run)),
    }


def heading(script: str) -> dict[str, Any]:
    """What every report of ours begins with."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "convalesce", "version": convalesce.__version__},
        "script": script,
    }


def _finding(finding: core.Finding, rank: int, examined: core.Examined) -> dict[str, Any]:
    evidence = finding.evidence
    site = words.place(finding, examined.run)
    return {
        "cause": finding.cause,
        "rank": rank,
        "severity": finding.severity.value,
        "verdict": finding.verdict.value,
        "confidence": finding.confidence,
        "title": finding.title,
        "says": evidence.says,
        "fit": finding.fit,
        "also_in": list(finding.also_in),
        "step": _step(finding, examined.run),
        "where": {**_site(site), "layers": list(evidence.layers)},
        "rows": list(evidence.rows),
        "evidence": [_reading(r) for r in evidence.readings],
        "explained_by": finding.explained_by or None,
        "trial": _trial(finding.trial),
        "untried": finding.untried or None,
        "beneath": finding.beneath or None,
        "mended": _trial(finding.mended),
        "measured": [_measured(one) for one in finding.measured],
        "remedies": [
            _remedy(change, examined.edits.get((finding.fit, change)))
            for change in finding.remedies
        ],
        "page": f"{examined.pages}/{finding.cause}.md",
    }


def _measured(one: core.Measured) -> dict[str, Any]:
    limit = one.limit
    return {
        "instrument": one.instrument.value,
        "says": words.measured(one),
        "value": one.figure.value,
        "interval": [one.figure.low, one.figure.high],
        "unit": one.figure.unit,
        "speaks": one.speaks.value,
        "observed": one.observed if limit is not None else None,
        "limit": limit.value if limit is not None else None,
        "source": limit.source if limit is not None else None,
    }


def _trial(tried: core.Tried | None) -> dict[str, Any] | None:
    if tried is None:
        return None
    mean = {k: float(np.mean(v)) if v else None for k, v in _arms(tried).items()}
    return {
        "change": repr(tried.changes[-1]) if tried.changes else None,
        "changes": [repr(change) for change in tried.changes],
        "says": words.tried(tried),
        "predicts": str(tried.predict),
        **mean,
        "arms": {k: list(v) for k, v in _arms(tried).items()},
        "noise": tried.noise,
        "effect": tried.effect,
        "interval": [tried.low, tried.high],
        "relevant": tried.relevant,
        "steps": tried.steps,
        "pairs": tried.pairs,
        "verdict": tried.verdict.value,
    }


def _treatment(treatment: core.Treatment | None) -> dict[str, Any] | None:
    if treatment is None:
        return None
    return {
        "proven": treatment.proven,
        "fit": treatment.fit,
        "causes": list(treatment.causes),
        "changes": [{"change": str(c), "name": type(c).__name__} for c in treatment.changes],
        "verified": _trial(treatment.verified),
        "gone": list(treatment.gone),
        "measured": list(treatment.measured),
        "why_not": treatment.why_not or None,
        "few": treatment.few or None,
        "diff": treatment.diff or None,
        "left": list(treatment.left),
        "applied": treatment.applied or None,
        "model": treatment.model or None,
        "ran": treatment.ran,
        "ran_says": treatment.ran_says or None,
        "files": [_file(one) for one in treatment.files],
    }


def _file(mend: core.FileMend) -> dict[str, Any]:
    return {
        "path": mend.path,
        "says": mend.says,
        "diff": mend.diff or None,
        "snippet": mend.snippet or None,
        "rows": list(mend.rows),
        "count": mend.count,
    }


def _arms(tried: core.Tried) -> dict[str, tuple[float, ...]]:
    return {"control": tried.control, "treated": tried.treated}


def _reading(one: core.Reading) -> dict[str, Any]:
    return {
        "signal": one.signal.name,
        "observed": one.observed,
        "limit": one.limit.value,
        "unit": one.limit.unit,
        "source": one.limit.source,
        "says": words.reading(one),
    }


def _remedy(change: core.Change, diff: str | None) -> dict[str, Any]:
    return {
        "change": str(change),
        "name": type(change).__name__,
        "safety": "safe" if change.safe else "unsafe",
        "diff": diff,
    }


def _site(site: core.Site | None) -> dict[str, Any]:
    if site is None:
        return {"file": None, "line": None}
    return {"file": words.short(site.file), "line": site.line}


def _step(finding: core.Finding, run: core.Run) -> int | None:
    """The step at which the evidence was read; None for facts that hold before any."""
    signals = run.signals_of(finding.fit)
    if signals is None:
        return None
    read = {r.signal for r in finding.evidence.readings}
    if core.ORIGIN in read and core.ORIGIN in signals:
        return signals[core.ORIGIN].step
    last = [signals[s].steps[-1] for s in read if s.kind is core.Series and s in signals]
    return int(max(last)) if last else None


def _fit(fit: core.Fit) -> dict[str, Any]:
    history = words.fact(fit.signals, core.HISTORY)
    origin = words.fact(fit.signals, core.ORIGIN)
    return {
        "index": fit.index,
        "where": _site(fit.site),
        "continues": fit.continues,
        "epochs": history.epochs if history else 0,
        "steps": history.steps if history else 0,
        "planned": history.planned if history else None,
        "stopped": history.stopped if history else "",
        "history": {k: list(v) for k, v in history.metrics.items()} if history else {},
        "nonfinite": asdict(origin) if origin else None,
        "cost": _cost(fit.cost),
        "remarks": list(fit.remarks),
        "recoveries": [asdict(one) for one in fit.recoveries],
    }


def _crash(crash: core.Crash | None) -> dict[str, Any] | None:
    if crash is None:
        return None
    return {
        "exception": crash.exception,
        "message": crash.message,
        "phase": crash.phase,
        "layer": crash.layer or None,
        "where": _site(crash.site),
    }


def valid(value: Any) -> Any:
    """The same with what JSON can't say replaced: no NaN, no infinity, no lone surrogate."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case Mapping():
            return {valid(str(k)): valid(v) for k, v in value.items()}
        case np.generic():
            return valid(value.item())
        case Sequence() | np.ndarray():
            return [valid(v) for v in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _cost(cost: core.Cost) -> dict[str, float]:
    """Seconds by the clock on the wall; those of work alone are for the budget."""
    return {name: seconds for name, seconds in asdict(cost).items() if name != "work_s"}
