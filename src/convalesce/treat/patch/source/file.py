"""The script's file: read with what must be kept, and written back whole."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import tempfile
import tokenize
from dataclasses import dataclass
from pathlib import Path

from convalesce.treat.patch.source.patched import Patched


@dataclass(frozen=True, slots=True)
class Original:
    """A script as it lies on disk.

    Attributes:
        text: Line endings as they are.
        sha: SHA-256 of its bytes, hexadecimal.
        encoding: As Python reads it, a byte order mark included.
    """

    text: str
    sha: str
    encoding: str


def load(path: Path) -> Original:
    """Read a script.

    Raises:
        SyntaxError: Its encoding line names none that Python knows.
        UnicodeDecodeError: It isn't in the encoding that it names.
    """
    data = path.read_bytes()
    return Original(decoded(data), hashlib.sha256(data).hexdigest(), encoding_of(data))


def decoded(data: bytes) -> str:
    """The text of a script.

    Raises:
        SyntaxError: Its encoding line names none that Python knows.
        UnicodeDecodeError: It isn't in the encoding that it names.
    """
    return data.decode(encoding_of(data))


def encoding_of(data: bytes) -> str:
    """As Python reads it off a byte order mark or the encoding line."""
    return tokenize.detect_encoding(io.BytesIO(data).readline)[0]


def apply(path: Path, patched: Patched, expected_sha: str) -> Path:
    """Put the mended script in the place of the user's, which is kept beside it.

    The file is replaced in one step: whoever opens it reads the old text or the new one. Line
    endings, encoding and mode are kept; a symbolic link stays one.

    Args:
        path: The script.
        patched: What to write.
        expected_sha: `Original.sha` of the text that was patched.

    Returns:
        Where the original is kept: `train.py.orig`, or the first free of `train.py.orig.1` …

    Raises:
        ValueError: The file is not the one that was patched.
    """
    path = path.resolve()
    now = load(path)
    if now.sha != expected_sha:
        raise ValueError(
            f"{path} changed since it was read: SHA-256 {now.sha[:12]} instead of "
            f"{expected_sha[:12]}. Nothing was written; run `convalesce fix` again."
        )
    if now.text != patched.original:
        raise ValueError(
            f"the patch was made from another text than that of {path}. Nothing was written."
        )
    data = patched.source.encode(now.encoding)
    kept = _keep(path)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(stat.S_IMODE(path.stat().st_mode))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return kept


def _keep(path: Path) -> Path:
    """Copy the file to the first free name beside it."""
    number = 0
    while True:
        kept = path.with_name(f"{path.name}.orig" + (f".{number}" if number else ""))
        try:
            with kept.open("xb") as file:
                file.write(path.read_bytes())
        except FileExistsError:
            number += 1
            continue
        shutil.copystat(path, kept)
        return kept
