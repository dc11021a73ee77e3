"""Runs a script as `python SCRIPT ARGS…` or `python -m MODULE ARGS…` would, and watches it train.

The script gets a fresh `__main__`, its own `sys.argv` and `sys.path[0]`; its stdout, its exit
status and the traceback of its exceptions are what Python makes of them. Nothing here imports
Keras: a script may set `KERAS_BACKEND` before it does.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convalesce.observe import sites
from convalesce.observe.guard import guarded
from convalesce.observe.hook import watching
from convalesce.observe.opened import listening
from convalesce.observe.options import Options
from convalesce.observe.trace import print_as_python_would

if TYPE_CHECKING:
    from convalesce import core

INTERRUPTED = 128 + signal.SIGINT


class UnusableScript(Exception):
    """There is nothing to run: the message says what was found and what to do."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a script ended: its exit status, and the exception where one was not caught."""

    status: int
    crash: core.Crash | None = None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run, and how Python would set it up.

    Attributes:
        name: As the user named it.
        argv0: First entry of `sys.argv`.
        folder: First entry of `sys.path`.
        load: Compiles it and gives its fresh `__main__`; raises what the source raises.
    """

    name: str
    argv0: str
    folder: str
    load: Callable[[], tuple[types.CodeType, types.ModuleType]]


def observe_script(
    target: str,
    args: Sequence[str],
    options: Options,
    *,
    module: bool = False,
) -> core.Run:
    """Run a script to its end and hand over what was seen of every fit.

    Args:
        target: Path of the script, or with `module` the dotted name of a module.
        args: Handed to the script untouched.
        options: How closely to look.
        module: Run as `python -m` would.

    Raises:
        UnusableScript: There is no such script or module, or it is no Python source.
    """
    program = _module(target) if module else _script(target)
    process = os.getpid()
    with _set_up(program, args):
        with watching(options) as seen, listening(program.folder, os.getcwd()) as opened:  # noqa: PTH109
            ended = _run(program)
        if os.getpid() != process:  # a fork that the script made has come to its own end
            raise SystemExit(ended.status)
        from convalesce import core

        if ended.crash is None and not ended.interrupted:
            seen.read_put_off()
        fits = seen.fits()
    remarks = seen.remarks
    reads: tuple[core.ReadFile, ...] = ()
    with guarded(remarks, "reading which files were opened"):
        reads = opened.files()
    if not fits and not remarks and ended.crash is None and not ended.interrupted:
        remarks.append(_no_fit(program.name))
    return core.Run(
        script=program.name,
        fits=tuple(fits),
        status=ended.status,
        crash=ended.crash,
        interrupted=ended.interrupted,
        cut=options.cut is not None,
        remarks=tuple(dict.fromkeys(remarks)),
        reads=reads,
    )


def _no_fit(name: str) -> str:
    if "keras" not in sys.modules:
        return f"{name} did not import Keras, so there was no training to observe."
    return (
        f"{name} called no `fit` of Keras. Seen are `Model.fit`, `train_on_batch` and loops that "
        "hand gradients to a Keras optimizer."
    )


# ---- what to run -----------------------------------------------------------------------------


def _script(target: str) -> Program:
    path = Path(target)
    if path.is_dir():
        raise UnusableScript(f"{target} is a folder. Name a Python script in it.")
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        raise UnusableScript(
            f"There is no file {target} in {Path.cwd()}. Name a Python script, or use -m for a "
            "module."
        ) from None
    except OSError as error:
        raise UnusableScript(f"{target} cannot be read: {error.strerror}.") from None
    if b"\0" in source:
        raise UnusableScript(
            f"{target} is no Python source: it holds binary data. Name the script that trains."
        )
    file = os.path.abspath(target)  # noqa: PTH100 - as Python does it: links stay

    def load() -> tuple[types.CodeType, types.ModuleType]:
        main = types.ModuleType("__main__")
        vars(main).update(
            __annotations__={},
            __builtins__=sys.modules["builtins"],
            __cached__=None,
            __file__=file,
            __loader__=SourceFileLoader("__main__", file),
        )
        return compile(source, file, "exec", dont_inherit=True), main

    return Program(target, target, os.path.dirname(os.path.realpath(target)), load)  # noqa: PTH120


def _module(target: str) -> Program:
    """A module by its dotted name; a package's `__main__`, as `python -m` runs it."""

    def load() -> tuple[types.CodeType, types.ModuleType]:
        spec = _find(target)
        code = spec.loader.get_code(spec.name) if spec.loader is not None else None
        if code is None:
            raise UnusableScript(f"{target} has no Python code that could be run.")
        main = types.ModuleType("__main__")
        vars(main).update(
            __annotations__={},
            __builtins__=sys.modules["builtins"],
            __cached__=spec.cached,
            __file__=spec.origin,
            __loader__=spec.loader,
            __package__=spec.parent,
            __spec__=spec,
        )
        sys.argv[0] = str(spec.origin)
        return code, main

    return Program(f"-m {target}", "-m", str(Path.cwd()), load)


