"""A proven course as an edit of the user's script."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from convalesce import core
from convalesce.treat.patch import Facts, Left, Original, Patched, apply, load, patch

UNREADABLE = (OSError, SyntaxError, UnicodeDecodeError)


def written(
    treatment: core.Treatment, run: core.Run, script: Path, original: Original | None, *, edit: bool
) -> core.Treatment:
    """The treatment with its diff, and where asked for, the script edited.

    Args:
        treatment: A proven one.
        run: As observed.
        script: The user's script.
        original: Its text as it was when it began to run; None where it could not be read.
        edit: Put the mended script in the place of the user's, which is kept beside it.

    Raises:
        ValueError: The script has changed since it ran, so that it is left alone.
    """
    if original is None:
        return replace(treatment, left=(f"{script} could not be read, so nothing was written",))
    fit = next(f for f in run.fits if f.index == treatment.fit)
    patched = patch(original.text, treatment.changes, Facts.of(fit, str(script)))
    kept = ""
    if edit and patched.made:
        kept = str(apply(script, patched, original.sha))
    return replace(treatment, diff=patched.diff(script.name), left=_left(patched), applied=kept)


def read(script: Path) -> Original | None:
    """The script as it is now; None where it can't be read."""
    try:
        return load(script)
    except UNREADABLE:
        return None


def _left(patched: Patched) -> tuple[str, ...]:
    return tuple(_said(one) for one in patched.left)


def _said(one: Left) -> str:
    where = f" (line {one.line})" if one.line else ""
    paste = f"; write by hand{where}: {one.snippet}" if one.snippet else ""
    return f"{one.change}: {one.reason}{paste}"
