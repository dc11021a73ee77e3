"""The page of a cause, as Markdown: its own words, then what can be read off its values."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

from convalesce import core
from convalesce.report import words

FAMILIES = {
    "data": "Data",
    "arch": "Architecture",
    "reg": "Regularisation",
    "hp": "Hyperparameters",
}
VARYING = (
    "What is measured, and where suspicion begins. A limit that depends on the run is shown "
    "as it is in the cause's own examples."
)
SAME = "`convalesce explain ID` prints the same page."


@dataclass(frozen=True, slots=True)
class _Row:
    """One limit: what is held against it, in which unit, and where it comes from."""

    what: str
    limit: str
    source: str


def guide(cause: core.Cause) -> str:
    """The whole page of one cause."""
    evidence = [e for signals in cause.sick if (e := cause.ask(signals)) is not None]
    parts = [
        f"# `{cause.id}`: {cause.title}",
        (cause.page or "").partition("\n")[2].strip(),
        "## At a glance",
        _table(("", ""), _glance(cause, evidence)),
        "## Limits",
        VARYING,
        _table(
            ("measured", "limit", "source"),
            [(row.what, row.limit, row.source) for row in _limits(cause, evidence)],
        ),
    ]
    return "\n\n".join(parts) + "\n"


def index(causes: Iterable[core.Cause]) -> str:
    """The list of all causes by family."""
    known = list(causes)
    parts = [
        "# Causes",
        f"The {len(known)} root causes that a diagnosis can name. {SAME}",
    ]
    for family, name in FAMILIES.items():
        members = [c for c in known if c.id.startswith(f"{family}.")]
        rows = [(f"[`{c.id}`]({c.id}.md)", c.title, _standing(c)) for c in members]
        parts += [f"## {name}", _table(("cause", "what it is", "stated"), rows)]
    return "\n\n".join(parts) + "\n"


def _standing(cause: core.Cause) -> str:
    """Whether its own examples are stated from facts."""
    stated = {e.stated for signals in cause.sick if (e := cause.ask(signals)) is not None}
    if stated == {True}:
        return "by facts"
    return "by facts or suspected" if True in stated else "suspected until tried"


def _glance(cause: core.Cause, evidence: list[core.Evidence]) -> list[tuple[str, str]]:
    trials = [cause.probe(e) for e in evidence]
    remedies = [str(change) for e in evidence for change in cause.remedies(e)]
    rows = [
        ("Stated", _standing(cause)),
        ("Needs", _signals(cause.needs)),
        ("Reads where recorded", _signals(cause.wants)),
        ("Behind crashes too", "yes" if cause.crash else "no"),
        (
            "Trial",
            "; or ".join(dict.fromkeys(f"{t.change}: {_length(t)}, {t.predict}" for t in trials)),
        ),
        ("Measured", ", ".join(f"`{one}`" for one in cause.asks)),
        ("Try", "; ".join(dict.fromkeys(remedies))),
        ("Looks like", ", ".join(f"[`{m}`]({m}.md)" for m in cause.mimics)),
        ("Source", f"[`{_file(cause)}`](../../{_file(cause)})"),
    ]
    return [(f"**{name}**", value) for name, value in rows if value]


def _length(trial: core.Trial) -> str:
    return f"{words.number(trial.steps)} steps" if trial.steps else "a whole training"


def _signals(signals: tuple[core.Signal[object], ...]) -> str:
    return ", ".join(
        f"`{s.name}`" + (f" ({s.unit})" if s.unit not in {"", "1"} else "") for s in signals
    )


def _file(cause: core.Cause) -> str:
    return f"src/{cause.module.replace('.', '/')}.py"


def _limits(cause: core.Cause, evidence: list[core.Evidence]) -> list[_Row]:
    """Limits that stand in the module, and those of its examples; each once."""
    read: dict[core.Limit, str] = {}
    for one in evidence:
        for reading in one.readings:
            what = words.plain(reading.says) or reading.signal.name.replace("_", " ")
            read.setdefault(reading.limit, what)
    module = vars(sys.modules[cause.module])
    declared = {v: k for k, v in module.items() if isinstance(v, core.Limit)}
    rows = [
        _Row(
            read.get(limit) or declared[limit].lower().replace("_", " "),
            words.quantity(limit.value, limit.unit),
            limit.source,
        )
        for limit in dict.fromkeys([*declared, *read])
    ]
    return list(dict.fromkeys(rows))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
