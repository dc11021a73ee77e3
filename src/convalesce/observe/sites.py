"""Where in the user's own code something was built, compiled or trained."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
import weakref
from functools import cache
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce.core import Site  # loads NumPy, which the script may want to set up first

# Packages whose frames are never the user's, wherever they are installed.
LIBRARIES = frozenset(
    {"convalesce", "keras", "tensorflow", "tf_keras", "numpy", "sklearn", "pandas", "runpy"}
)

_noted: dict[int, tuple[weakref.ref[Any], dict[str, Site]]] = {}


def note(obj: Any, kind: str = "built") -> Site | None:
    """Remember the user's line that is being executed as the place of `obj`."""
    site = calling_site()
    if site is None:
        return None
    key = id(obj)
    known = _noted.get(key)
    if known is not None and known[0]() is obj:
        known[1][kind] = site
        return site
    try:
        reference = weakref.ref(obj, lambda _: _noted.pop(key, None))
    except TypeError:  # a class with slots and no weak references
        return site
    _noted[key] = (reference, {kind: site})
    return site


def site_of(obj: Any, kind: str = "built") -> Site | None:
    """The place that was noted for `obj`: where it was `built`, or where `compile` was called."""
    known = _noted.get(id(obj))
    return known[1].get(kind) if known is not None and known[0]() is obj else None


def carry(source: Any, target: Any) -> None:
    """`target` was made from `source`: what was noted for that one holds for it."""
    known = _noted.get(id(source))
    if known is not None and known[0]() is source:
        key = id(target)
        _noted[key] = (weakref.ref(target, lambda _: _noted.pop(key, None)), dict(known[1]))


def noted_objects() -> list[Any]:
    """Everything with a place that is still alive, in the order it was built."""
    alive = [reference() for reference, _ in list(_noted.values())]
    return [obj for obj in alive if obj is not None]


def forget() -> None:
    """Start anew, for the next script."""
    _noted.clear()


def calling_site() -> Site | None:
    """The innermost line of the user's code on the stack of this thread."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack reads every source file
    while frame is not None:
        if is_users(frame):
            return site_at(frame, frame.f_lineno)
        if is_runner(frame):
            return None
        frame = frame.f_back
    return None


def site_at(frame: FrameType, line: int) -> Site:
    """The place of a frame; files below the working directory are named relative to it."""
    from convalesce.core import Site

    file = frame.f_code.co_filename
    with contextlib.suppress(ValueError):
        file = Path(file).relative_to(_start()).as_posix()
    return Site(file, line)


def is_users(frame: FrameType) -> bool:
    """A frame of the user's own: not of a library, of Python, or of convalesce."""
    file = frame.f_code.co_filename
    name = str(frame.f_globals.get("__name__", ""))
    if is_ours(frame) or file.startswith("<") or "__autograph_generated_file" in file:
        return False
    if name == "__main__":
        return True
    return name.partition(".")[0] not in LIBRARIES and not file.startswith(_libraries())


def is_users_module(name: str) -> bool:
    """A module of the user's own, by its name."""
    if name == "__main__":
        return True
    file = str(getattr(sys.modules.get(name), "__file__", None) or "<none>")
    own = name.partition(".")[0] not in LIBRARIES
    return own and not file.startswith(("<", *_libraries()))


def is_ours(frame: FrameType) -> bool:
    """A frame of convalesce itself, run by `python -m` included."""
    spec = frame.f_globals.get("__spec__")
    name = str(getattr(spec, "name", None) or frame.f_globals.get("__name__", ""))
    return name.partition(".")[0] == "convalesce"


def is_runner(frame: FrameType) -> bool:
    """The frame of ours in which the user's script was started."""
    return bool(frame.f_globals.get("__name__") == "convalesce.observe.script")


@cache
def _libraries() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    found = {paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    found |= {str(p) for p in sys.path if p.endswith(("site-packages", "dist-packages"))}
    return tuple(os.path.join(path, "") for path in sorted(found))  # noqa: PTH118 - a prefix


_start_folder: list[Path] = []


def start_at(folder: Path) -> None:
    """Name files relative to this folder, whatever the script makes its working directory."""
    _start_folder[:] = [folder]


def _start() -> Path:
    return _start_folder[0] if _start_folder else Path.cwd()
