"""The diagnosis on a terminal: the verdict first, then what speaks for it and what to do."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
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
DIFF = {"+": "green", "-": "red", "@": "cyan"}
REMEDIES = 3
READINGS = 4
LISTED = 8  # causes that one reason names in full
ASCII = str.maketrans({"—": "-", "–": "-", "·": "|", "…": "...", "×": "x", "’": "'", "−": "-"})


def show(examined: core.Examined, console: Console) -> None:
    """Print the whole diagnosis, an empty line between it and the script's own output."""
    console.print()
    for line in _lines(examined, console):
        console.print(line, highlight=False, no_wrap=True, crop=False)


def text(examined: core.Examined, width: int = 80) -> str:
    """The same without colour."""
    console = Console(file=io.StringIO(), width=width, color_system=None, force_jupyter=False)
    return "".join(f"{line.plain}\n" for line in _lines(examined, console))


def _lines(examined: core.Examined, console: Console) -> Iterator[Text]:
    """Lines that fit the console, further lines of a paragraph hanging under its first."""
    utf = "utf" in console.encoding.lower()
    for part in _parts(examined):
        label = _text(part.label, utf=utf)
        hang = part.indent + len(label.plain)
        wrapped = _text(*part.said, utf=utf).wrap(console, max(20, console.width - hang))
        for number, line in enumerate(wrapped or [Text()]):
            line.rstrip()
            front = Text(" " * part.indent) + label if number == 0 else Text(" " * hang)
            shown = line.plain or (number == 0 and label.plain)
            yield front + line if shown else Text()


def _text(*parts: tuple[str, str], utf: bool) -> Text:
    """Styled words; where the terminal knows no UTF-8, dashes and dots become ASCII."""
    content = Text()
    for said, style in parts:
        content.append(said if utf else said.translate(ASCII), style)
    return content


@dataclass(frozen=True, slots=True)
class Part:
    """One paragraph: how far it is set in, what stands in front, what it says."""

    indent: int
    said: tuple[tuple[str, str], ...]
    label: tuple[str, str] = ("", "")


BLANK = Part(0, ())


def _line(indent: int, *said: tuple[str, str]) -> Part:
    return Part(indent, said)


def _item(indent: int, label: tuple[str, str], *said: tuple[str, str]) -> Part:
    return Part(indent, said, label)


def _parts(examined: core.Examined) -> Iterator[Part]:
    """Every paragraph, in order."""
    run, diagnosis = examined.run, examined.diagnosis
    found = words.standing(diagnosis.findings)
    yield _line(
        0, (f"{diagnosis.health}: ", HEALTH[diagnosis.health]), (words.headline(examined), "bold")
    )
    if run.crash is not None:
        yield from _crash(run.crash, found)
    for fit in run.fits:
        if said := words.origin(fit.signals):
            yield _line(2, (said, ""))
    for rank, finding in enumerate(found, 1):
        if finding.severity is core.Severity.NOTE:
            yield from _note(finding, run, rank, gap=rank == 1 or _before(found, rank))
        else:
            yield BLANK
            yield from _finding(finding, run, rank)
    if examined.treatment is not None:
        yield from _treatment(examined.treatment)
    brief = diagnosis.health is core.Health.HEALTHY
    if not brief or found:
        yield BLANK
    yield from _refuted(words.refuted(diagnosis.findings))
    yield from _unasked(diagnosis, brief=brief)
    for remark in words.remarks(examined):
        yield _line(0, (f"remark: {remark}", "dim"))
    if run.fits:
        yield _line(0, (f"cost: {words.cost(run)}", "dim"))


def _before(found: tuple[core.Finding, ...], rank: int) -> bool:
    """The finding before this one took several lines."""
    return found[rank - 2].severity is not core.Severity.NOTE


def _crash(crash: core.Crash, found: tuple[core.Finding, ...]) -> Iterator[Part]:
    layer = f" in layer {words.plain(crash.layer, 60)}" if crash.layer else ""
    said = words.plain(f"{crash.exception}: {crash.message}", 400)
    yield _line(2, (f"the script ended{layer}: ", ""), (said, ""))
    if crash.site is not None and crash.site not in {f.evidence.site for f in found}:
        yield from _place(crash.site)


def _finding(finding: core.Finding, run: core.Run, rank: int) -> Iterator[Part]:
    evidence = finding.evidence
    doubt = " (suspected, not proven)" if words.suspected(finding) else ""
    yield _line(
        0,
        (f"{rank}  ", "bold"),
        (str(finding.severity), SEVERITY[finding.severity]),
        (f"  {finding.cause}{doubt}", ""),
    )
    yield _line(3, (words.plain(finding.title), "bold"))
    yield _line(3, (words.sentence(evidence.says), ""))
    for one in evidence.readings[:READINGS]:
        source = f"  ({words.plain(one.limit.source)})"
        yield _item(3, ("- ", "dim"), (words.reading(one), ""), (source, "dim"))
    yield from _experiment(finding)
    yield from _where(finding, run)
    for change in finding.remedies[:REMEDIES]:
        yield _item(3, ("try: ", "green"), (words.plain(str(change)), ""))
    if finding.explained_by:
        yield _line(3, (f"explained by {finding.explained_by}", "dim"))
    yield _line(3, (f"more: convalesce explain {finding.cause}", "dim"))


