"""A study: on the terminal, as a page that stands alone, as plain values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

import convalesce
from convalesce import core
from convalesce.report import svg, words
from convalesce.report.contract import heading, valid
from convalesce.report.page import environment

SHOWN = 8  # trials of the table on a terminal
WIDTH, HEIGHT, EDGE = 720.0, 260.0, 46.0
BAR = 20.0


def headline(study: core.Study) -> str:
    """What came out, in one sentence."""
    if study.why_not:
        return f"No study was made: {study.why_not}."
    original = study.finalists[0] if study.finalists else None
    best = study.best
    if original is None or not study.trials:
        return "The study ended before any trial did."
    said = f"{study.what} is {words.percent(original.mean)} with the script as it is"
    if best is None:
        return f"Nothing beats the script as it is beyond noise: {said}."
    return (
        f"Best: {differences(study, best)}. {words.sentence(said).rstrip('.')}, "
        f"{words.percent(best.mean)} with that."
    )


def differences(study: core.Study, one: core.StudyTrial | core.Finalist) -> str:
    """In what a trial differs from the script; its learning rate as it was."""
    if not one.changes:
        return "as it is"
    rates = [c.rate for c in one.changes if isinstance(c, core.SetLearningRate)]
    named = {
        d.name: _value(d.name, one.point[d.name])
        for d in study.dimensions
        if d.name in one.point and one.point[d.name] != d.plain
    }
    if rates:
        named["learning rate"] = f"{rates[-1]:.3g}"
    return ", ".join(f"{name} {value}" for name, value in named.items()) or "as it is"


def _value(name: str, value: core.Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and name == "learning rate":
        return f"× {value:.3g}"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def one_line(count: int, trial: core.StudyTrial) -> str:
    """What is said of a trial as it ends; `count`: how many there will be."""
    changes = "; ".join(map(str, trial.changes)) or "the script as it is"
    end = words.percent(trial.value) if math.isfinite(trial.value) else trial.why or "failed"
    state = "" if trial.state == "finished" else f" ({trial.state})"
    return f"trial {trial.number + 1} of {count}: {end}{state} · {changes}"


def failures(study: core.Study) -> list[tuple[str, int, str]]:
    """Causes of trials that came to nothing: how often each, and the first in words."""
    nothing = [t for t in study.trials if t.why]
    counts = Counter(t.cause or _kind(t) for t in nothing)
    first = {t.cause or _kind(t): t.why for t in reversed(nothing)}
    return [(cause, count, first[cause]) for cause, count in counts.most_common()]


def _kind(trial: core.StudyTrial) -> str:
    return "not possible here" if trial.state == "failed" else "no numbers"


# ---- terminal --------------------------------------------------------------------------------


def show(study: core.Study, console: Console) -> None:
    """The result, the finalists, the best trials, what mattered, what failed, the diff."""
    console.print(Text(words.plain(headline(study), 2000), style="bold"))
    if study.why_not:
        return
    if study.resumed:
        console.print(Text(f"{study.resumed} trials were there already from an earlier call."))
    for title, rows in _sections(study):
        console.print()
        console.print(Text(title, style="bold"))
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2), show_header=False)
        for row in rows:
            table.add_row(*(Text(words.plain(cell, 400)) for cell in row))
        console.print(table)
    if study.diff:
        console.print()
        console.print(Text("The best as an edit of the script", style="bold"))
        console.print(Text(study.diff), soft_wrap=True)
    for left in study.left:
        console.print(Text(f"not written: {words.plain(left, 600)}"), soft_wrap=True)


def _sections(study: core.Study) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    yield (
        f"Trained again from other seeds ({study.what})",
        [_finalist(study, f) for f in study.finalists],
    )
    yield (
        f"Trials, the best first ({len(study.trials)})",
        [_trial(study, t) for t in ranked(study)[:SHOWN]],
    )
    if study.importance:
        yield (
            "What mattered (share of the variation)",
            [(name, words.percent(share)) for name, share in _important(study)],
        )
    if failed := failures(study):
        yield "Why trials came to nothing", [(c, str(n), why) for c, n, why in failed]
    if study.left_out:
        yield "Not searched", list(study.left_out)


def _finalist(study: core.Study, one: core.Finalist) -> tuple[str, ...]:
    values = " ".join(map(_percent, one.values))
    gain = "" if math.isnan(one.gain) else f"{one.gain:+.3f} ({one.low:+.3f} to {one.high:+.3f})"
    name = "the script as it is" if not one.changes else differences(study, one)
    return (_percent(one.mean), values, gain, name)


def _trial(study: core.Study, one: core.StudyTrial) -> tuple[str, ...]:
    state = one.state if one.state != "finished" else one.origin
    return (_percent(one.value), state, differences(study, one))


def _percent(value: float) -> str:
    return words.percent(value) if math.isfinite(value) else "–"


def ranked(study: core.Study) -> list[core.StudyTrial]:
    """Those that ended first, the best in front; then the pruned; then the failed."""
    order = {"finished": 0, "pruned": 1, "failed": 2}

    def key(t: core.StudyTrial) -> tuple[int, float, int]:
        return order[t.state], -t.value if math.isfinite(t.value) else math.inf, t.number

    return sorted(study.trials, key=key)


def _important(study: core.Study) -> list[tuple[str, float]]:
    return sorted(study.importance.items(), key=lambda pair: -pair[1])


# ---- page ------------------------------------------------------------------------------------


def page(study: core.Study, script: str) -> str:
    """A page that stands alone: no script, nothing loaded from elsewhere."""
    content = {
        "version": convalesce.__version__,
        "script": script,
        "headline": headline(study),
        "study": study,
        "finalists": [_finalist(study, f) for f in study.finalists],
        "trials": [(str(t.number + 1), *_trial(study, t), t.why) for t in ranked(study)],
        "failures": failures(study),
        "importance": importance(study),
        "parallel": parallel(study),
        "diff": study.diff.splitlines(),
    }
    return environment().get_template("study.html.jinja").render(content)


def importance(study: core.Study) -> Markup:
    """Bars of what mattered; empty where it is not known."""
    found = _important(study)
    if not found:
        return Markup("")
    left, most = 150.0, max(share for _, share in found) or 1.0
    parts: list[Markup] = []
    for i, (name, share) in enumerate(found):
        y = i * BAR
        parts.append(svg.text(left - 8, y + 13, name, "end"))
        parts.append(
            Markup('<rect x="{}" y="{}" width="{:.1f}" height="12" rx="2" class="arm1"/>').format(
                left, y + 3, max((WIDTH / 2 - left - 50) * share / most, 1)
            )
        )
        at = left + (WIDTH / 2 - left - 50) * share / most + 6
        parts.append(svg.text(at, y + 13, words.percent(share)))
    about = "; ".join(f"{name} {words.percent(share)}" for name, share in found)
    size = (WIDTH / 2, BAR * len(found) + 4)
    return svg.drawing(size, "What mattered", about, parts)


def parallel(study: core.Study) -> Markup:
    """Each trial a line across the dimensions to its result; the better, the stronger."""
    used = [d for d in study.dimensions if len({t.point.get(d.name) for t in study.trials}) > 1]
    ended = [t for t in study.trials if t.state != "failed" and math.isfinite(t.value)]
    if not used or len(ended) < 2:
        return Markup("")
    axes = [*(d.name for d in used), "result"]
    step = (WIDTH - 2 * EDGE) / (len(axes) - 1)
    xs = [EDGE + i * step for i in range(len(axes))]
    top, bottom = 16.0, HEIGHT - 34.0
    low, high = min(t.value for t in ended), max(t.value for t in ended)
    parts: list[Markup] = []
    for i, (x, name) in enumerate(zip(xs, axes, strict=True)):
        label = svg.shortened(name, 18, end=False)
        parts.append(svg.rule(x, top, x, bottom, "axis"))
        parts.append(svg.text(x, HEIGHT - 6 - 12 * (i % 2), label, "middle"))
    parts += [
        svg.text(x + 3, _height(d, value, top, bottom) + 3, _value(d.name, value))
        for d, x in zip(used, xs, strict=False)
        for value in d.choices or (d.low, d.high)
    ]
    parts += [
        svg.text(xs[-1] + 3, _share(value, low, high, top, bottom) + 3, _percent(value))
        for value in (low, high)
    ]
    for t in sorted(ended, key=lambda t: t.value):
        ys = [_height(d, t.point[d.name], top, bottom) for d in used]
        ys.append(_share(t.value, low, high, top, bottom))
        strength = 0.12 + 0.88 * ((t.value - low) / (high - low) if high > low else 1.0) ** 2
        line = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))
        said = f"{_percent(t.value)}: {differences(study, t)}"
        parts.append(
            Markup(
                '<path d="M{}" class="line tone1" style="opacity:{:.2f}"><title>{}</title></path>'
            ).format(line, strength, words.plain(said, 300))
        )
    about = f"{len(ended)} trials; the best reached {_percent(high)}, the worst {_percent(low)}"
    return svg.drawing((WIDTH, HEIGHT), "Trials across the dimensions", about, parts, "parallel")


def _height(d: core.Dimension, value: core.Value, top: float, bottom: float) -> float:
    if d.choices:
        place = d.choices.index(value) if value in d.choices else 0
        return bottom - (bottom - top) * (place / max(len(d.choices) - 1, 1))
    low, high, at = (math.log(v) for v in (d.low, d.high, max(float(value), 1e-300)))
    return _share(at, low, high, top, bottom)


def _share(value: float, low: float, high: float, top: float, bottom: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return bottom - (bottom - top) * min(max(share, 0.0), 1.0)


# ---- plain values ----------------------------------------------------------------------------


def document(study: core.Study, script: str) -> dict[str, Any]:
    """As JSON writes it."""
    best = study.best
    made: dict[str, Any] = valid(
        {
            **heading(script),
            "headline": headline(study),
            "yardstick": str(study.what),
            "fit": study.fit,
            "why_not": study.why_not or None,
            "dimensions": [
                {
                    "name": d.name,
                    "plain": d.plain,
                    "choices": list(d.choices) or None,
                    "low": d.low,
                    "high": d.high,
                }
                for d in study.dimensions
            ],
            "not_searched": [{"name": n, "why": w} for n, w in study.left_out],
            "trials": [_plain(t) for t in study.trials],
            "finalists": [_final(f) for f in study.finalists],
            "best": _final(best) if best is not None else None,
            "importance": dict(study.importance),
            "failures": [{"cause": c, "count": n, "why": w} for c, n, w in failures(study)],
            "resumed": study.resumed,
            "seconds": study.seconds,
            "diff": study.diff or None,
            "left": list(study.left),
        }
    )
    return made


def _plain(t: core.StudyTrial) -> dict[str, Any]:
    return {
        "number": t.number,
        "state": t.state,
        "value": t.value,
        "reached": list(t.reached),
        "point": dict(t.point),
        "changes": _changes(t.changes),
        "cause": t.cause or None,
        "why": t.why or None,
        "origin": t.origin,
        "seconds": t.seconds,
    }


def _final(f: core.Finalist) -> dict[str, Any]:
    return {
        "trial": f.trial,
        "changes": _changes(f.changes),
        "values": list(f.values),
        "mean": f.mean,
        "gain": f.gain,
        "low": f.low,
        "high": f.high,
    }


def _changes(changes: Iterable[core.Change]) -> Sequence[str]:
    return [str(c) for c in changes]
