"""A labelled case run under observation in this process, so that a lab can go on from it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.diagnosis.cases import Case
from convalesce import core, proving, session
from convalesce.keeping import conclude
from convalesce.lab import KerasLab
from convalesce.observe import observe_script
from convalesce.observe.options import Options as Look
from convalesce.readings.yardstick import measure
from convalesce.studying import fit_of, yardstick


@dataclass(frozen=True, slots=True)
class Subject:
    """A case's faulty script, diagnosed with experiments, and a lab that trains on its fit.

    Attributes:
        examined: The run and what was found.
        seen: What the fit showed.
        what: By which trainings are compared. `goal`: what the fixed script reaches by it.
    """

    examined: core.Examined
    lab: KerasLab
    fit: int
    seen: core.Signals
    reach: core.Reach
    what: core.Yardstick
    goal: float


def subject_of(case: Case, folder: Path) -> Subject | None:
    """Run both scripts of a case in new folders; None where nothing could be kept of a fit."""
    fixed = observed(case, "fixed", folder / "fixed")
    shelf = proving.shelf(None)
    sick = observed(case, "faulty", folder / "faulty", shelf)
    examined = session.prove(shelf, session.Options(quiet=True))(conclude(sick))
    if shelf is None or not shelf.kept:
        return None
    fit = fit_of(examined, shelf)
    lab = KerasLab(shelf, sick.fits)
    reach = lab.reach(fit)
    what = yardstick(examined.diagnosis, fit, reach)
    seen = next(f.signals for f in sick.fits if f.index == fit)
    goal = measure(fixed.fits[-1].signals, what)
    return Subject(examined, lab, fit, seen, reach, what, goal)


def observed(case: Case, arm: str, place: Path, shelf: Any = None) -> core.Run:
    """One arm of a case, laid out in a new folder and run there; `shelf` keeps its fits."""
    place.mkdir()
    case.prepare(arm, place)
    before = Path.cwd()
    os.chdir(place)
    try:
        return observe_script("train.py", (), Look(quiet=True, shelf=shelf), module=False)
    finally:
        os.chdir(before)
