"""A proven course as an edit of the user's script."""

from __future__ import annotations

import hashlib
import io
import tokenize
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from convalesce import core
from convalesce.treat.patch import Facts, Left, Patched, apply, patch


def written(
    treatment: core.Treatment, run: core.Run, script: Path, original: bytes | None, *, edit: bool
) -> core.Treatment:
    """The treatment with its diff, and where asked for, the script edited.

    Args:
        treatment: A proven one.
        run: As observed.
        script: The user's script.
        original: Its bytes as they were when it began to run; None where there is no such file.
        edit: Put the mended script in the place of the user's, which is kept beside it.

    Raises:
        ValueError: The script has changed since it ran, so that it is left alone.
    """
    if original is None:
        return replace(treatment, left=("a module was run, so no script was written to",))
    try:
        text = original.decode(_encoding(original))
    except (SyntaxError, UnicodeDecodeError) as error:
        return replace(treatment, left=(f"{script} could not be read: {error}",))
    fit = next(f for f in run.fits if f.index == treatment.fit)
    patched = patch(text, treatment.changes, Facts.of(fit, str(script)))
    kept = ""
    if edit and patched.made:
        kept = str(apply(script, patched, hashlib.sha256(original).hexdigest()))
    return replace(treatment, diff=patched.diff(script.name), left=_left(patched), applied=kept)


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
        text = original.decode(_encoding(original))
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


def _encoding(original: bytes) -> str:
    return tokenize.detect_encoding(io.BytesIO(original).readline)[0]


def _left(patched: Patched) -> tuple[str, ...]:
    return tuple(_said(one) for one in patched.left)


def _said(one: Left) -> str:
    where = f" (line {one.line})" if one.line else ""
    paste = f"; write by hand{where}: {one.snippet}" if one.snippet else ""
    return f"{one.change}: {one.reason}{paste}"
