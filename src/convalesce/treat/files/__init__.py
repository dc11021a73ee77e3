"""Mends of what a script reads: files of settings, data. They are proposed, and never written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from convalesce import core
from convalesce.treat.files.configuration import configured as configured
from convalesce.treat.files.data import repaired as repaired
from convalesce.treat.files.places import Surroundings as Surroundings
from convalesce.treat.patch import decoded


def proposed(
    treatment: core.Treatment,
    examined: core.Examined,
    script: Path,
    original: bytes,
    around: Surroundings,
) -> core.Treatment:
    """A treatment with the mends of the files that the script reads.

    Of one that retraining did not come to, what the files themselves show of the confirmed
    faults of the data is said all the same.

    Args:
        treatment: Proven, or never retrained.
        examined: The run and what was found.
        script: The user's script.
        original: Its bytes as it ran; none for a module.
        around: What it was started with.
    """
    against = [
        f
        for f in examined.diagnosis.findings
        if f.serious and f.fit == treatment.fit and f.verdict is core.Verdict.CONFIRMED
    ]
    rows = tuple(dict.fromkeys(row for f in against for row in f.evidence.rows))
    changes = treatment.changes
    files: tuple[core.FileMend, ...] = ()
    if treatment.proven:
        fit = next(f for f in examined.run.fits if f.index == treatment.fit)
        files = configured(changes, fit, script, decoded(original), around)
    elif treatment.verified is None:
        changes = tuple(f.remedies[0] for f in against if f.remedies)
    else:
        return treatment
    return replace(treatment, files=(*files, *repaired(changes, rows, around)))
