"""One process at a time: a lock that the system lets go of when its holder dies."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 600.0
AGAIN_S = 0.2


@contextmanager
def alone(path: Path, patience: float = PATIENCE_S) -> Iterator[None]:
    """Wait until no other process holds the lock, and hold it.

    Raises:
        TimeoutError: Another process held it all the time.
        OSError: The file can't be made.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        until = time.monotonic() + patience
        while not _taken(file):
            if time.monotonic() > until:
                raise TimeoutError(f"another process has held {path} for {patience:.0f} s")
            time.sleep(AGAIN_S)
        yield
    finally:
        os.close(file)


def _taken(file: int) -> bool:
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - only there

            getattr(msvcrt, "locking")(file, 2, 1)  # noqa: B009 - LK_NBLCK; known on Windows only
        else:
            import fcntl  # noqa: PLC0415 - not on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
