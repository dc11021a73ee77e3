"""The edits of one change, collected while a writer reads the script."""

from __future__ import annotations

import builtins
import keyword
from dataclasses import dataclass, field
from functools import cached_property

import libcst as cst

from convalesce.treat.patch.source.edit import Splice
from convalesce.treat.patch.source.script import Script


@dataclass
class Draft:
    """What a writer does to a script: it reads `script` and asks for splices.

    Attributes:
        splices: Asked for so far.
        taken: Names that were made up, so that none is made up twice.
        imports: Imports that were added.
    """

    script: Script
    splices: list[Splice] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)

    def replace(self, node: cst.CSTNode, text: str) -> None:
        """Put another text in the place of a node; comments inside move in front of the line."""
        script = self.script
        start, end = script.span(node)
        if script.text[start:end] == text:
            return
        inside = [script.code(c) for c in script.of(cst.Comment) if start < script.start(c) < end]
        if inside and not isinstance(node, cst.BaseStatement):
            self.before(script.statement(node), *inside)
        self.splice(start, end, text)

    def insert(self, offset: int, text: str) -> None:
        """Put text in front of a character."""
        self.splice(offset, offset, text)

    def splice(self, start: int, end: int, text: str) -> None:
        """Put another text in the place of some characters; asking twice is asking once."""
        splice = Splice(start, end, text.replace("\n", self.script.newline))
        if start == end or splice not in self.splices:
            self.splices.append(splice)

    def before(self, statement: cst.BaseStatement, *lines: str) -> None:
        """Put lines in front of a statement, indented as it is."""
        script = self.script
        start = script.start(statement)
        if isinstance(statement, cst.FunctionDef | cst.ClassDef) and statement.decorators:
            start = script.start(statement.decorators[0])
        indent = script.indent(start)
        rest = [f"{indent}{line}" if line else "" for line in lines[1:]]
        self.insert(start, "\n".join([*lines[:1], *rest, indent]))

    def after(self, statement: cst.BaseStatement, *lines: str) -> None:
        """Put lines behind a statement and what is commented on its line."""
        script = self.script
        indent = script.indent(script.start(statement))
        end = script.line_end(script.end(statement))
        self.insert(end, "".join(f"\n{indent}{line}" if line else "\n" for line in lines))

    def remove(self, statement: cst.BaseStatement) -> None:
        """Take a statement and its lines out; its block must hold another one."""
        script = self.script
        start = script.starts[script.line(statement) - 1]
        last = script.line_at(max(script.end(statement) - 1, 0))
        end = script.starts[last] if last < len(script.starts) else len(script.text)
        self.splice(start, end, "")

    def fresh(self, name: str) -> str:
        """A name that the script doesn't use: the wished one, or with a number."""
        number, wish = 2, name
        while wish in self._used or wish in self.taken:
            wish, number = f"{name}_{number}", number + 1
        self.taken.add(wish)
        return wish

    @cached_property
    def _used(self) -> set[str]:
        names = {n.value for n in self.script.of(cst.Name)}
        return names | set(dir(builtins)) | set(keyword.kwlist)
