"""A training while it runs: curves, gradients by variable, and what stands out so far."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console, Group
from rich.text import Text

from convalesce import core
from convalesce.report import braille, words
from convalesce.report.figures import brief, kernels
from convalesce.report.listing import STYLES

HEIGHT = 6  # lines of a chart
CHARTS = 2
VARIABLES = 12
FINDINGS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a run by now.

    Attributes:
        id: Its name.
        status: As a list of runs has it.
        run: Its fits as far as they are known.
        findings: What stands out so far.
    """

    id: str
    status: str
    run: core.Run
    findings: tuple[core.Finding, ...] = ()


def view(seen: Seen, console: Console) -> Group:
    """Everything on one screen; the last fit is the one shown."""
    return Group(*_view(seen, min(console.width, 100)))


def _view(seen: Seen, width: int) -> Iterator[Text]:
    head = Text.assemble((seen.id, "bold"), "  ", (seen.status, STYLES.get(seen.status, "")))
    fit = seen.run.fits[-1] if seen.run.fits else None
    if fit is None:
        yield head.append("  no fit has begun yet")
        return
    yield head.append(f"  {progress(fit)}")
    history = words.fact(fit.signals, core.HISTORY)
    if history is not None:
        for name in _shown(history):
            yield Text()
            yield from _chart(name, history, width)
    yield from _flow(fit.signals, width)
    yield from _findings(seen.findings)


def progress(fit: core.Fit) -> str:
    """`fit 1, epoch 7 of 20: loss 0.31, val_loss 0.42`."""
    history = words.fact(fit.signals, core.HISTORY)
    if history is None:
        return f"fit {fit.index + 1}, in its first epoch"
    of = f" of {history.planned}" if history.planned else ""
    last = [f"{words.plain(k, 40)} {words.number(v[-1])}" for k, v in history.metrics.items() if v]
    return f"fit {fit.index + 1}, epoch {history.epochs}{of}: {', '.join(last[:6])}"


def _shown(history: core.History) -> list[str]:
    names = [n for n in history.metrics if not n.startswith("val_") and n != "learning_rate"]
    names.sort(key=lambda n: n != "loss")
    return names[:CHARTS]


def _chart(name: str, history: core.History, width: int) -> Iterator[Text]:
    curves = [history.curve(name), history.curve(f"val_{name}")]
    title = Text(f"{words.plain(name, 40)}  ").append("training", braille.STYLES[0])
    if curves[1]:
        title.append("  ").append("validation", braille.STYLES[1])
    yield title
    yield from braille.plot([c for c in curves if c], width, HEIGHT)


def _flow(signals: core.Signals, width: int) -> Iterator[Text]:
    """The gradient norm of each kernel at the last look, on a scale of decades."""
    if core.GRADIENT_NORM not in signals or not len(signals[core.GRADIENT_NORM]):
        return
    labels, values = kernels(signals[core.GRADIENT_NORM])
    if not labels:
        return
    last = values[-1]
    chosen = np.unique(np.linspace(0, len(labels) - 1, min(len(labels), VARIABLES)).astype(int))
    positive = last[np.isfinite(last) & (last > 0)]
    low, high = (positive.min() / 10, positive.max()) if positive.size else (0.1, 1.0)
    step = int(signals[core.GRADIENT_NORM].steps[-1])
    yield Text()
    yield Text(f"gradient norm at step {step}, the input on top")
    names = brief(labels)
    wide = min(max(len(names[i]) for i in chosen), 28)
    for i in chosen:
        value = float(last[i])
        share = math.log(value / low) / math.log(high / low) if 0 < value < math.inf else 0.0
        name = words.plain(names[i], 200)[-wide:]
        line = Text(f"{name:>{wide}} ").append(braille.bar(share, width - wide - 12), "cyan")
        yield line.append(f" {words.number(value)}")


def _findings(findings: Sequence[core.Finding]) -> Iterator[Text]:
    if findings:
        yield Text()
    for finding in findings[:FINDINGS]:
        yield told(finding)


def told(finding: core.Finding) -> Text:
    """A finding in a line."""
    doubt = " (suspected)" if words.suspected(finding) else ""
    severity = (str(finding.severity), STYLES.get(str(finding.severity), ""))
    said = words.sentence(finding.evidence.says)
    return Text.assemble(severity, f"  {finding.cause}{doubt}: {said}")