def _find(name: str) -> Any:
    """The specification of a module; its parent packages are imported."""
    try:
        spec = None if name.startswith(".") else importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        spec = None
    except ValueError:
        spec = None
    if spec is None:
        raise UnusableScript(
            f"There is no module {name}. It is looked for in {sys.path[0]} and in what is "
            "installed."
        )
    return _find(f"{name}.__main__") if spec.submodule_search_locations is not None else spec


# ---- running it ------------------------------------------------------------------------------


@contextmanager
def _set_up(program: Program, args: Sequence[str]) -> Iterator[None]:
    """The process as the script expects it; afterwards as it was.

    Functions that the script gave to `atexit` find their `__main__`, their arguments and their
    working directory again when Python ends.
    """
    before = (sys.argv, list(sys.path), sys.modules.get("__main__"), Path.cwd())
    exits = _exit_functions()
    sys.argv = [program.argv0, *args]
    if not sys.flags.safe_path:
        sys.path[0:1] = [program.folder]
    sites.forget()
    sites.start_at(before[3])
    try:
        yield
    finally:
        main, folder = sys.modules.get("__main__"), _working_directory()
        left = (sys.argv, list(sys.path))
        sys.argv, sys.path[:] = before[:2]
        if before[2] is not None:
            sys.modules["__main__"] = before[2]
        os.chdir(before[3])
        if main is not None and _exit_functions() > exits:
            atexit.register(_put_back, main, folder, *left)


def _put_back(main: types.ModuleType, folder: Path | None, argv: list[str], path: Any) -> None:
    sys.modules["__main__"] = main
    sys.argv, sys.path[:] = argv, path
    if folder is not None:
        with suppress(OSError):
            os.chdir(folder)


def _exit_functions() -> int:
    return atexit._ncallbacks()  # noqa: SLF001 - there is no other way to ask


def _working_directory() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _run(program: Program) -> Ended:
    known = set(threading.enumerate())
    error: BaseException | None = None
    try:
        code, main = program.load()
        sys.modules["__main__"] = main
        exec(code, vars(main))  # noqa: S102 - this is what we are for
    except UnusableScript:
        raise
    except BaseException as raised:  # noqa: BLE001 - whatever ends a script ends it here
        error = raised
    ended = Ended(0) if error is None else _ended_by(error)  # outside of the handler, as in Python
    _join_threads(known)
    _flush()
    return ended


def _ended_by(error: BaseException) -> Ended:
    """Tell of it as Python would, and read what it says."""
    if isinstance(error, SystemExit):
        return Ended(_exit_status(error.code))
    print_as_python_would(error)
    if isinstance(error, KeyboardInterrupt):
        return Ended(INTERRUPTED, interrupted=True)
    from convalesce.observe.crash import crash_of

    remarks: list[str] = []
    ended = Ended(1)
    with guarded(remarks, "reading the exception"):
        ended = replace(ended, crash=crash_of(error))
    if ended.crash is None:
        ended = replace(ended, crash=_bare_crash(error))
    return ended


def _bare_crash(error: BaseException) -> core.Crash:
    from convalesce import core

    return core.Crash(exception=type(error).__name__, message=str(error), phase="other")


def _exit_status(code: Any) -> int:
    """The status of `sys.exit(code)`; a text goes to stderr and is a failure."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if os.name == "posix" else code
    with suppress(Exception):
        sys.stdout.flush()
        print(code, file=sys.stderr)  # noqa: T201 - Python's own answer to a text
    return 1


def _join_threads(known: set[threading.Thread]) -> None:
    """Wait for the script's own threads, as Python does when a script ends.

    Pools of libraries wait for Python's end themselves, so they are left alone.
    """
    with suppress(KeyboardInterrupt):
        for thread in threading.enumerate():
            if thread not in known and not thread.daemon and sites.is_users_module(_owner(thread)):
                thread.join()


def _owner(thread: threading.Thread) -> str:
    """Module of what runs in a thread."""
    kind = type(thread)
    target = getattr(thread, "_target", None) if kind is threading.Thread else kind
    return str(getattr(target, "__module__", None) or "")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
