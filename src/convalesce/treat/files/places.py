"""Where a setting may come from: a file, the command line, the environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convalesce import core
from convalesce.treat.files import documents
from convalesce.treat.files.setting import Setting

COMMAND, ENVIRONMENT = "the command line", "the environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a script was started with.

    Attributes:
        here: The working directory that it was started in.
        reads: Files that it read.
        arguments: Behind its name on the command line.
        environment: Names and values; only those that the script names are looked at.
    """

    here: Path
    reads: tuple[core.ReadFile, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def bytes_of(self, read: core.ReadFile, most: int) -> bytes | None:
        """A file as the script read it; None where it is too large, gone, or changed since."""
        path = self.here / read.path
        with suppress(OSError):
            now = path.stat()
            unchanged = (now.st_size, now.st_mtime_ns) == (read.size, read.changed_ns)
            if unchanged and now.st_size <= most:
                return path.read_bytes()
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One value that may be the setting.

    Attributes:
        file: As read; `COMMAND` or `ENVIRONMENT` where it is none.
        keys: Down to the value; of the command line and the environment, the one name.
        shown: The value as it was given.
        line: Of the script, where the default stands that is in force; 0 where none is.
    """

    file: str
    keys: documents.Path
    shown: str
    line: int = 0

    def __str__(self) -> str:
        if self.file == COMMAND:
            return f"option {self.keys[0]}"
        if self.file == ENVIRONMENT:
            return f"variable {self.keys[0]}"
        return f"{self.name} in {self.file}"

    @property
    def name(self) -> str:
        """`optimizer.learning_rate`."""
        return ".".join(str(key) for key in self.keys)


def texts(around: Surroundings, script: Path) -> dict[str, str]:
    """The text of each file of settings that the script read."""
    found = {}
    for read in around.reads:
        if (around.here / read.path).resolve() == script.resolve():
            continue
        data = around.bytes_of(read, documents.LARGEST)
        with suppress(UnicodeDecodeError):
            if data is not None and documents.parse(read.path, text := data.decode()) is not None:
                found[read.path] = text
    return found


def places(
    setting: Setting, read: Mapping[str, str], around: Surroundings, source: str
) -> tuple[Place, ...]:
    """Everywhere that the old value stands under a plausible name."""
    return (
        *_in_files(setting, read),
        *_in_script(setting, around, source),
    )


def _in_files(setting: Setting, read: Mapping[str, str]) -> Iterator[Place]:
    for file, text in read.items():
        for keys, value in documents.leaves(documents.parse(file, text)):
            if isinstance(keys[-1], str) and setting.named(keys[-1]) and setting.holds(value):
                yield Place(file=file, keys=keys, shown=documents.plain(_shown(value)))


def _in_script(setting: Setting, around: Surroundings, source: str) -> Iterator[Place]:
    """Options and variables that the script asks for; what was given goes before a default."""
    given = dict(_given(around.arguments))
    for option, default, stands in _options(source):
        said = next((given[o] for o in option if o in given), None)
        value, name = (default if said is None else said), max(option, key=len)
        line = stands if said is None else 0
        if setting.named(name) and setting.holds(value):
            yield Place(file=COMMAND, keys=(name,), shown=documents.plain(value), line=line)
    seen = set()
    for variable, default, line in _variables(source):
        value = around.environment.get(variable, default)
        if variable not in seen and setting.named(variable) and setting.holds(value):
            seen.add(variable)
            yield Place(file=ENVIRONMENT, keys=(variable,), shown=str(value), line=line)


def _given(arguments: Sequence[str]) -> Iterator[tuple[str, str]]:
    for i, one in enumerate(arguments):
        name, mark, value = one.partition("=")
        if name.startswith("-"):
            yield name, value if mark else next(iter(arguments[i + 1 :]), "")


def _options(source: str) -> Iterator[tuple[tuple[str, ...], Any, int]]:
    """Options of argparse, click and the like: names, default, line."""
    for call in _calls(source):
        if _called(call) not in {"add_argument", "option", "add_option"}:
            continue
        names = tuple(n for n in map(_literal, call.args) if isinstance(n, str))
        names = tuple(n for n in names if n.startswith("-"))
        default = next((_literal(k.value) for k in call.keywords if k.arg == "default"), None)
        if names:
            yield names, default, call.lineno


def _variables(source: str) -> Iterator[tuple[str, Any, int]]:
    """Variables of the environment that the script asks for: name, default, line."""
    for call in _calls(source):
        environ = isinstance(call.func, ast.Attribute) and "environ" in ast.dump(call.func.value)
        if (_called(call) == "get" and environ) or _called(call) == "getenv":
            name, default = [*map(_literal, call.args), None, None][:2]
            if isinstance(name, str):
                yield name, default, call.lineno
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Subscript) and _last(node.value) == "environ":
            name = _literal(node.slice)
            if isinstance(name, str):
                yield name, None, node.lineno


def _calls(source: str) -> list[ast.Call]:
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]


def _called(call: ast.Call) -> str:
    return _last(call.func)


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.expr) -> Any:
    with suppress(ValueError):
        return ast.literal_eval(node)
    return None


def _shown(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