def _experiment(finding: core.Finding) -> Iterator[Part]:
    """What was tried, and what it showed."""
    if finding.trial is not None:
        label = "proof: " if finding.verdict is core.Verdict.CONFIRMED else "tried: "
        yield _item(3, (label, "green"), (words.tried(finding.trial), ""))
    if finding.mended is not None:
        yield _item(3, ("mended: ", "green"), (words.tried(finding.mended), ""))
    for one in finding.measured:
        yield _item(3, ("measured: ", "green"), (words.measured(one), ""))
    if finding.untried:
        yield _item(3, ("not tried: ", "dim"), (words.plain(finding.untried), "dim"))
    if finding.beneath:
        yield _line(3, (f"it showed once {finding.beneath} was mended", "dim"))


def _treatment(treatment: core.Treatment) -> Iterator[Part]:
    """The mend, what retraining showed, and the diff."""
    yield BLANK
    if treatment.proven:
        yield _line(0, (words.outcome(treatment), "bold green"))
    else:
        yield _line(0, ("no proven remedy: ", "bold yellow"), (treatment.why_not, ""))
    for change in treatment.changes:
        yield _item(3, ("made: ", "green"), (words.plain(str(change)), ""))
    for said in treatment.measured:
        yield _item(3, ("measured: ", "green"), (words.plain(said), ""))
    if treatment.verified is not None:
        yield _item(3, ("shown: ", "green"), (words.tried(treatment.verified), ""))
    if treatment.few:
        yield _line(3, (f"one pair only: {treatment.few}", "dim"))
    if treatment.gone:
        yield _line(3, (f"no longer found: {', '.join(treatment.gone)}", ""))
    yield from _patch(treatment)


def _patch(treatment: core.Treatment) -> Iterator[Part]:
    """The edit of the script: what is written, what is left to the person."""
    if treatment.diff:
        yield BLANK
    for line in treatment.diff.splitlines():
        yield _item(0, (line[:200], DIFF.get(line[:1], "")))
    if treatment.diff and treatment.ran_says:
        yield _item(3, ("tried: ", "green"), (words.plain(treatment.ran_says), ""))
    for said in treatment.left:
        yield _item(3, ("not written: ", "yellow"), (words.plain(said), ""))
    if treatment.applied:
        yield _line(0, (f"the script was edited; its original is {treatment.applied}", ""))
    elif treatment.diff:
        yield _line(0, ("fix --apply edits the script and keeps its original beside it", "dim"))
    if treatment.model:
        yield _line(0, (f"the mended model is {treatment.model}", ""))
    for mend in treatment.files:
        yield from _file(mend, instead=bool(treatment.diff))


def _file(mend: core.FileMend, *, instead: bool) -> Iterator[Part]:
    """What would mend a file that the script reads."""
    yield BLANK
    yield _line(0, (words.proposal(mend, instead=instead), "bold"))
    yield _line(3, (words.plain(mend.says), ""))
    if mend.rows:
        yield _line(3, (words.rows_of(mend), ""))
    for line in mend.diff.splitlines():
        yield _item(0, (line[:200], DIFF.get(line[:1], "")))
    for line in mend.snippet.splitlines():
        yield _item(3, (line[:200], "italic"))


def _where(finding: core.Finding, run: core.Run) -> Iterator[Part]:
    evidence = finding.evidence
    if evidence.layers:
        yield _line(3, (f"layers: {words.layers(evidence.layers)}", ""))
    if evidence.rows:
        yield _line(3, (f"training rows: {words.rows(evidence.rows)}", ""))
    site = words.place(finding, run)
    if site is not None:
        yield from _place(site)
    if len(run.fits) > 1:
        also = words.fits((finding.fit, *finding.also_in))
        yield _line(3, (f"in {also} of {len(run.fits)}", "dim"))


def _place(site: core.Site) -> Iterator[Part]:
    yield _item(3, ("at ", ""), (words.at(site), ""))
    if line := words.source_line(site):
        yield _line(6, (line, "italic"))


def _note(finding: core.Finding, run: core.Run, rank: int, *, gap: bool) -> Iterator[Part]:
    """A note takes two lines."""
    if gap:
        yield BLANK
    if finding.explained_by:
        why = f"explained by {finding.explained_by}"
    else:
        why = "suspected, not proven" if words.suspected(finding) else ""
    yield _line(
        0,
        (f"{rank}  ", "dim"),
        ("note", SEVERITY[core.Severity.NOTE]),
        (f"  {finding.cause}", ""),
        (f"  ({why})" if why else "", "dim"),
    )
    site = words.place(finding, run)
    where = f" ({words.at(site)})" if site else ""
    yield _line(3, (words.sentence(finding.evidence.says) + where, "dim"))


def _refuted(found: tuple[core.Finding, ...]) -> Iterator[Part]:
    if found:
        ids = ", ".join(f.cause for f in found)
        yield _line(0, (f"ruled out by experiment: {ids}", "dim"))


def _unasked(diagnosis: core.Diagnosis, *, brief: bool) -> Iterator[Part]:
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
    yield _line(0, (said, "dim"))


def _several(causes: tuple[str, ...]) -> str:
    return ", ".join(causes) if len(causes) <= LISTED else f"{len(causes)} causes"
