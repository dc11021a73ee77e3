"""Which optimizer, each at its own best rate, on the same number of updates?

An optimizer that is compared at another's rate, or at its default, is judged by its rate: Choi et
al., *On Empirical Comparisons of Optimizers for Deep Learning*, 2019, arXiv:1910.05446.
"""

from __future__ import annotations

import math

from convalesce import core
from convalesce.readings.rates import default_rate
from convalesce.study.questions.bench import Bench, Trained, gain, percent

CANDIDATES: dict[str, tuple[core.Change, ...]] = {
    "SGD": (core.SetOptimizer("SGD"), core.SetMomentum(0.0)),
    "SGD, momentum 0.9": (core.SetOptimizer("SGD"),),
    "RMSprop": (core.SetOptimizer("RMSprop"),),
    "Adam": (core.SetOptimizer("Adam"),),
    "AdamW": (core.SetOptimizer("AdamW"),),
}
LADDER = (0.1, 1.0, 10.0)  # times the default, further where an end is best, then half-way
STEP, FURTHER = 10.0, 2  # steps beyond an end
HALF = math.sqrt(10.0)
SHORT = 0.5  # of the updates, to find each one's rate
SHARES = (0.125, 0.25, 0.5, 0.75)
NEARLY = 0.9  # of the best final figure


def optimizers(bench: Bench) -> core.Answer:
    """Quality, updates until nearly as good as the best, and stability over seeds."""
    found: dict[str, tuple[float, Trained]] = {}
    not_asked = []
    bars = tuple(core.Bar(share=s, what=bench.what) for s in SHARES)
    (control,) = bench.train([()], bars=bars)
    for name, changes in CANDIDATES.items():
        rate, why = _best_rate(bench, changes, default_rate(name.partition(",")[0]))
        if why:
            not_asked.append((name, why))
            continue
        (trained,) = bench.train([(*changes, core.SetLearningRate(rate))], bars=bars)
        found[name] = rate, trained
    ranked = sorted(found.items(), key=lambda pair: -_or_worst(pair[1][1].mean))
    top = max((_or_worst(t.mean) for _, t in found.values()), default=math.nan)
    top = max(top, _or_worst(control.mean))
    rows = [("as it is", "", *_figures(bench, control, control, top))]
    rows += [
        (name, f"{rate:.2g}", *_figures(bench, control, trained, top))
        for name, (rate, trained) in ranked
    ]
    return core.Answer(
        question="optimizers",
        says=_says(bench, control, ranked),
        head=("optimizer", "rate", "mean", "between seeds", "gain (95 %)", "updates to 90 %"),
        rows=tuple(rows),
        curves=tuple(
            _curve(n, t, bench.reach.steps) for n, (_, t) in [("as it is", (0.0, control)), *ranked]
        ),
        axes=("updates", str(bench.what)),
        not_asked=tuple(not_asked),
    )


def _best_rate(bench: Bench, changes: tuple[core.Change, ...], default: float) -> tuple[float, str]:
    """The best of a ladder of rates by short trainings, then of those half-way beside it."""
    values: dict[float, float] = {}

    def ask(rates: list[float]) -> str:
        sets = [(*changes, core.SetLearningRate(float(f"{r:.2g}"))) for r in rates]
        shown = bench.train(sets, seeds=(0,), share=SHORT)
        values.update({r: t.mean for r, t in zip(rates, shown, strict=True)})
        return next((t.why_not for t in shown if t.why_not), "")

    why = ask([default * f for f in LADDER])
    best = max(values, key=lambda r: _or_worst(values[r]))
    for _ in range(FURTHER):
        if not math.isfinite(values[best]) or best not in {min(values), max(values)}:
            break
        ask([best * STEP if best == max(values) else best / STEP])
        best = max(values, key=lambda r: _or_worst(values[r]))
    if math.isfinite(values[best]):
        ask([best / HALF, best * HALF])
        best = max(values, key=lambda r: _or_worst(values[r]))
    known = math.isfinite(values[best])
    return float(f"{best:.2g}"), "" if known else why or "it learned nothing at any rate"


def _figures(bench: Bench, control: Trained, one: Trained, top: float) -> tuple[str, ...]:
    against = "" if one is control else gain(bench.compared(control, one))
    after = _nearly(one, top, bench.reach.steps)
    updates = f"{after:.0f}" if math.isfinite(after) else "not reached"
    return percent(one.mean), percent(one.spread), against, updates


def _nearly(one: Trained, top: float, steps: int) -> float:
    """Updates after which its mean was nearly the best one's end; nan for never."""
    curve = _curve("", one, steps)
    return next((x for x, y in zip(curve.x, curve.y, strict=True) if y >= NEARLY * top), math.nan)


def _curve(name: str, one: Trained, steps: int) -> core.Curve:
    known = [
        (*r, v)
        for r, v in zip(one.reached, one.values, strict=True)
        if len(r) == len(SHARES) and math.isfinite(v)
    ]
    means = tuple(sum(c) / len(known) for c in zip(*known, strict=True)) if known else ()
    at = tuple(float(round(share * steps)) for share in (*SHARES, 1.0))
    return core.Curve(name=name, x=at[: len(means)], y=means)


def _or_worst(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _says(bench: Bench, control: Trained, ranked: list[tuple[str, tuple[float, Trained]]]) -> str:
    if not ranked:
        return "No other optimizer could be tried."
    name, (rate, best) = ranked[0]
    found = bench.compared(control, best)
    if found.low > 0:
        return (
            f"{name} at a rate of {rate:.2g} is best: {percent(best.mean)} against "
            f"{percent(control.mean)} as it is, {gain(found)} points."
        )
    return (
        "No optimizer at its own best rate beats the script's beyond noise: keep it. "
        f"Nearest: {name} at {rate:.2g} with {percent(best.mean)} against {percent(control.mean)}."
    )
