"""A proven change as a mend of the file of settings that the script takes the value from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from convalesce import core
from convalesce.treat.files import documents
from convalesce.treat.files.places import COMMAND, ENVIRONMENT, Place, Surroundings, places, texts
from convalesce.treat.files.setting import Setting, same
from convalesce.treat.files.settings import settings_of
from convalesce.treat.patch import Facts, Patched, patch

NUMBER = re.compile(r"(?<![\w.])-?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])")


@dataclass
class _File:
    """A file of settings on its way: its text with the edits so far, and what they are."""

    before: str
    now: str
    says: list[str] = field(default_factory=list)


def configured(
    changes: Sequence[core.Change],
    fit: core.Fit,
    script: Path,
    source: str,
    around: Surroundings,
) -> tuple[core.FileMend, ...]:
    """Mends of files, of the command line or of the environment; empty where there are none.

    A value that the script itself writes is none of these files' business. A file is edited
    where exactly one place holds the old value under a plausible name; else the places are named.

    Args:
        changes: The proven course.
        fit: The fit that it is for.
        script: Its path.
        source: Its text as it ran.
        around: What it was started with.
    """
    read = texts(around, script)
    files = {name: _File(text, text) for name, text in read.items()}
    others: list[core.FileMend] = []
    done: set[tuple[str, documents.Path]] = set()
    for setting in _wanted(changes, fit, script, source):
        found = [p for p in places(setting, read, around, source) if (p.file, p.keys) not in done]
        if len(found) == 1:
            done.add((found[0].file, found[0].keys))
            others += _mended(setting, found[0], files)
        elif found:
            where = "; ".join(map(str, found))
            told = f"{_step(setting)}. It may stand at {where}: change the one that is read."
            others.append(core.FileMend(path=found[0].file, says=told))
    edits = [
        core.FileMend(
            path=name,
            says="; ".join(file.says),
            diff=Patched(file.before, file.now).diff(Path(name).as_posix().lstrip("/")),
        )
        for name, file in files.items()
        if file.now != file.before
    ]
    return (*edits, *others)


def _wanted(
    changes: Sequence[core.Change], fit: core.Fit, script: Path, source: str
) -> Iterator[Setting]:
    """The settings of all changes that the script does not write itself, each once."""
    names: set[str] = set()
    for change in changes:
        settings = settings_of(change, fit)
        if not settings:
            continue
        patched = patch(source, (change,), Facts.of(fit, str(script)))
        if patched.made and isinstance(change, core.ScaleWidth):
            continue  # made in both places it would be made twice
        removed = _removed(patched)
        for setting in settings:
            if setting.what not in names and not _holds(removed, setting):
                names.add(setting.what)
                yield setting


def _removed(patched: Patched) -> str:
    lines = patched.diff("script").splitlines()[2:]
    return "\n".join(line[1:] for line in lines if line.startswith("-"))


def _holds(removed: str, setting: Setting) -> bool:
    """Whether lines that the edit takes out write the old value."""
    if isinstance(setting.old, bool):
        return str(setting.old) in removed
    if isinstance(setting.old, str):
        return re.search(rf"\b{re.escape(setting.old)}\b", removed, re.IGNORECASE) is not None
    numbers = [float(text.replace("_", "")) for text in NUMBER.findall(removed)]
    wanted = setting.old if isinstance(setting.old, tuple) else (setting.old,)
    return all(any(same(number, one) for number in numbers) for one in wanted)


def _mended(setting: Setting, place: Place, files: Mapping[str, _File]) -> list[core.FileMend]:
    """Edits the file's text, or says what to do."""
    new = documents.plain(setting.new)
    if setting.advice:
        told = f"{place} is {place.shown}: {setting.advice}"
        return [core.FileMend(path=place.file, says=told)]
    if place.file == COMMAND:
        default = f" (its default, {place.shown}, stands at line {place.line})"
        default = f", or change its default at line {place.line}" if place.line else ""
        says = f"{_step(setting)}: run the script with `{place.keys[0]} {new}`{default}"
        return [core.FileMend(path=COMMAND, says=says)]
    if place.file == ENVIRONMENT:
        says = f"{_step(setting)}: run the script with {place.keys[0]}={new}"
        return [core.FileMend(path=ENVIRONMENT, says=says)]
    says = f"{setting.what}: `{place.name}` from {place.shown} to {new}"
    file = files[place.file]
    text = documents.edited(place.file, file.now, place.keys, setting.new)
    if text is None:
        told = f"{says}. No edit of its text changes this value alone: set it by hand."
        return [core.FileMend(path=place.file, says=told)]
    file.now = text
    file.says.append(says)
    return []


def _step(setting: Setting) -> str:
    return f"{setting.what} from {documents.plain(setting.old)} to {documents.plain(setting.new)}"
