"""The report as a page: what the template shows, and how much of it fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

import convalesce
from convalesce import core
from convalesce.report import charts, figures, samples, tables, trials, words

OVERVIEW = 100  # fits in the table of all
LARGEST = 950_000  # bytes; the promise is under a megabyte


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is shown.

    Attributes:
        charted: Fits with all their charts and tables; further ones have a row in the overview.
        pictures: Characters that pictures may take.
        layers: Layers in a table.
        causes: The page of each cause found is included.
    """

    charted: int
    pictures: int
    layers: int
    causes: bool


FULL = Detail(charted=8, pictures=300_000, layers=80, causes=True)
DETAILS = (FULL, Detail(4, 120_000, 40, causes=True), Detail(1, 40_000, 20, causes=False))
NOTEBOOK = Detail(charted=2, pictures=100_000, layers=40, causes=False)
BARE = Detail(0, 0, 0, causes=False)


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding as the page shows it."""

    rank: int
    finding: core.Finding
    suspected: bool
    title: str
    says: str
    readings: tuple[tuple[str, str, Markup], ...]
    layers: str
    rows: str
    place: str
    line: str
    fits: str
    remedies: tuple[tuple[str, bool], ...]
    explained_by: str
    trials: tuple[trials.TrialView, ...]
    measured: tuple[str, ...]
    untried: str
    beneath: str
    shown: tuple[samples.Shown, ...]
    about: Markup


@dataclass(frozen=True, slots=True)
class FitView:
    """One fit as the page shows it."""

    name: str
    summary: str
    origin: str
    opened: bool
    curves: tuple[Markup, ...]
    flow: tuple[Markup, ...]
    class_heads: tuple[str, ...]
    class_rows: tuple[tables.ClassRow, ...]
    classes_left_out: int
    confused: str
    confusion: tuple[tuple[tables.Cell, ...], ...]
    shown: tuple[samples.Shown, ...]
    tables: tuple[tables.Table, ...]


def page(examined: core.Examined) -> str:
    """The whole page, with as much detail as fits into its size."""
    for detail in DETAILS:
        html = _render("page.html.jinja", examined, detail)
        if len(html.encode("utf-8")) <= LARGEST:
            return html
    return _render("page.html.jinja", examined, BARE)


def fragment(examined: core.Examined) -> str:
    """The same without head and body, for a notebook's cell."""
    return _render("notebook.html.jinja", examined, NOTEBOOK)


def _render(name: str, examined: core.Examined, detail: Detail) -> str:
    run, diagnosis = examined.run, examined.diagnosis
    room = samples.Room(detail.pictures)
    findings = [
        _finding(f, rank, run, room, detail)
        for rank, f in enumerate(words.standing(diagnosis.findings), 1)
    ]
    concerned = {i for v in findings if v.finding.serious for i in _fits_of(v.finding)}
    charted = sorted(run.fits, key=lambda fit: (fit.index not in concerned, fit.index))
    charted = sorted(charted[: detail.charted], key=lambda fit: fit.index)
    views = [_fit(fit, concerned, room, detail, alone=len(run.fits) == 1) for fit in charted]
    content = {
        "version": convalesce.__version__,
        "script": words.plain(words.short(run.script), 200),
        "started": words.plain(examined.started, 40),
        "health": diagnosis.health,
        "headline": words.headline(examined),
        "crash": _crash(run.crash),
        "findings": findings,
        "refuted": words.refuted(diagnosis.findings),
        "treatment": _treatment(examined.treatment),
        "overview": _overview(run.fits, words.standing(diagnosis.findings))
        if len(run.fits) > 1
        else None,
        "fits": views,
        "uncharted": len(run.fits) - len(views),
        "unasked": words.unasked(diagnosis),
        "remarks": words.remarks(examined),
        "cost": words.cost(run) if run.fits else "",
        "refused": room.refused,
        "interrupted": run.interrupted,
        "cut": run.cut,
    }
    return environment().get_template(name).render(content)


