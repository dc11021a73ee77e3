"""A copy of the user's folder, in which a script can be run without touching the original."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from convalesce import core

LARGEST = 50_000_000  # bytes of a folder that is copied whole
MOST = 5000  # files of such a folder
LINKED = 5_000_000  # bytes from which a file that is only read is linked, where not all is copied
LEFT_OUT = frozenset({"node_modules", "__pycache__", "site-packages", "mlruns"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the copy lies.

    Attributes:
        script: The script in it.
        here: The working directory in it.
        top: The folder that holds all of it.
        whole: Everything was copied, not only what the script was seen to read.
    """

    script: Path
    here: Path
    top: Path
    whole: bool


def staged(script: Path, here: Path, reads: Sequence[core.ReadFile], top: Path) -> Stage:
    """Copy the working directory and the script's folder below `top`.

    Where they are too large, only Python files and the files that the script was seen to read
    are there, large ones as links.

    Raises:
        OSError: A file could not be copied.
    """
    folder = script.parent
    roots = [here] if folder.is_relative_to(here) else [folder]
    if not here.is_relative_to(folder) and not folder.is_relative_to(here):
        roots = [here, folder]
    whole = all(_small(root) for root in roots)
    places = {root: top / str(i) for i, root in enumerate(roots)}
    for root, place in places.items():
        place.mkdir()
        _copy(root, place, None if whole else [here / read.path for read in reads])

    def inside(path: Path) -> Path:
        root = next(root for root in roots if path.is_relative_to(root))
        return places[root] / path.relative_to(root)

    inside(here).mkdir(parents=True, exist_ok=True)
    inside(folder).mkdir(parents=True, exist_ok=True)
    return Stage(inside(script), inside(here), top, whole)


def _small(root: Path) -> bool:
    size = 0
    for count, path in enumerate(_files(root), 1):
        with suppress(OSError):
            size += path.stat().st_size
        if size > LARGEST or count > MOST:
            return False
    return True


def _files(root: Path) -> Iterator[Path]:
    """Files and linked folders, without hidden folders, environments and caches."""
    for folder, names, files in os.walk(root):
        at = Path(folder)
        names[:] = [n for n in names if not n.startswith(".") and n not in LEFT_OUT]
        names[:] = [n for n in names if not (at / n / "pyvenv.cfg").exists()]
        yield from (at / n for n in names if (at / n).is_symlink())
        yield from (at / n for n in files)


def _copy(root: Path, place: Path, only: list[Path] | None) -> None:
    """Files of the root; of `only`, Python files beside."""
    if only is None:
        chosen = list(_files(root))
    else:
        chosen = [path for path in only if path.is_relative_to(root) and path.is_file()]
        chosen += [path for _, path in zip(range(MOST), _python(root), strict=False)]
    for path in dict.fromkeys(chosen):
        target = place / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        large = only is not None and path.suffix != ".py" and path.stat().st_size > LINKED
        if path.is_dir() or large:
            target.symlink_to(path.resolve())
        elif path.is_file():
            shutil.copy(path, target)


def _python(root: Path) -> Iterator[Path]:
    return (path for path in _files(root) if path.suffix == ".py")
