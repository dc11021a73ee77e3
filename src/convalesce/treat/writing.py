"""A proven course as an edit of the user's script."""

from __future__ import annotations

import hashlib
import linecache
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from convalesce import core
from convalesce.treat.patch import Facts, Left, Patched, apply, decoded, patch, snippet_of
from convalesce.treat.patch.source.file import encoding_of
from convalesce.treat.promise import held_to
from convalesce.treat.rehearsal import Rehearsed

Rehearse = Callable[[bytes], Rehearsed]


def written(  # noqa: PLR0913 - what is known of a script, and what to do with it
    treatment: core.Treatment,
    run: core.Run,
    script: Path,
    original: bytes | None,
    *,
    edit: bool,
    rehearse: Rehearse | None = None,
    unproven: bool = False,
) -> core.Treatment:
    """The treatment with its diff, and where asked for, the script edited.

    Args:
        treatment: A proven one.
        run: As observed.
        script: The user's script.
        original: Its bytes as they were when it began to run; None where there is no such file.
        edit: Put the mended script in the place of the user's, which is kept beside it.
        rehearse: Runs the edited script, given its bytes, before it is offered; None does not.
        unproven: No retraining stands behind it: it is edited only where that has run.

    Raises:
        ValueError: The script has changed since it ran, so that it is left alone.
    """
    if original is None:
        return replace(treatment, left=("a module was run, so no script was written to",))
    try:
        text = decoded(original)
    except (SyntaxError, UnicodeDecodeError) as error:
        return replace(treatment, left=(f"{script} could not be read: {error}",))
    fit = next(f for f in run.fits if f.index == treatment.fit)
    patched = patch(text, treatment.changes, Facts.of(fit, str(script)))
    told = replace(
        treatment, diff=patched.diff(script.name), left=(*treatment.left, *_left(patched))
    )
    if not told.diff:
        return told
    if rehearse is not None:
        came = rehearse(patched.source.encode(encoding_of(original)))
        told = replace(told, ran=came.ran, ran_says=came.says)
        if came.ran and came.run is not None:
            told = held_to(told, came.run, run)
        if told.why_not:  # the course is none, and so is what there would be to write by hand
            return replace(told, diff="", changes=())
        if told.ran is False:
            left = _withdrawn(patched, told.ran_says, failed=came.ran is False)
            return replace(told, diff="", left=(*left, *told.left))
    if edit and (told.ran or not unproven):
        _quoted_as_it_ran(script, text)
        kept = apply(script, patched, hashlib.sha256(original).hexdigest())
        told = replace(told, applied=str(kept))
    return told


def source_with(
    change: core.Change, run: core.Run, fit: int, script: Path, original: bytes
) -> bytes | None:
    """The script with a change of a fit written in; None where that can't be done."""
    try:
        text = decoded(original)
    except (SyntaxError, UnicodeDecodeError):
        return None
    facts = next(Facts.of(f, str(script)) for f in run.fits if f.index == fit)
    patched = patch(text, (change,), facts)
    done = patched.made and patched.source != text
    return patched.source.encode(encoding_of(original)) if done else None


def _quoted_as_it_ran(script: Path, text: str) -> None:
    """Lines of the script are quoted in reports from here on as they were when it ran."""
    file = str(script.absolute())
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)


def _withdrawn(patched: Patched, why: str, *, failed: bool) -> tuple[str, ...]:
    """What is to be written by hand: the lines of an edit that failed, else what is said of it."""
    lines = patched.diff("script").splitlines()[2:]
    added = "\n".join(line[1:] for line in lines if line.startswith("+"))
    said = f"the edited script fails its trial run, and its diff is withdrawn: {why}"
    lines_of = added if failed else ""
    return tuple(
        _said(Left(change, said, snippet_of(change) or lines_of)) for change in patched.made
    )


def edits(
    findings: Iterable[core.Finding], run: core.Run, script: Path, original: bytes
) -> dict[tuple[int, core.Change], str]:
    """The diff of the script for each remedy that can be written alone.

    Args:
        findings: Their remedies are written, each into the script as it was.
        run: As observed.
        script: The user's script.
        original: Its bytes as they were when it began to run.
    """
    try:
        text = decoded(original)
    except (SyntaxError, UnicodeDecodeError):
        return {}
    facts = {fit.index: Facts.of(fit, str(script)) for fit in run.fits}
    found: dict[tuple[int, core.Change], str] = {}
    for finding in findings:
        for change in finding.remedies:
            if (finding.fit, change) in found or finding.fit not in facts:
                continue
            patched = patch(text, (change,), facts[finding.fit])
            if patched.made:
                found[finding.fit, change] = patched.diff(script.name)
    return found


def _left(patched: Patched) -> tuple[str, ...]:
    return tuple(_said(one) for one in patched.left)


def _said(one: Left) -> str:
    where = f" (line {one.line})" if one.line else ""
    paste = f"; write by hand{where}: {one.snippet}" if one.snippet else ""
    return f"{one.change}: {one.reason}{paste}"