@cache
def environment() -> Environment:
    """Escapes whatever comes from scripts and data; an unknown name is an error."""
    return Environment(
        loader=PackageLoader("convalesce.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _fits_of(finding: core.Finding) -> tuple[int, ...]:
    return (finding.fit, *finding.also_in)


def _finding(
    finding: core.Finding,
    rank: int,
    run: core.Run,
    room: samples.Room,
    detail: Detail,
) -> FindingView:
    evidence = finding.evidence
    fit = next((fit for fit in run.fits if fit.index == finding.fit), None)
    site = words.place(finding, run)
    several = len(run.fits) > 1
    return FindingView(
        rank=rank,
        finding=finding,
        suspected=words.suspected(finding),
        title=words.plain(finding.title),
        says=words.sentence(evidence.says),
        readings=tuple(
            (
                words.reading(r),
                words.plain(r.limit.source),
                charts.against(r.observed, r.limit.value),
            )
            for r in evidence.readings[:8]
        ),
        layers=words.layers(evidence.layers, 12),
        rows=words.rows(evidence.rows, 16),
        place=words.at(site) if site else "",
        line=words.source_line(site) if site else "",
        fits=f"{words.fits(_fits_of(finding))} of {len(run.fits)}" if several else "",
        remedies=tuple((words.plain(str(c)), c.safe) for c in finding.remedies),
        explained_by=finding.explained_by,
        trials=trials.views(finding),
        measured=tuple(words.measured(one) for one in finding.measured),
        untried=words.plain(finding.untried),
        beneath=finding.beneath,
        shown=tuple(room.show(samples.concerned(finding, fit), 12)),
        about=_about(finding.cause) if detail.causes else Markup(""),
    )


def _about(cause: str) -> Markup:
    """The cause's own page, its raw HTML and its links' schemes not trusted."""
    text = MarkdownIt("commonmark", {"html": False}).enable("table").render(words.page_of(cause))
    return Markup(text)  # noqa: S704 - markdown-it escapes, as HTML is off


def _fit(
    fit: core.Fit, concerned: set[int], room: samples.Room, detail: Detail, *, alone: bool
) -> FitView:
    signals = fit.signals
    heads, rows, left_out = tables.classes(signals)
    confused, matrix = tables.confusion(signals)
    found = [tables.setup(signals), tables.model(signals, detail.layers), *tables.data(signals)]
    return FitView(
        name=_name(fit),
        summary=_summary(fit),
        origin=words.origin(signals),
        opened=alone or fit.index in concerned,
        curves=tuple(figures.curves(signals)),
        flow=tuple(figures.flow(signals)),
        class_heads=heads,
        class_rows=rows,
        classes_left_out=left_out,
        confused=confused,
        confusion=matrix,
        shown=tuple(room.show(samples.of(fit))),
        tables=tuple(t for t in found if t is not None),
    )


def _name(fit: core.Fit) -> str:
    where = f" at {words.at(fit.site)}" if fit.site else ""
    again = (
        f", goes on with the model of fit {fit.continues + 1}" if fit.continues is not None else ""
    )
    return f"Fit {fit.index + 1}{where}{again}"


def _summary(fit: core.Fit) -> str:
    """`10 of 50 epochs, 1,870 steps, early stopping; loss 0.31, val_loss 0.52`."""
    if core.HISTORY not in fit.signals:
        return "no epoch ended"
    history = fit.signals[core.HISTORY]
    of = f" of {history.planned}" if history.planned > history.epochs else ""
    parts = [f"{history.epochs}{of} epochs"]
    if history.steps:
        parts.append(f"{history.steps:,} steps")
    if history.stopped:
        parts.append(words.plain(history.stopped, 40))
    last = [f"{words.plain(k, 40)} {words.number(v)}" for k, v in _last(history)]
    return ", ".join(parts) + (f"; {', '.join(last)}" if last else "")


def _last(history: core.History, most: int = 6) -> Iterable[tuple[str, float]]:
    return [(k, v[-1]) for k, v in history.metrics.items() if v][:most]


def _overview(fits: tuple[core.Fit, ...], found: tuple[core.Finding, ...]) -> tables.Table:
    """A row a fit, for scripts with several."""
    rows = []
    for fit in fits[:OVERVIEW]:
        history = words.fact(fit.signals, core.HISTORY)
        ends = [history.curve(k) if history else () for k in ("loss", "val_loss")]
        rows.append(
            (
                str(fit.index + 1),
                words.at(fit.site) if fit.site else "",
                str(history.epochs if history else 0),
                *(words.number(curve[-1]) if curve else "–" for curve in ends),
                ", ".join(f.cause for f in found if fit.index in _fits_of(f)),
            )
        )
    head = ("fit", "line", "epochs", "loss", "val_loss", "findings")
    return tables.Table(f"{len(fits)} fits", head, tuple(rows), len(fits) - len(rows))


def _treatment(treatment: core.Treatment | None) -> dict[str, object] | None:
    if treatment is None:
        return None
    verified = treatment.verified
    return {
        "outcome": words.outcome(treatment).capitalize(),
        "why_not": words.plain(treatment.why_not),
        "changes": [words.plain(str(change)) for change in treatment.changes],
        "measured": [words.plain(said) for said in treatment.measured],
        "verified": trials.view("shown", verified) if verified is not None else None,
        "few": words.plain(treatment.few),
        "gone": ", ".join(treatment.gone),
        "diff": _diff(treatment.diff),
        "ran": words.plain(treatment.ran_says) if treatment.diff else "",
        "left": [words.plain(said) for said in treatment.left],
        "applied": words.plain(treatment.applied),
        "model": words.plain(treatment.model),
        "files": [
            {
                "head": words.plain(words.proposal(one, instead=bool(treatment.diff))),
                "says": words.plain(one.says),
                "rows": words.rows_of(one) if one.rows else "",
                "diff": _diff(one.diff),
                "snippet": one.snippet,
            }
            for one in treatment.files
        ],
    }


def _diff(text: str) -> list[tuple[str, str]]:
    """Its lines, each with its sign."""
    return [(line[:1], line[:400]) for line in text.splitlines()[:400]]


def _crash(crash: core.Crash | None) -> dict[str, str] | None:
    if crash is None:
        return None
    return {
        "what": words.plain(crash.exception, 80),
        "message": words.plain(crash.message),
        "phase": "" if crash.phase == "other" else crash.phase,
        "layer": words.plain(crash.layer, 80),
        "place": words.at(crash.site) if crash.site else "",
        "line": words.source_line(crash.site) if crash.site else "",
    }
