"""The user's script, parsed: nodes with their places, parents, scopes and full names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import libcst as cst
from libcst import metadata

from convalesce import core
from convalesce.treat.patch.source.edit import NoFaithfulEdit, Splice, moved, spliced
from convalesce.treat.patch.source.facts import Facts

N = TypeVar("N", bound=cst.CSTNode)
BREAK = re.compile(r"\r\n|\r|\n")
KERAS = re.compile(r"^(tensorflow\.(python\.)?keras|keras\.(api|src)|tf_keras)(?=\.|$)")


class Parsed:
    """What libcst knows of a text; each part is worked out when it is first asked for."""

    def __init__(self, text: str) -> None:
        """Parse it.

        Raises:
            NoFaithfulEdit: It is not Python that libcst can read.
        """
        try:
            module = cst.parse_module(text)
        except cst.ParserSyntaxError as error:
            raise NoFaithfulEdit(f"the script can't be parsed: {error.message}") from error
        self._wrapper = metadata.MetadataWrapper(module, unsafe_skip_copy=True)
        self.tree = self._wrapper.module

    @cached_property
    def places(self) -> Mapping[cst.CSTNode, metadata.CodeRange]:
        """Lines and columns."""
        return self._wrapper.resolve(metadata.PositionProvider)

    @cached_property
    def scopes(self) -> Mapping[cst.CSTNode, metadata.Scope | None]:
        """The scope in which a node is read."""
        return self._wrapper.resolve(metadata.ScopeProvider)

    @cached_property
    def parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        """What holds a node."""
        found: dict[cst.CSTNode, cst.CSTNode] = {}
        left: list[cst.CSTNode] = [self.tree]
        while left:
            node = left.pop()
            for child in node.children:
                found[child] = node
                left.append(child)
        return found


@dataclass(frozen=True, eq=False)
class Script:
    """A script as it stands now, and where its lines were when it ran.

    Attributes:
        lines: Present line (1-based) of each line of the script that was run.
    """

    text: str
    facts: Facts
    lines: Sequence[int]

    @cached_property
    def parsed(self) -> Parsed:
        """Its syntax tree and what libcst knows of it."""
        return _parsed(self.text)

    @property
    def tree(self) -> cst.Module:
        """Its syntax tree."""
        return self.parsed.tree

    @property
    def scopes(self) -> Mapping[cst.CSTNode, metadata.Scope | None]:
        """The scope in which a node is read, where libcst names one."""
        return self.parsed.scopes

    @cached_property
    def starts(self) -> list[int]:
        """Offset of each line."""
        return [0, *(m.end() for m in BREAK.finditer(self.text))]

    @cached_property
    def newline(self) -> str:
        """The line ending of the first line."""
        found = BREAK.search(self.text)
        return found.group() if found else "\n"

    @cached_property
    def nodes(self) -> list[cst.CSTNode]:
        """All nodes that have a place, by the order of their starts, outer ones first."""
        found = [n for n in self.parsed.places if n is not self.tree]
        return sorted(found, key=lambda n: (self.start(n), -self.end(n)))

    @cached_property
    def imported(self) -> dict[str, str]:
        """What the module's imports and plain aliases bind: `layers` → `keras.layers`."""
        bound: dict[str, str] = {}
        for statement in self.of(cst.Import):
            for alias in statement.names:
                full = dotted(alias.name)
                if alias.asname:
                    bound[dotted(alias.asname.name)] = full
                else:
                    bound[full.partition(".")[0]] = full.partition(".")[0]
        for source in self.of(cst.ImportFrom):
            if source.module is None or source.relative or isinstance(source.names, cst.ImportStar):
                continue
            for alias in source.names:
                name = alias.asname.name if alias.asname else alias.name
                bound[dotted(name)] = f"{dotted(source.module)}.{dotted(alias.name)}"
        for assign in self.of(cst.Assign):
            full, target = dotted(assign.value), assign.targets[0].target
            head, _, rest = full.partition(".")
            if isinstance(target, cst.Name) and rest and head in bound:
                bound.setdefault(target.value, f"{bound[head]}.{rest}")
        return bound

    def of(self, kind: type[N]) -> Iterator[N]:
        """All nodes of a kind, in the order of the text."""
        return (n for n in self.nodes if isinstance(n, kind))

    def start(self, node: cst.CSTNode) -> int:
        """Offset of its first character."""
        return self._offset(self.parsed.places[node].start)

    def end(self, node: cst.CSTNode) -> int:
        """Offset behind its last character."""
        return self._offset(self.parsed.places[node].end)

    def _offset(self, place: metadata.CodePosition) -> int:
        if place.line > len(self.starts):  # behind a last line without a break
            return len(self.text)
        return self.starts[place.line - 1] + place.column

    def code(self, node: cst.CSTNode) -> str:
        """Its text, brackets around it included, without the comments and spaces there."""
        start, end = self.span(node)
        return self.text[start:end]

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Offsets of its text, brackets around it included."""
        left: Sequence[cst.CSTNode] = getattr(node, "lpar", ())
        right: Sequence[cst.CSTNode] = getattr(node, "rpar", ())
        return self.start(left[0] if left else node), self.end(right[-1] if right else node)

    def line(self, node: cst.CSTNode) -> int:
        """Line on which it starts, 1-based."""
        return self.parsed.places[node].start.line

    def line_at(self, offset: int) -> int:
        """Line of a character, 1-based."""
        return bisect_right(self.starts, offset)

    def line_of(self, site: core.Site | None, what: str) -> int:
        """Present line of a site.

        Raises:
            NoFaithfulEdit: It is in another file, or not known.
        """
        if site is None:
            raise NoFaithfulEdit(f"where {what} is not known")
        if not self.facts.holds(site):
            raise NoFaithfulEdit(f"{what} is in {site.file}, line {site.line}")
        if not 1 <= site.line <= len(self.lines):
            raise NoFaithfulEdit(f"{what} was in line {site.line}, which is not there any more")
        return self.lines[site.line - 1]

    def line_end(self, offset: int) -> int:
        """Offset of the line break behind a character, or of the end of the text."""
        found = BREAK.search(self.text, offset)
        return found.start() if found else len(self.text)

    def indent(self, offset: int) -> str:
        """White space at the start of a character's line."""
        start = self.starts[self.line_at(offset) - 1]
        found = re.compile(r"[ \t]*").match(self.text, start)
        return found.group() if found else ""

    def opens_line(self, node: cst.CSTNode) -> bool:
        """Nothing but white space stands before it on its line."""
        start = self.start(node)
        return not self.text[self.starts[self.line_at(start) - 1] : start].strip()

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """The node that holds it; the module is its own."""
        return self.parsed.parents.get(node, self.tree)

    def ancestors(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """What holds it, inner ones first, the module excluded."""
        while (node := self.parent(node)) is not self.tree:
            yield node

    def enclosing(self, node: cst.CSTNode, kind: type[N]) -> N | None:
        """The innermost node of a kind that holds it."""
        return next((n for n in self.ancestors(node) if isinstance(n, kind)), None)

    def statement(self, node: cst.CSTNode) -> cst.BaseStatement:
        """The statement that it is part of, one that stands in a block of its own lines.

        Raises:
            NoFaithfulEdit: It stands behind a colon on the same line.
        """
        for each in (node, *self.ancestors(node)):
            if isinstance(each, cst.SimpleStatementSuite):
                break
            block = isinstance(self.parent(each), cst.IndentedBlock | cst.Module)
            if block and isinstance(each, cst.BaseStatement):
                return each
        raise NoFaithfulEdit("the statement has no line of its own", line=self.line(node))

    def block(self, statement: cst.BaseStatement) -> Sequence[cst.CSTNode]:
        """The statements among which it stands."""
        parent = self.parent(statement)
        return parent.body if isinstance(parent, cst.IndentedBlock | cst.Module) else [statement]

    def full_name(self, node: cst.CSTNode) -> str:
        """Dotted name as imported: `keras.layers.Dense` for `layers.Dense`; empty for others."""
        head, dot, rest = dotted(node).partition(".")
        return KERAS.sub("keras", self.imported.get(head, head) + dot + rest)

    def called(self, call: cst.Call) -> str:
        """Last part of the name that is called: `Dense`, `fit`; the class's name for an alias."""
        last = self.full_name(call.func).rpartition(".")[2]
        if not last and isinstance(call.func, cst.Attribute):
            last = call.func.attr.value
        return ALIASES.get(last, last)

    def edited(self, splices: Sequence[Splice]) -> Script:
        """The script with splices made."""
        text = spliced(self.text, splices)
        starts = [0, *(m.end() for m in BREAK.finditer(text))]
        lines = []
        for line in self.lines:
            first = self.starts[line - 1]
            first += len(self.indent(first))
            lines.append(bisect_right(starts, moved(first, splices)))
        return read(text, self.facts, lines)


ALIASES = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "MaxPool1D": "MaxPooling1D",
    "MaxPool2D": "MaxPooling2D",
    "MaxPool3D": "MaxPooling3D",
    "AvgPool1D": "AveragePooling1D",
    "AvgPool2D": "AveragePooling2D",
    "AvgPool3D": "AveragePooling3D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool1D": "GlobalMaxPooling1D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "InputLayer": "Input",
}


def read(text: str, facts: Facts, lines: Sequence[int] | None = None) -> Script:
    """A script; what is no Python shows when it is first looked into."""
    count = 1 + len(BREAK.findall(text))
    return Script(text, facts, lines if lines is not None else range(1, count + 1))


@lru_cache(maxsize=8)  # each remedy of each finding starts from the same text
def _parsed(text: str) -> Parsed:
    return Parsed(text)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """A text of code with each name in place of another, all at once."""
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, names)) + r")\b")
    return pattern.sub(lambda found: names[found.group()], text)


def sole(statement: cst.CSTNode) -> cst.BaseSmallStatement | None:
    """The only small statement of a line; None where it is a block, or holds several."""
    if isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
        return statement.body[0]
    return None


def dotted(node: cst.CSTNode | None) -> str:
    """`a.b.c` of names and attributes; empty for anything else."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr.value}" if inner else ""
    return ""
