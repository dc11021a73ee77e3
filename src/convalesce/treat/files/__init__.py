"""Mends of what a script reads: files of settings, data. They are proposed, and never written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from convalesce import core
from convalesce.treat.files.configuration import configured as configured
from convalesce.treat.files.places import Surroundings as Surroundings
from convalesce.treat.patch import decoded


def proposed(
    treatment: core.Treatment, run: core.Run, script: Path, original: bytes, around: Surroundings
) -> core.Treatment:
    """A proven treatment with the mends of the files that the script reads.

    Args:
        treatment: Proven.
        run: As observed.
        script: The user's script.
        original: Its bytes as it ran; none for a module.
        around: What it was started with.
    """
    source = decoded(original)
    fit = next(f for f in run.fits if f.index == treatment.fit)
    return replace(treatment, files=configured(treatment.changes, fit, script, source, around))
