"""Writes changes into a script, each by the writer of its name."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from convalesce.core import Change
from convalesce.treat import patch as writers
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.facts import Facts
from convalesce.treat.patch.source.patched import Left, Patched
from convalesce.treat.patch.source.script import Script, read


def patched(source: str, changes: Sequence[Change], facts: Facts) -> Patched:
    """The script with the changes in it; see `convalesce.treat.patch.patch`."""
    made: list[Change] = []
    left: list[Left] = []
    script = read(source, facts)
    for change in changes:
        module, draft = writer(change), Draft(script)
        try:
            module.write(change, draft)
            script = _edited(script, draft)
        except NoFaithfulEdit as why:
            snippet = why.snippet or str(getattr(module, "SNIPPET", ""))
            left.append(Left(change, why.reason, snippet, _before(script, why.line)))
        else:
            made.append(change)
    return Patched(source, script.text, tuple(made), tuple(left))


def writer(change: Change) -> Any:
    """The module that is named for a change.

    It has `write(change, draft)`, and as `SNIPPET` what to write by hand where an edit fails and
    the error says nothing better.

    Raises:
        LookupError: The package has no such module.
    """
    name = re.sub(r"(?<=.)(?=[A-Z])", "_", type(change).__name__).lower()
    if name not in {module.name for module in pkgutil.iter_modules(writers.__path__)}:
        raise LookupError(
            f"no writer for {type(change).__name__}: expected a module `{name}` with a function "
            f"`write(change, draft)` in {writers.__name__}"
        )
    return import_module(f"{writers.__name__}.{name}")


def _edited(script: Script, draft: Draft) -> Script:
    """The next state of the script, checked to be Python."""
    if not draft.splices:
        return script
    edited = script.edited(draft.splices)
    try:
        compile(edited.text, "<patched>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise NoFaithfulEdit(f"the edit would not be valid Python: {error}") from error
    return edited


def _before(script: Script, line: int | None) -> int | None:
    """The line of the script as it ran for one of its present lines: the nearest above."""
    if line is None:
        return None
    return max((i for i, now in enumerate(script.lines, 1) if now <= line), default=1)
