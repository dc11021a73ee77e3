"""Settings from `[tool.convalesce]` in the nearest pyproject.toml.

Nothing of NumPy is loaded here: the script to be watched has not begun.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SEVERITIES = ("error", "warning", "note")

# What each setting takes, as a person reads it, and the test for it.
KINDS: Mapping[str, str] = {
    "json": "a path",
    "html": "a path",
    "sarif": "a path",
    "store": "a path",
    "tensorboard": "a path",
    "budget": "a share of the training time, 0 or more",
    "no-probes": "true or false",
    "every": "a whole number, 0 or more",
    "quiet": "true or false",
    "mute": "a list of causes",
    "strict": "true or false",
    "fail-on": "one of error, warning and note",
}


class WrongSetting(ValueError):
    """A setting that can't be used; the message says where it stands and what was expected."""


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings that hold in a folder, by name, checked; paths are below their file's folder.

    Raises:
        WrongSetting: The file can't be read, or holds a setting that is unknown or ill-typed.
    """
    file = nearest(folder)
    if file is None:
        return {}
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WrongSetting(f"{file} cannot be read: {error}") from None
    table = document.get("tool", {}).get("convalesce", {})
    return {name: _checked(name, value, file) for name, value in table.items()}


def in_force(given: Mapping[str, Any]) -> dict[str, Any]:
    """What a command line says, and where it is silent, the environment and pyproject.toml.

    Args:
        given: By name; None for what was not said.

    Raises:
        WrongSetting: As `read_settings` says.
    """
    settings = read_settings(Path.cwd())
    if os.environ.get("CONVALESCE_STORE"):
        settings.pop("store", None)
    return settings | {name: value for name, value in given.items() if value is not None}


def nearest(folder: Path) -> Path | None:
    """The pyproject.toml of a folder or of the nearest one above it."""
    for place in (folder, *folder.parents):
        if (place / "pyproject.toml").is_file():
            return place / "pyproject.toml"
    return None


def _checked(name: str, value: Any, file: Path) -> Any:
    if name not in KINDS:
        raise WrongSetting(
            f"{file}: [tool.convalesce] has no setting `{name}`.{did_you_mean(name, KINDS)} "
            f"There are {', '.join(KINDS)}."
        )
    kind = KINDS[name]
    if not _fits(kind, value):
        raise WrongSetting(f"{file}: `{name}` takes {kind}, not {value!r}.")
    if kind == "a path":
        return Path(value) if value == "-" else file.parent / value
    return known_causes(value, f"{file}: `mute`") if name == "mute" else value


def _fits(kind: str, value: Any) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "a path":
            return isinstance(value, str) and bool(value)
        case "true or false":
            return isinstance(value, bool)
        case "a whole number, 0 or more":
            return number and isinstance(value, int) and value >= 0
        case "a list of causes":
            return isinstance(value, list) and all(isinstance(v, str) for v in value)
        case "one of error, warning and note":
            return value in SEVERITIES
    return number and value >= 0


def known_causes(names: Iterable[str], said: str) -> tuple[str, ...]:
    """The names of causes, checked.

    Args:
        names: Ids such as `hp.lr_high`.
        said: Where they stand, for the message.

    Raises:
        WrongSetting: One of them is no cause.
    """
    known = causes_by_file()
    listed = tuple(names)
    for name in listed:
        if name not in known:
            raise WrongSetting(f"{said}: there is no cause `{name}`.{did_you_mean(name, known)}")
    return listed


def causes_by_file() -> tuple[str, ...]:
    """Ids of all causes, from their files alone."""
    folder = Path(__file__).parent / "causes"
    files = sorted(folder.glob("*/*.py"))
    return tuple(f"{f.parent.name}.{f.stem}" for f in files if not f.stem.startswith("_"))


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence with the nearest known words, with a space in front; empty for none."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else ""
