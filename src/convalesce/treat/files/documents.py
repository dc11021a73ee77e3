"""Files of settings: read, and one value replaced in the text as it is.

A value is replaced where its key stands, and the text is then parsed again: it must say the same as
before but for that one value. So comments and layout stay, and an edit that would hit another place
is never made.
"""

from __future__ import annotations

import ast
import configparser
import copy
import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from pathlib import PurePath
from typing import Any

LARGEST = 256_000  # bytes; settings are small
ROWS = 200  # of a table that may hold settings

Path = tuple[str | int, ...]
SCALAR = r""""(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\[[^\]]*\]|\([^)]*\)|[^\s,;#}\]]+"""
SECTION = "\0"  # of what stands above the first section


def parse(name: str, text: str) -> Any:
    """What a file of settings says, as plain values; None where it is no such file."""
    reader = READERS.get(PurePath(name).suffix.lower())
    if reader is None and PurePath(name).name.startswith(".env"):
        reader = _lines
    if reader is None:
        return None
    with suppress(Exception):  # whatever a parser raises: it is not a file of its kind
        found = reader(text)
        return found if isinstance(found, dict | list) else None
    return None


def leaves(document: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value with its keys; lists of plain values whole as well."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from leaves(value, (*path, key))
    elif isinstance(document, list | tuple):
        if path and not any(isinstance(v, dict | list) for v in document):
            yield path, document
        for i, value in enumerate(document):
            if isinstance(value, dict):
                yield from leaves(value, (*path, i))
    elif path:
        yield path, document


def edited(name: str, text: str, path: Path, new: Any) -> str | None:
    """The text with another value at the path; None where no edit changes just that."""
    before = parse(name, text)
    for candidate in (*_after_key(text, str(path[-1]), new), *_in_columns(text, path, new)):
        now = parse(name, candidate)
        if now is not None and _differs_there_only(before, now, path, new):
            return candidate
    return None


def _differs_there_only(before: Any, now: Any, path: Path, new: Any) -> bool:
    wanted = copy.deepcopy(before)
    holder = wanted
    for key in path[:-1]:
        holder = holder[key]
    found: Any = now
    with suppress(KeyError, IndexError, TypeError):
        for key in path:
            found = found[key]
        if _says(found, new):
            holder[path[-1]] = found
            return bool(wanted == now)
    return False


def _says(found: Any, new: Any) -> bool:
    """Whether a value is the new one; files without types hold texts."""
    if isinstance(new, tuple):
        return isinstance(found, list | tuple) and [float(v) for v in found] == list(new)
    if isinstance(found, str) and not isinstance(new, str):
        return found.lower() == plain(new).lower()
    return bool(found == new)


def _after_key(text: str, key: str, new: Any) -> Iterator[str]:
    """The value behind each place where the key stands."""
    name = rf"""(?P<quote>["']?)(?<![\w-]){re.escape(key)}(?P=quote)"""
    typed = r"(?:\s*:\s*[A-Za-z_][\w.\[\]| ]*(?==|\s=))?"  # of a Python assignment
    pattern = rf"(?im){name}{typed}\s*[:=,]\s*(?P<value>{SCALAR})"
    for match in re.finditer(pattern, text):
        start, end = match.span("value")
        yield text[:start] + _like(match["value"], new) + text[end:]


def _in_columns(text: str, path: Path, new: Any) -> Iterator[str]:
    """A table of one row: the field below its heading."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2 or len(path) != 1:
        return
    mark = "\t" if "\t" in lines[0] else ","
    heads = [head.strip() for head in lines[0].strip().split(mark)]
    fields = lines[1].rstrip("\r\n").split(mark)
    if path[0] in heads and len(fields) == len(heads):
        fields[heads.index(str(path[0]))] = plain(new)
        end = lines[1][len(lines[1].rstrip("\r\n")) :]
        yield "".join([lines[0], mark.join(fields) + end, *lines[2:]])


def _like(old: str, new: Any) -> str:
    """The new value, written as the old one is: quoted, as a list, or bare."""
    if old[:1] in {'"', "'"}:
        return f"{old[0]}{plain(new)}{old[0]}"
    if isinstance(new, bool):
        return plain(new).capitalize() if old[:1].isupper() else plain(new)
    if isinstance(new, tuple):
        left, right = ("(", ")") if old.startswith("(") else ("[", "]")
        return left + ", ".join(plain(v) for v in new) + right
    return plain(new)


def plain(value: Any) -> str:
    """A value as text: numbers without an exponent, which YAML would take for a word."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(plain(v) for v in value) + "]"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return str(int(value))
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) else str(value)


def _yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 - there where the user's script reads YAML

    return _unshared(yaml.safe_load(text))


def _unshared(value: Any) -> Any:
    """With a copy wherever an alias stands, so that each place has a value of its own."""
    if isinstance(value, dict):
        return {k: _unshared(v) for k, v in value.items()}
    return [_unshared(v) for v in value] if isinstance(value, list) else value


def _ini(text: str) -> Any:
    parser = configparser.ConfigParser(interpolation=None, default_section=SECTION)
    parser.read_string(f"[{SECTION}]\n{text}")
    above = dict(parser.items(SECTION))
    return above | {
        s: {k: v for k, v in parser.items(s) if k not in above or v != above[k]}
        for s in parser.sections()
    }


def _lines(text: str) -> Any:
    """`NAME=value` on each line."""
    found = {}
    for line in text.splitlines():
        bare = line.strip().removeprefix("export ")
        if not bare or bare.startswith("#"):
            continue
        key, mark, value = bare.partition("=")
        if not mark:
            return None
        found[key.strip()] = value.strip().strip("\"'")
    return found


def _table(text: str) -> Any:
    """Rows of a name and a value, or a row of names and one of values."""
    mark = "\t" if "\t" in text.partition("\n")[0] else ","
    rows = [
        [f.strip() for f in row] for row in csv.reader(io.StringIO(text), delimiter=mark) if row
    ]
    if len(rows) > ROWS:
        return None
    if len(rows) == 2 and len(rows[0]) == len(rows[1]) > 2:
        return dict(zip(*rows, strict=True))
    return dict(rows) if all(len(row) == 2 for row in rows) else None


def _python(text: str) -> Any:
    """Plain values assigned in a module, and in the classes of it."""
    return _assigned(ast.parse(text).body)


def _assigned(body: list[ast.stmt]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for statement in body:
        if isinstance(statement, ast.ClassDef):
            found[statement.name] = _assigned(statement.body)
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target: Any = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            continue
        if isinstance(target, ast.Name) and isinstance(value, ast.expr):
            with suppress(ValueError):
                found[target.id] = ast.literal_eval(value)
    return found


READERS: dict[str, Callable[[str], Any]] = {
    ".json": json.loads,
    ".toml": tomllib.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".ini": _ini,
    ".cfg": _ini,
    ".conf": _ini,
    ".properties": _lines,
    ".env": _lines,
    ".csv": _table,
    ".tsv": _table,
    ".py": _python,
}
