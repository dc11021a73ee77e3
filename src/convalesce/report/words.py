"""Phrases and figures that every form of the report shares."""

from __future__ import annotations

import linecache
import math
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from convalesce import core
from convalesce.causes import all_causes

T = TypeVar("T")
LONGEST = 600  # characters of one message of a script; the page has to stay small
CUT = "Each fit was cut to its first steps: figures that the script printed after it mean nothing."
INTERRUPTED = "The script was interrupted: this is what was seen until then."
UNSAID = "no cause behind it was recognised"
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}  # control, direction, lone surrogate, unassigned


def plain(text: str, longest: int = LONGEST) -> str:
    """One line without control characters: a layer name must not move the cursor."""
    kept = "".join(
        " " if c.isspace() else c
        for c in text[: 4 * longest]
        if c.isspace() or unicodedata.category(c) not in INVISIBLE
    )
    flat = " ".join(kept.split())
    return flat if len(flat) <= longest else f"{flat[: longest - 1]}…"


def number(value: float) -> str:
    """A figure as a person would write it: three digits, no noise."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e")


def quantity(value: float, unit: str) -> str:
    """A figure with its unit; a pure number has none."""
    return number(value) if unit in {"", "1"} else f"{number(value)} {plain(unit)}"


def reading(one: core.Reading) -> str:
    """What was measured against what: `shared examples: 0.24 against 0.01 of the split`."""
    what = plain(one.says) or one.signal.name.replace("_", " ")
    limit = quantity(one.limit.value, one.limit.unit)
    return f"{what}: {number(one.observed)} against {limit}"


def sentence(text: str) -> str:
    """What a cause says, begun with a capital unless its first word is a name."""
    flat = plain(text)
    first = flat.partition(" ")[0]
    return f"{flat[0].upper()}{flat[1:]}" if first.isalpha() and first.islower() else flat


def uncapitalised(title: str) -> str:
    """A title inside a sentence; `NaN` and `ReLU` keep their capitals."""
    first, _, rest = title.partition(" ")
    return title if not first[1:].islower() and first != "A" else f"{first.lower()} {rest}".strip()


def standing(findings: Iterable[core.Finding]) -> tuple[core.Finding, ...]:
    """What was not refuted, in the order of the diagnosis."""
    return tuple(f for f in findings if f.verdict is not core.Verdict.REFUTED)


def refuted(findings: Iterable[core.Finding]) -> tuple[core.Finding, ...]:
    """What an experiment ruled out."""
    return tuple(f for f in findings if f.verdict is core.Verdict.REFUTED)


def suspected(finding: core.Finding) -> bool:
    """No fact and no experiment has settled it."""
    return finding.verdict is core.Verdict.UNDECIDED


def tried(one: core.Tried) -> str:
    """An experiment and its outcome in one sentence."""
    changes = " and ".join(plain(str(change)) for change in one.changes) or "no change"
    before, after = (percent(sum(v) / len(v)) if v else "?" for v in (one.control, one.treated))
    pairs = f", {one.pairs} pairs" if one.pairs > 1 else ""
    noise = f"; noise {percent(one.noise)}" if one.noise else ""
    return (
        f"{changes}: {one.predict.what}: {before} → {after} "
        f"({number(one.steps)} steps{pairs}{noise})"
    )


def measured(one: core.Measured) -> str:
    """What an instrument found, and whether it speaks for the cause."""
    speaks = {core.Speaks.FOR: "; it speaks for it", core.Speaks.AGAINST: "; it speaks against it"}
    return f"{plain(one.says)}{speaks.get(one.speaks, '')} ({one.instrument})"


def percent(share: float) -> str:
    """A share as a whole percentage."""
    return f"{100 * share:.0f} %" if math.isfinite(share) else number(share)


def headline(examined: core.Examined) -> str:
    """The verdict in one sentence, without its first word."""
    diagnosis, run = examined.diagnosis, examined.run
    found = standing(diagnosis.findings)
    serious = [f for f in found if f.serious]
    leading = serious or list(found)
    match diagnosis.health:
        case core.Health.HEALTHY:
            return _healthy(run)
        case core.Health.CRASHED:
            return _named(leading[0]) if leading else f"{_crash(run.crash)}; {UNSAID}"
        case core.Health.UNHEALTHY if leading:
            return _named(leading[0])
        case core.Health.UNDECIDED if serious:
            return f"suspected, not proven: {_named(serious[0])}"
    if not run.fits:
        return "the script never trained, so there is nothing to judge"
    return "nothing stands against this training, but too little of it was seen"


def _healthy(run: core.Run) -> str:
    if run.cut:
        return "nothing stands against the data, the model and the set-up"
    return "nothing stands against this training"


def _named(finding: core.Finding) -> str:
    return f"{uncapitalised(plain(finding.title))} — {finding.cause}"


def _crash(crash: core.Crash | None) -> str:
    if crash is None:
        return "the script raised an exception"
    where = f" in {crash.phase}" if crash.phase != "other" else ""
    return f"{plain(crash.exception, 80)}{where}"


def fact(signals: core.Signals, signal: core.Signal[T]) -> T | None:
    """What was recorded, or None."""
    return signals[signal] if signal in signals else None  # noqa: SIM401 - `get` is for causes


def place(finding: core.Finding, run: core.Run) -> core.Site | None:
    """The line to look at: the evidence's own, else that of the fit."""
    if finding.evidence.site is not None:
        return finding.evidence.site
    return next((f.site for f in run.fits if f.index == finding.fit), None)


