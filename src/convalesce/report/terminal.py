"""The diagnosis on a terminal: the verdict first, then what speaks for it and what to do."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from convalesce import core
from convalesce.report import words

HEALTH = {
    core.Health.HEALTHY: "bold green",
    core.Health.UNHEALTHY: "bold red",
    core.Health.UNDECIDED: "bold yellow",
    core.Health.CRASHED: "bold red",
}
SEVERITY = {
    core.Severity.ERROR: "bold red",
    core.Severity.WARNING: "bold yellow",
    core.Severity.NOTE: "cyan",
}
Part = Padding | Text
REMEDIES = 3
READINGS = 4
LISTED = 8  # causes that one reason names in full
ASCII = str.maketrans({"—": "-", "–": "-", "·": "|", "…": "...", "×": "x", "’": "'", "−": "-"})


def show(examined: core.Examined, console: Console) -> None:
    """Print the whole diagnosis."""
    for part in _parts(examined, console.encoding):
        console.print(part, highlight=False)


def text(examined: core.Examined, width: int = 80) -> str:
    """The same without colour."""
    out = io.StringIO()
    show(examined, Console(file=out, width=width, color_system=None, force_jupyter=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _parts(examined: core.Examined, encoding: str) -> Iterator[Part]:
    """Every line, in order."""
    lines = _Lines(utf="utf" in encoding.lower())
    run, diagnosis = examined.run, examined.diagnosis
    found = words.standing(diagnosis.findings)
    yield lines.line(
        0, (f"{diagnosis.health}: ", HEALTH[diagnosis.health]), (words.headline(examined), "bold")
    )
    if run.crash is not None:
        yield from _crash(lines, run.crash, found)
    for rank, finding in enumerate(found, 1):
        if finding.severity is core.Severity.NOTE:
            yield from _note(lines, finding, run, rank, gap=rank == 1 or _before(found, rank))
        else:
            yield lines.blank()
            yield from _finding(lines, finding, run, rank)
    brief = diagnosis.health is core.Health.HEALTHY
    if not brief or found:
        yield lines.blank()
    yield from _refuted(lines, words.refuted(diagnosis.findings))
    yield from _unasked(lines, diagnosis, brief=brief)
    for remark in words.remarks(examined):
        yield lines.line(0, (f"remark: {remark}", "dim"))
    if run.fits:
        yield lines.line(0, (f"cost: {words.cost(run)}", "dim"))


def _before(found: tuple[core.Finding, ...], rank: int) -> bool:
    """The finding before this one took several lines."""
    return found[rank - 2].severity is not core.Severity.NOTE


class _Lines:
    """Makes lines; where the terminal knows no UTF-8, dashes and dots become ASCII."""

    def __init__(self, *, utf: bool) -> None:
        self._utf = utf

    def line(self, indent: int, *parts: tuple[str, str]) -> Padding:
        """One paragraph of styled parts."""
        return Padding(self._text(*parts), (0, 0, 0, indent), expand=False)

    def item(self, indent: int, label: tuple[str, str], *parts: tuple[str, str]) -> Padding:
        """A paragraph whose further lines hang under its first word, the label in front."""
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(self._text(label), self._text(*parts))
        return Padding(grid, (0, 0, 0, indent), expand=False)

    def blank(self) -> Text:
        """An empty line."""
        return Text("")

    def _text(self, *parts: tuple[str, str]) -> Text:
        content = Text(overflow="fold")
        for said, style in parts:
            content.append(said if self._utf else said.translate(ASCII), style)
        return content


def _crash(lines: _Lines, crash: core.Crash, found: tuple[core.Finding, ...]) -> Iterator[Part]:
    layer = f" in layer {words.plain(crash.layer, 60)}" if crash.layer else ""
    said = words.plain(f"{crash.exception}: {crash.message}", 400)
    yield lines.line(2, (f"the script ended{layer}: ", ""), (said, ""))
    if crash.site is not None and crash.site not in {f.evidence.site for f in found}:
        yield from _place(lines, crash.site)


def _finding(lines: _Lines, finding: core.Finding, run: core.Run, rank: int) -> Iterator[Part]:
    evidence = finding.evidence
    doubt = " (suspected, not proven)" if words.suspected(finding) else ""
    yield lines.line(
        0,
        (f"{rank}  ", "bold"),
        (str(finding.severity), SEVERITY[finding.severity]),
        (f"  {finding.cause}{doubt}", ""),
    )
    yield lines.line(3, (words.plain(finding.title), "bold"))
    yield lines.line(3, (words.plain(evidence.says), ""))
    for one in evidence.readings[:READINGS]:
        source = f"  ({words.plain(one.limit.source)})"
        yield lines.item(3, ("- ", "dim"), (words.reading(one), ""), (source, "dim"))
    yield from _where(lines, finding, run)
    for change in finding.remedies[:REMEDIES]:
        yield lines.item(3, ("try: ", "green"), (words.plain(str(change)), ""))
    if finding.explained_by:
        yield lines.line(3, (f"explained by {finding.explained_by}", "dim"))
    yield lines.line(3, (f"more: convalesce explain {finding.cause}", "dim"))


def _where(lines: _Lines, finding: core.Finding, run: core.Run) -> Iterator[Part]:
    evidence = finding.evidence
    if evidence.layers:
        yield lines.line(3, (f"layers: {words.layers(evidence.layers)}", ""))
    if evidence.rows:
        yield lines.line(3, (f"training rows: {words.rows(evidence.rows)}", ""))
    site = words.place(finding, run)
    if site is not None:
        yield from _place(lines, site)
    if len(run.fits) > 1:
        also = words.fits((finding.fit, *finding.also_in))
        yield lines.line(3, (f"in {also} of {len(run.fits)}", "dim"))


def _place(lines: _Lines, site: core.Site) -> Iterator[Part]:
    yield lines.item(3, ("at ", ""), (words.at(site), ""))
    if line := words.source_line(site):
        yield lines.line(6, (line, "italic"))


def _note(
    lines: _Lines, finding: core.Finding, run: core.Run, rank: int, *, gap: bool
) -> Iterator[Part]:
    """A note takes two lines."""
    if gap:
        yield lines.blank()
    if finding.explained_by:
        why = f"explained by {finding.explained_by}"
    else:
        why = "suspected, not proven" if words.suspected(finding) else ""
    yield lines.line(
        0,
        (f"{rank}  ", "dim"),
        ("note", SEVERITY[core.Severity.NOTE]),
        (f"  {finding.cause}", ""),
        (f"  ({why})" if why else "", "dim"),
    )
    site = words.place(finding, run)
    where = f" ({words.at(site)})" if site else ""
    yield lines.line(3, (words.plain(finding.evidence.says) + where, "dim"))


def _refuted(lines: _Lines, found: tuple[core.Finding, ...]) -> Iterator[Part]:
    if found:
        ids = ", ".join(f.cause for f in found)
        yield lines.line(0, (f"ruled out by experiment: {ids}", "dim"))


def _unasked(lines: _Lines, diagnosis: core.Diagnosis, *, brief: bool) -> Iterator[Part]:
    """One paragraph; a healthy run needs only their number."""
    reasons = words.unasked(diagnosis)
    if not reasons:
        return
    count = len({n.cause for n in diagnosis.not_asked})
    if brief:
        said = f"{count} causes could not be asked (see the report)"
    else:
        said = "; ".join(f"{_several(causes)}: {why}" for why, causes in reasons)
        said = f"not asked: {said}"
    yield lines.line(0, (said, "dim"))


def _several(causes: tuple[str, ...]) -> str:
    return ", ".join(causes) if len(causes) <= LISTED else f"{len(causes)} causes"
