"""Files that are whole or not there at all, and lines that are added one by one."""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def write(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Put a file in place in one go: whoever reads it sees the old one or the new one, whole.

    Without `sync` that holds when the process is killed, not when the machine fails.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise
    if sync and os.name == "posix":  # the new name itself has to reach the disk
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """The same for plain values; what JSON can't say is null."""
    write(path, json.dumps(plain(value), indent=1, ensure_ascii=False).encode() + b"\n")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        OSError: It can't be read.
        ValueError: It holds no JSON object.
    """
    value = json.loads(path.read_bytes())
    if not isinstance(value, dict):
        raise ValueError(f"{path} holds no JSON object")  # noqa: TRY004 - of a file, not an argument
    return value


def plain(value: Any) -> Any:
    """The same with numbers that are not finite as null and lone surrogates replaced."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case Mapping():
            return {plain(str(k)): plain(v) for k, v in value.items()}
        case list() | tuple():
            return [plain(v) for v in value]
    return value


class Lines:
    """A file of JSON lines; each line reaches the system in one call, so that a kill loses none."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)

    def add(self, value: Mapping[str, Any]) -> None:
        """One line more."""
        line = json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"))
        os.write(self._file, line.encode() + b"\n")

    def sync(self) -> None:
        """See the lines safe from a failure of the machine too."""
        os.fsync(self._file)

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines; one that was cut short is left out. Empty where there is no file."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    found = []
    for line in data.splitlines():
        with suppress(ValueError):
            value = json.loads(line)
            if isinstance(value, dict):
                found.append(value)
    return found
