"""What a run depended on beside its script: versions, platform, commit, settings of the system."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("tensorflow", "tensorflow-cpu", "keras", "numpy", "scikit-learn", "pandas", "scipy")
# Settings that change what is computed. No others are kept: they may hold secrets.
VARIABLES = (
    "CUDA_VISIBLE_DEVICES",
    "KERAS_BACKEND",
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "TF_CUDNN_DETERMINISTIC",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_GPU_ALLOCATOR",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_XLA_FLAGS",
    "XLA_FLAGS",
)
GIT_PATIENCE_S = 2.0


def environment() -> dict[str, Any]:
    """Python, platform, versions of what is installed, and settings that change a training."""
    import convalesce  # noqa: PLC0415 - its version, not its parts

    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "convalesce": convalesce.__version__,
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "packages": found,
        "variables": {name: os.environ[name] for name in VARIABLES if name in os.environ},
    }


def loaded() -> dict[str, str]:
    """Versions of the packages that were imported, by module."""
    found = {}
    for name, module in sorted(sys.modules.copy().items()):
        if "." in name or name.startswith("_") or name in sys.stdlib_module_names:
            continue
        with suppress(Exception):  # a module may be any object, and do anything when asked
            version = vars(module).get("__version__")
            if isinstance(version, str):
                found[name] = version
    return found


def source(script: str, *, module: bool) -> tuple[Path | None, bytes]:
    """The file behind a script and its bytes; none for a module, which only Python can find."""
    path = Path(script)
    if module:
        return None, b""
    try:
        return path.absolute(), path.read_bytes()
    except OSError:
        return None, b""


def digest(data: bytes) -> str:
    """SHA-256, empty for nothing."""
    return hashlib.sha256(data).hexdigest() if data else ""


def commit(file: Path | None) -> dict[str, Any]:
    """The commit that a file's folder stands at, and whether the file was changed since."""
    git = shutil.which("git")
    if git is None:
        return {}
    folder = file.parent if file is not None else Path.cwd()
    head = _git([git, "rev-parse", "HEAD"], folder)
    if not head:
        return {}
    changed = None
    if file is not None:
        status = _git([git, "status", "--porcelain", "--", file.name], folder)
        changed = status is None or bool(status)
    return {"commit": head, "changed": changed}


def _git(command: list[str], folder: Path) -> str | None:
    """What git prints; None where it fails, is slow, or there is no repository."""
    try:
        done = subprocess.run(  # noqa: S603 - git itself, with arguments of ours
            command,
            cwd=folder,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=GIT_PATIENCE_S,
            check=False,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
