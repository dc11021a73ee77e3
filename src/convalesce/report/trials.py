"""An experiment drawn: each arm a dot, unchanged above, changed below, and the noise of none."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from convalesce import core
from convalesce.report import words

WIDTH, HEIGHT = 200, 46
LEFT, RIGHT = 56, 192


@dataclass(frozen=True, slots=True)
class TrialView:
    """One experiment as the page shows it."""

    label: str
    says: str
    predicts: str
    chart: Markup


def views(finding: core.Finding) -> tuple[TrialView, ...]:
    """The experiments of a finding: what proved or ruled it out, what a second look showed."""
    proven = finding.verdict is core.Verdict.CONFIRMED
    found = []
    if finding.trial is not None:
        found.append(view("proof" if proven else "tried", finding.trial))
    if finding.mended is not None:
        found.append(view("mended", finding.mended))
    return tuple(found)


def view(label: str, tried: core.Tried) -> TrialView:
    """One experiment, said and drawn."""
    return TrialView(label, words.tried(tried), words.plain(str(tried.predict)), dots(tried))


def dots(tried: core.Tried) -> Markup:
    """Both arms on one axis from the worst to all that can be known."""
    values = [v for v in (*tried.control, *tried.treated) if math.isfinite(v)]
    if not values:
        return Markup("")
    low = min(0.0, *values)
    parts = [
        Markup('<svg class="chart trial" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
            WIDTH, HEIGHT, words.tried(tried)
        )
    ]
    if tried.noise and tried.control:
        middle = sum(tried.control) / len(tried.control)
        left, right = (_at(middle + s * tried.noise, low) for s in (-1, 1))
        parts.append(
            Markup('<rect class="noise" x="{:.1f}" y="4" width="{:.1f}" height="30"/>').format(
                left, max(right - left, 1.0)
            )
        )
    for row, (name, arms) in enumerate((("as it was", tried.control), ("changed", tried.treated))):
        y = 12 + 15 * row
        parts.append(Markup('<text x="0" y="{}">{}</text>').format(y + 3, name))
        parts.append(
            Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(LEFT, RIGHT, y, y)
        )
        parts += [
            Markup('<circle class="arm{}" cx="{:.1f}" cy="{}" r="4"/>').format(row, _at(v, low), y)
            for v in arms
            if math.isfinite(v)
        ]
    for value, anchor in ((low, "start"), (1.0, "end")):
        parts.append(
            Markup('<text x="{:.1f}" y="44" text-anchor="{}">{}</text>').format(
                _at(value, low), anchor, words.percent(value)
            )
        )
    return Markup("").join([*parts, Markup("</svg>")])


def _at(value: float, low: float) -> float:
    share = (value - low) / (1.0 - low)
    return LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT)
