"""How a library's name is written in this script; imports are added where there is no way yet."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.script import KERAS, Script, dotted


def spell(draft: Draft, symbol: str, like: cst.Call | None = None) -> str:
    """The name as this script writes such names; its import is added where it lacks.

    Args:
        draft: Takes the import.
        symbol: Full name, e.g. `keras.layers.Dropout`, `sklearn.utils.shuffle`.
        like: A call beside the place, whose style is kept.
    """
    module, _, name = symbol.rpartition(".")
    styled = _like(draft, module, name, like)
    if styled:
        return styled
    bound = {full: alias for alias, full in _bound(draft.script)}
    if symbol in bound:
        return bound[symbol]
    if module in bound:
        return f"{bound[module]}.{name}"
    inside = symbol.removeprefix("keras.")
    if inside != symbol and "keras" in bound:
        return f"{bound['keras']}.{inside}"
    if inside != symbol and "tensorflow" in bound:
        return f"{bound['tensorflow']}.keras.{inside}"
    return _imported(draft, module, name)


def numpy(draft: Draft) -> str:
    """The name that NumPy goes by; its import is added where it lacks."""
    for alias, full in _bound(draft.script):
        if full == "numpy":
            return alias
    _add_import(draft, "import numpy as np")
    return "np"


def tensorflow(draft: Draft) -> str:
    """The name that TensorFlow goes by; its import is added where it lacks."""
    for alias, full in _bound(draft.script):
        if full == "tensorflow":
            return alias
    _add_import(draft, "import tensorflow as tf")
    return "tf"


def _like(draft: Draft, module: str, name: str, like: cst.Call | None) -> str:
    if like is None or draft.script.full_name(like.func).rpartition(".")[0] != module:
        return ""
    if isinstance(like.func, cst.Attribute):
        return f"{dotted(like.func.value)}.{name}"
    for alias, full in _bound(draft.script):
        if full == f"{module}.{name}":
            return alias
    return _extended(draft, module, name)


def _bound(script: Script) -> Iterator[tuple[str, str]]:
    """Imported names that nothing else in the script takes, Keras's normalised."""
    for alias, full in script.imported.items():
        if alias not in _rebound(script):
            yield alias, KERAS.sub("keras", full)


def _rebound(script: Script) -> set[str]:
    names = {dotted(p.name) for p in script.of(cst.Param)}
    targets = [t.target for t in script.of(cst.AssignTarget)]
    return names | {dotted(t) for t in targets if dotted(t) not in script.imported}


def _imported(draft: Draft, module: str, name: str) -> str:
    extended = _extended(draft, module, name)
    if extended:
        return extended
    if not module.startswith("keras"):
        _add_import(draft, f"from {module} import {name}")
        return name
    for source in _from_imports(draft.script):
        if _module(source).startswith("keras"):
            base = "tensorflow.keras" if dotted(source.module).startswith("tensorflow") else "keras"
            _add_import(draft, f"from {base}{module[5:]} import {name}")
            return name
    _add_import(draft, "import keras")
    return f"{module}.{name}"


def _extended(draft: Draft, module: str, name: str) -> str:
    """`from module import …` with one name more; empty where there is no such import."""
    for source in _from_imports(draft.script):
        if _module(source) != module:
            continue
        if isinstance(source.names, cst.ImportStar):
            return name
        _add_name(draft, source, name)
        return name
    return ""


def _from_imports(script: Script) -> Iterator[cst.ImportFrom]:
    for source in script.of(cst.ImportFrom):
        if isinstance(script.parent(script.statement(source)), cst.Module) and source.module:
            yield source


def _module(source: cst.ImportFrom) -> str:
    return KERAS.sub("keras", dotted(source.module))


def _add_name(draft: Draft, source: cst.ImportFrom, name: str) -> None:
    script = draft.script
    if f"{_module(source)}.{name}" in draft.imports:
        return
    draft.imports.add(f"{_module(source)}.{name}")
    assert not isinstance(source.names, cst.ImportStar)  # noqa: S101 - told apart by the caller
    names = list(source.names)
    written = [script.code(n.name) for n in names]
    own_lines = len(names) > 1 and all(script.opens_line(n) for n in names[1:])
    places = [i for i, w in enumerate(written) if w.lower() > name.lower()]
    in_order = written == sorted(written) or written == sorted(written, key=str.lower)
    if in_order and places:
        following = names[places[0]]
        gap = f",\n{script.indent(script.start(following))}" if own_lines else ", "
        draft.insert(script.start(following), f"{name}{gap}")
    else:
        last = names[-1]
        end = script.end(last.asname.name if last.asname else last.name)
        gap = f",\n{script.indent(script.start(last))}" if own_lines else ", "
        draft.insert(end, f"{gap}{name}")


def _add_import(draft: Draft, line: str) -> None:
    """Put an import behind the others at the top of the file."""
    script = draft.script
    if line in draft.imports:
        return
    draft.imports.add(line)
    last: cst.BaseStatement | None = None
    for statement in script.tree.body:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        if all(isinstance(s, cst.Import | cst.ImportFrom) for s in small) and small:
            last = statement
        elif last is not None:
            break
    if last is not None:
        draft.after(last, line)
    else:
        body = list(script.tree.body)
        first = body[1] if len(body) > 1 and script.tree.get_docstring() else body[0]
        draft.before(first, line)
