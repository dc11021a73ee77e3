"""Which files of the user's a script reads: told by Python's own audit events.

An audit hook cannot be taken out again, so there is one for the process, which does nothing unless
a script is being listened to. It notes names and looks into no file. What libraries open by
themselves, without Python (h5py, TensorFlow's file system), is not seen.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce import core  # loads NumPy, which the script may want to set up first

MOST = 1000  # files that are remembered
CODE = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dll", ".pth")
INSTALLED = frozenset({"site-packages", "dist-packages", "__pycache__", "node_modules"})
WRITES = os.O_WRONLY | os.O_RDWR


class Opened:
    """The files below some folders that were opened while this listened.

    Attributes:
        folders: Absolute ones, with the separator at their end.
        read: Path to size in bytes and time of change in nanoseconds, when it was opened first.
        written: Paths that were opened for writing: outputs of the script's own.
    """

    def __init__(self, folders: tuple[str, ...]) -> None:
        self.folders = tuple({os.path.join(os.path.abspath(f), "") for f in folders})  # noqa: PTH100, PTH118
        self.read: dict[str, tuple[int, int]] = {}
        self.written: set[str] = set()
        self._modules = frozenset(sys.modules)

    def note(self, path: Any, mode: Any, flags: Any) -> None:
        """One event: what `open` or `os.open` was called with."""
        if isinstance(path, int):
            return
        name = os.fsdecode(path)
        if name.endswith(CODE):
            return
        name = os.path.abspath(name)  # noqa: PTH100 - links stay links, as the user named them
        if not any(name.startswith(folder) and _is_users(name, folder) for folder in self.folders):
            return
        if writes(mode, flags, WRITES):
            self.written.add(name)
        elif name not in self.read and len(self.read) < MOST:
            found = os.stat(name)  # noqa: PTH116 - in the way of the user's script
            self.read[name] = (found.st_size, found.st_mtime_ns)

    def files(self) -> tuple[core.ReadFile, ...]:
        """In the order of their first opening; also modules of the user's own, which are read too.

        Called when the script has ended and the working directory is again the one it began in.
        """
        from convalesce import core
        from convalesce.observe import sites

        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name in self._modules or name == "__mp_main__":  # another name of the script
                continue
            if not isinstance(file, str) or not file.endswith(".py"):
                continue
            if sites.is_users_module(name) and any(
                file.startswith(folder) and _is_users(file, folder) for folder in self.folders
            ):
                with suppress(OSError):
                    found = os.stat(file)  # noqa: PTH116
                    self.read.setdefault(file, (found.st_size, found.st_mtime_ns))
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118
        return tuple(
            core.ReadFile(path=path.removeprefix(here), size=size, changed_ns=changed)
            for path, (size, changed) in self.read.items()
            if path not in self.written
        )


_listening: list[Opened] = []
_hooked: list[bool] = []


@contextmanager
def listening(*folders: str) -> Iterator[Opened]:
    """While this lasts, files that are opened below the folders are noted."""
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_hear)
    opened = Opened(folders)
    _listening.append(opened)
    try:
        yield opened
    finally:
        _listening.remove(opened)


def _hear(event: str, args: tuple[Any, ...]) -> None:
    """Python's call; whatever goes wrong here must not reach the script."""
    if event != "open" or not _listening:
        return
    with suppress(Exception):
        _listening[-1].note(*args)


def _is_users(path: str, folder: str) -> bool:
    """No hidden file or folder but `.env`, nothing installed."""
    *above, name = path[len(folder) :].split(os.sep)  # noqa: PTH206 - in the way of the script
    if name.startswith(".") and not name.startswith(".env"):
        return False
    return not any(part.startswith(".") or part in INSTALLED for part in above)


def writes(mode: Any, flags: Any, counting: int) -> bool:
    """An `open` event is for writing: by its mode, or where there is none by its flags.

    Args:
        mode: Of Python's `open`; None for `os.open`.
        flags: Of the system.
        counting: The flags that count as writing.
    """
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(isinstance(flags, int) and flags & counting)
