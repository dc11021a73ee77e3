"""Keeps what a script writes inside a folder: for a run that must leave the user's files alone.

Python's audit events tell of every file that Python opens, renames or removes; h5py and
TensorFlow's file system open theirs without Python, and are asked before they do. A write elsewhere
fails as on a disk that is read-only. Programs that the script starts are not held back.
"""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from convalesce.observe.importing import after_import
from convalesce.observe.opened import writes

FREE = ("/dev/", "/proc/")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Events of calls that change a folder, and which of their arguments are paths.
CHANGES = {
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.rmdir": (0,),
    "os.mkdir": (0,),
    "os.truncate": (0,),
    "os.symlink": (1,),
    "os.link": (1,),
    "os.chmod": (0,),
    "os.utime": (0,),
    "shutil.rmtree": (0,),
}
# Functions of TensorFlow's file system likewise.
TENSORFLOW = {
    "CreateDir": (0,),
    "RecursivelyCreateDir": (0,),
    "DeleteFile": (0,),
    "DeleteRecursively": (0,),
    "RenameFile": (0, 1),
    "CopyFile": (1,),
    "WritableFile": (0,),
}


class Fence:
    """Refuses writes outside of its folders.

    Attributes:
        folders: Real paths, with the separator at their end.
        refused: Paths that were to be written outside.
    """

    def __init__(self, folders: Sequence[str]) -> None:
        self.folders = tuple(os.path.join(os.path.realpath(f), "") for f in folders)  # noqa: PTH118
        self.refused: list[str] = []
        self.up = True

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        """One audit event.

        Raises:
            PermissionError: It would write outside.
        """
        if not self.up:
            return
        if event == "open":
            path, mode, flags = args
            if writes(mode, flags, WRITES):
                self.check(path)
        elif event in CHANGES:
            for i in CHANGES[event]:
                self.check(args[i])

    def check(self, path: Any) -> None:
        """Refuse a path outside.

        Raises:
            PermissionError: It lies outside.
        """
        if path is None or isinstance(path, int):
            return
        real = os.path.realpath(os.fsdecode(path))
        if real.startswith((*self.folders, *FREE)) or os.path.join(real, "") in self.folders:  # noqa: PTH118
            return
        self.refused.append(real)
        raise PermissionError(errno.EPERM, "outside of the folder of this trial run", real)


@contextmanager
def fenced(*folders: str) -> Iterator[Fence]:
    """While this lasts, nothing is written outside of the folders."""
    fence = Fence(folders)
    sys.addaudithook(fence.hear)

    def h5py_is_there(h5py: ModuleType) -> None:
        plain = h5py.File.__init__

        @functools.wraps(plain)
        def asked(self: Any, name: Any, mode: str = "r", *args: Any, **kwargs: Any) -> None:
            if fence.up and mode != "r" and isinstance(name, str | bytes | os.PathLike):
                fence.check(name)
            plain(self, name, mode, *args, **kwargs)

        h5py.File.__init__ = asked

    def tensorflow_is_there(_: ModuleType) -> None:
        from tensorflow.python.lib.io import file_io

        files = file_io._pywrap_file_io  # noqa: SLF001 - through which all of its own calls go
        for name, paths in TENSORFLOW.items():
            if hasattr(files, name):
                setattr(files, name, _asking(getattr(files, name), paths, fence))

    with after_import({"h5py": h5py_is_there, "tensorflow": tensorflow_is_there}):
        try:
            yield fence
        finally:
            fence.up = False


def _asking(function: Callable[..., Any], paths: Sequence[int], fence: Fence) -> Callable[..., Any]:
    def asked(*args: Any, **kwargs: Any) -> Any:
        if fence.up:
            for i in paths:
                fence.check(args[i])
        return function(*args, **kwargs)

    return asked
