"""One command for each chore: `python3 dev.py check` and `python3 dev.py demo`.

Makes a virtual environment in `.venv` (or in `$DEV_VENV`) and installs what is needed there. Only
the standard library is used. `--cpu` installs TensorFlow without GPU support.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST_PYTHON = (3, 11)

CHECKS = {
    "ruff check": ["-m", "ruff", "check"],
    "ruff format": ["-m", "ruff", "format", "--check"],
    "mypy": ["-m", "mypy"],
    "lint-imports": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
    "pages": ["tools/pages.py", "--check"],
    "pytest": ["-m", "pytest", "-q", "-n", "3"],
}


def main() -> int:
    """Carry out the chore that was asked for; its exit status."""
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__)
    parser.add_argument("chore", choices=["check", "demo"])
    parser.add_argument("--cpu", action="store_true", help="TensorFlow without GPU support")
    parser.add_argument("--only", choices=list(CHECKS), help="run this check alone")
    asked = parser.parse_args()
    if sys.version_info < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        print(f"dev.py needs Python {oldest} or newer; this is {platform.python_version()}.")
        return 2
    if asked.chore == "demo":
        python = environment("cpu" if asked.cpu else "tensorflow", group=None)
        return subprocess.call([python, "-m", "convalesce", "demo"], cwd=ROOT)
    return check(environment("cpu", group="dev"), asked.only)


def check(python: Path, only: str | None) -> int:
    """Run every check, also after one that fails, and say which failed."""
    failed = []
    for name, command in CHECKS.items():
        if only not in {None, name}:
            continue
        print(f"── {name}", flush=True)
        begun = time.monotonic()
        if subprocess.call([python, *command], cwd=ROOT, env=plain_environment()):
            failed.append(name)
        print(f"   {time.monotonic() - begun:.0f} s", flush=True)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def environment(extra: str, group: str | None) -> Path:
    """Python of an environment with this package and the TensorFlow of `extra` in it."""
    folder = Path(os.environ.get("DEV_VENV") or ROOT / ".venv")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    extra = extra if tensorflow_cpu_exists() else "tensorflow"
    wanted = [f"-e.[{extra}]", *(["--group", group] if group else [])]
    stamp = folder / "installed.txt"
    state = digest(wanted)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == state and python.exists():
        return python
    print(f"installing into {folder}", flush=True)
    if not python.exists():
        subprocess.check_call([sys.executable, "-m", "venv", folder])
    pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.check_call([*pip, "--upgrade", "pip>=25.1"], env=plain_environment())
    subprocess.check_call([*pip, *wanted], cwd=ROOT, env=plain_environment())
    stamp.write_text(state, encoding="utf-8")
    return python


def tensorflow_cpu_exists() -> bool:
    """`tensorflow-cpu` is published for 64-bit Linux and Windows on x86."""
    return platform.system() in {"Linux", "Windows"} and platform.machine() in {"x86_64", "AMD64"}


def digest(wanted: list[str]) -> str:
    """What an environment was made from; it is installed anew when this changes."""
    project = (ROOT / "pyproject.toml").read_bytes()
    return hashlib.sha256(project + repr(wanted).encode()).hexdigest()


def plain_environment() -> dict[str, str]:
    """The environment without what would let other installations in."""
    left_out = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    return {k: v for k, v in os.environ.items() if k not in left_out}


if __name__ == "__main__":
    sys.exit(main())
