"""A proven course as an edit of the user's script."""

from __future__ import annotations

import hashlib
import io
import tokenize
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
        encoding, _ = tokenize.detect_encoding(io.BytesIO(original).readline)
        text = original.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        return replace(treatment, left=(f"{script} could not be read: {error}",))
    fit = next(f for f in run.fits if f.index == treatment.fit)
    patched = patch(text, treatment.changes, Facts.of(fit, str(script)))
    kept = ""
    if edit and patched.made:
        kept = str(apply(script, patched, hashlib.sha256(original).hexdigest()))
    return replace(treatment, diff=patched.diff(script.name), left=_left(patched), applied=kept)


def _left(patched: Patched) -> tuple[str, ...]:
    return tuple(_said(one) for one in patched.left)


def _said(one: Left) -> str:
    where = f" (line {one.line})" if one.line else ""
    paste = f"; write by hand{where}: {one.snippet}" if one.snippet else ""
    return f"{one.change}: {one.reason}{paste}"
