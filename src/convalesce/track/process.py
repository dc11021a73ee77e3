"""Which process writes a run, and whether it is still there."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def this() -> dict[str, Any]:
    """The process that runs this, as others on the same machine can find it again."""
    return {"pid": os.getpid(), "born": _born(os.getpid()), "host": _host()}


def gone(process: Mapping[str, Any]) -> bool | None:
    """Whether a process has ended; None where this machine can't tell, as it ran on another."""
    pid = process.get("pid")
    if process.get("host") != _host() or not isinstance(pid, int):
        return None
    born = process.get("born")
    if born is not None:
        return bool(_born(pid) != born)  # numbers are given out anew
    return not _there(pid)


def _host() -> str:
    """Machine and, for containers, the space in which a process number is looked up."""
    space = ""
    with suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return f"{platform.node()} {space}".strip()


def _born(pid: int) -> str | None:
    """When a process began, in ticks since the machine did; None where that can't be known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    after = stat.rpartition(")")[2].split()
    if len(after) < 20 or after[0] in {"Z", "X"}:
        return None
    return after[19]


def _there(pid: int) -> bool:
    if os.name == "nt":
        return _there_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _there_on_windows(pid: int) -> bool:
    """By asking for its exit status: signal 0 would end it there."""
    import ctypes  # noqa: PLC0415 - only there

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - mypy knows it on Windows only
    handle = kernel.OpenProcess(0x1000, False, pid)  # noqa: FBT003 - its signature
    if not handle:
        return False
    status = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(status))
    kernel.CloseHandle(handle)
    return status.value == 259  # STILL_ACTIVE