def short(file: str) -> str:
    """A path as the user would type it: relative where it lies below the working directory."""
    path = Path(file)
    try:
        return path.relative_to(Path.cwd()).as_posix() if path.is_absolute() else path.as_posix()
    except (ValueError, OSError):
        return str(path)


def at(site: core.Site) -> str:
    """`train.py:41`."""
    return f"{plain(short(site.file), 300)}:{site.line}"


def source_line(site: core.Site) -> str:
    """The line itself, empty where the file cannot be read."""
    named = site.file.startswith("<")  # a cell or an evaluated text; a real file goes by its path,
    try:  # as a bare name would be looked for along sys.path
        file = site.file if named else str(Path(site.file).absolute())
        linecache.checkcache(file)
        return plain(linecache.getline(file, site.line), 200)
    except (ValueError, OverflowError):  # a name that no file can have
        return ""


def fits(numbers: Iterable[int]) -> str:
    """`fit 2`, `fits 2, 4–20`: 1-based, runs drawn together."""
    runs: list[list[int]] = []
    for n in sorted({n + 1 for n in numbers}):
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    parts = [f"{r[0]}–{r[-1]}" if len(r) > 2 else ", ".join(str(n) for n in r) for r in runs]
    single = len(runs) == 1 and len(runs[0]) == 1
    return f"{'fit' if single else 'fits'} {', '.join(parts)}"


def rows(numbers: tuple[int, ...], most: int = 8) -> str:
    """The first rows, and how many more there are."""
    listed = ", ".join(str(n) for n in numbers[:most])
    more = len(numbers) - most
    return f"{listed} and {more} more" if more > 0 else listed


def outcome(treatment: core.Treatment) -> str:
    """What came of a treatment, as a headline."""
    if not treatment.proven:
        return "no proven remedy"
    if treatment.verified is None:
        return "mended: the script runs beyond where it raised"
    return "mended, and verified by retraining"


def rows_of(mend: core.FileMend) -> str:
    """`rows 3, 17, 40 and 12 more` of a data file."""
    shown = ", ".join(str(n) for n in mend.rows[:8])
    more = max(mend.count, len(mend.rows)) - len(mend.rows[:8])
    return f"rows {shown}{f' and {more} more' if more > 0 else ''}"


def proposal(mend: core.FileMend, *, instead: bool) -> str:
    """What a mend of a file is: nothing but a proposal."""
    alike = ", in place of the edit" if instead else ""
    return f"proposed for {mend.path}{alike}; never written, not even by --apply"


def layers(names: tuple[str, ...], most: int = 6) -> str:
    """The first names, and how many more there are."""
    listed = ", ".join(plain(n, 60) for n in names[:most])
    more = len(names) - most
    return f"{listed} and {more} more" if more > 0 else listed


def unasked(diagnosis: core.Diagnosis) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Reasons, each with the causes that it kept from being asked."""
    by_reason: dict[str, list[str]] = {}
    for one in diagnosis.not_asked:
        by_reason.setdefault(plain(one.why), []).append(one.cause)
    return tuple((why, tuple(dict.fromkeys(causes))) for why, causes in by_reason.items())


def total_cost(run: core.Run) -> core.Cost:
    """Seconds of all fits together."""
    return sum((fit.cost for fit in run.fits), core.Cost(probes_s=run.probes_s))


def seconds(value: float) -> str:
    """A duration that is read at a glance."""
    if not math.isfinite(value):
        return "?"
    if value >= 120:
        return f"{int(value) // 60} min {int(value) % 60} s"
    return f"{value:.0f} s" if value >= 20 else f"{value:.2g} s"


def cost(run: core.Run) -> str:
    """What was spent, on training and on looking."""
    spent = total_cost(run)
    parts = [f"training {seconds(spent.training_s)}", f"monitor {seconds(spent.monitor_s)}"]
    if spent.training_s > 0 and math.isfinite(spent.monitor_s / spent.training_s):
        parts[-1] += f" ({100 * spent.monitor_s / spent.training_s:.1f} %)"
    parts += [f"scan {seconds(spent.scan_s)}", f"probes {seconds(spent.probes_s)}"]
    return " · ".join(parts)


def remarks(examined: core.Examined) -> tuple[str, ...]:
    """What was covered in part or not at all, each once."""
    run = examined.run
    said = [CUT] if run.cut and run.fits else []
    said += [INTERRUPTED] if run.interrupted else []
    said += [*examined.diagnosis.remarks, *run.remarks]
    for fit in run.fits:
        said += fit.remarks
        for signal in (core.TRAIN, core.VALIDATION):
            said += fit.signals[signal].remarks if signal in fit.signals else ()
    return tuple(dict.fromkeys(plain(s) for s in said if s.strip()))


def page_of(cause: str) -> str:
    """Markdown page of a cause, its title line left out; empty for an unknown one."""
    known = all_causes().get(cause)
    return (known.page or "").partition("\n")[2].strip() if known else ""


def origin(signals: core.Signals) -> str:
    """Where training first turned non-finite, in a sentence; empty where it did not."""
    if core.ORIGIN not in signals:
        return ""
    found = signals[core.ORIGIN]
    before = number(found.loss_before)
    last = f"; the last finite loss was {before}" if math.isfinite(found.loss_before) else ""
    return (
        f"First non-finite: {found.first} in {plain(found.name, 80)}, at step {found.step} "
        f"(epoch {found.epoch + 1}, batch {found.batch + 1}){last}."
    )
