"""Which optimizer, each at its own best rate, on the same number of updates?

An optimizer that is compared at another's rate, or at its default, is judged by its rate: Choi et
al., *On Empirical Comparisons of Optimizers for Deep Learning*, 2019, arXiv:1910.05446. The
script's own, with its momentum and all else that it sets, is tried over rates as the others are.
"""

from __future__ import annotations

import math

from convalesce import core
from convalesce.readings.pairs import Effect
from convalesce.study.questions.bench import GAIN, SEEDS, Bench, gain, percent, together
from convalesce.study.questions.rivals import SETS_RATE, Rival, rivals, schedule_of
from convalesce.study.questions.trained import Trained

LADDER = (0.1, 1.0, 10.0)  # times the usual rate, further where an end is best, then half-way
STEP, FURTHER = 10.0, 2  # steps beyond an end
HALF = math.sqrt(10.0)
SHORT = 0.5  # of the updates, to find each one's rate
SEARCHED = (max(SEEDS) + 1,)  # a rate is chosen by other seeds than it is judged by
SHARES = (0.125, 0.25, 0.5, 0.75)
NEARLY = 0.9  # of the best final figure
IN_FORCE = 0.05  # a rate that differs by more than such a share is not the one asked for


def optimizers(bench: Bench, signals: core.Signals) -> core.Answer:
    """Quality, updates until nearly as good as the best, and stability over seeds."""
    bars = tuple(core.Bar(share=s, what=bench.what) for s in SHARES)
    (control,) = bench.train([()], bars=bars)
    found: list[tuple[str, float, Trained]] = []
    not_asked = []
    scheduled, settled = bool(schedule_of(signals)), ""
    for rival in rivals(signals):
        rate, why = _best_rate(bench, rival, scheduled=scheduled)
        own = not rival.changes and not why
        if own and rate == _rounded(rival.usual) and schedule_of(signals) != SETS_RATE:
            settled = f" The script's own rate, {rate:.2g}, is the best that was found for it."
            continue
        if not why:
            rate, trained = _at(bench, rival, rate, bars)
            why = trained.why_not
        if why:
            not_asked.append((rival.name, why))
            continue
        found.append((rival.name, rate, trained))
    effects = bench.compared(control, [t for _, _, t in found])
    ranked = sorted(zip(found, effects, strict=True), key=lambda pair: _rank(pair[0][2]))
    top = max((_or_worst(t.mean) for t in (control, *(t for _, _, t in found))), default=math.nan)
    steps = bench.reach.steps
    rows = [("as it is", "", *_figures(control, "", top, steps))]
    rows += [
        (name, f"{rate:.2g}", *_figures(trained, gain(effect), top, steps))
        for (name, rate, trained), effect in ranked
    ]
    curves = [_curve("as it is", control, steps)]
    curves += [_curve(name, trained, steps) for (name, _, trained), _ in ranked]
    return core.Answer(
        question="optimizers",
        says=_says(control, ranked) + settled + _kept(signals) + together(len(ranked)),
        head=("optimizer", "rate", "mean", "spread", "failed", GAIN, "to 90 %"),
        rows=tuple(rows),
        curves=tuple(curves),
        axes=("updates", str(bench.what)),
        not_asked=tuple(not_asked),
    )


def _best_rate(bench: Bench, rival: Rival, *, scheduled: bool) -> tuple[float, str]:
    """The best of a ladder of rates by short trainings, then of those half-way beside it."""
    values: dict[float, float] = {}
    failed: list[str] = []
    overridden: list[str] = []

    def ask(rates: list[float]) -> None:
        sets = [_set(rival, r) for r in rates]
        shown = bench.train(sets, seeds=SEARCHED, share=SHORT)
        values.update({r: t.mean for r, t in zip(rates, shown, strict=True)})
        failed.extend(t.why_not for t in shown if t.why_not)
        if not scheduled:
            said = (_overridden(t, r) for t, r in zip(shown, rates, strict=True))
            overridden.extend(filter(None, said))

    def best() -> float:
        return max(values, key=lambda r: _or_worst(values[r]))

    ask([_rounded(rival.usual * f) for f in LADDER])
    for _ in range(FURTHER):
        if not math.isfinite(values[best()]) or best() not in {min(values), max(values)}:
            break
        ask([_rounded(best() * STEP if best() == max(values) else best() / STEP)])
    if math.isfinite(values[best()]):
        ask([_rounded(best() / HALF), _rounded(best() * HALF)])
    if overridden:
        return best(), overridden[0]
    if not math.isfinite(values[best()]):
        return best(), next(iter(failed), "at each rate it ended in NaN")
    return best(), ""


def _at(
    bench: Bench, rival: Rival, rate: float, bars: tuple[core.Bar, ...]
) -> tuple[float, Trained]:
    """Trained at its rate; at a lower one where it fails at some seed there and not here."""
    (trained,) = bench.train([_set(rival, rate)], bars=bars)
    if not trained.failed or trained.why_not:
        return rate, trained
    lower = _rounded(rate / HALF)
    (calmer,) = bench.train([_set(rival, lower)], bars=bars)
    return (lower, calmer) if calmer.failed < trained.failed else (rate, trained)


def _set(rival: Rival, rate: float) -> tuple[core.Change, ...]:
    return (*rival.changes, core.SetLearningRate(rate))


def _rounded(rate: float) -> float:
    return float(f"{rate:.2g}")


def _overridden(trained: Trained, rate: float) -> str:
    """Why the rate that was asked for says nothing: something else sets it."""
    if not math.isfinite(trained.rate) or abs(trained.rate / rate - 1) <= IN_FORCE:
        return ""
    return f"at {rate:.2g} the rate in force was {trained.rate:.2g}: code of the script's sets it"


def _rank(one: Trained) -> tuple[int, float]:
    """Fewest failures first, then by the mean."""
    return one.failed, -_or_worst(one.mean)


def _figures(one: Trained, against: str, top: float, steps: int) -> tuple[str, ...]:
    after = _nearly(one, top, steps)
    updates = f"{after:.0f}" if math.isfinite(after) else "never"
    return percent(one.mean), percent(one.spread), one.failures, against, updates


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


def _says(control: Trained, ranked: list[tuple[tuple[str, float, Trained], Effect]]) -> str:
    if not ranked:
        return "No optimizer could be tried over rates: see below."
    (name, rate, best), found = ranked[0]
    against = f"{percent(best.mean)} against {percent(control.mean)} as it is"
    frail = [f"{n} ({t.failures})" for (n, _, t), _ in ranked if t.failed]
    unstable = f" Not to be relied on: {', '.join(frail)}." if frail else ""
    if control.failed > best.failed:
        return (
            f"The script as it is fails at {control.failures}; {name} at a rate of {rate:.2g} at "
            f"{best.failures}, with a mean of {percent(best.mean)}.{unstable}"
        )
    if found.low > 0 and not best.failed:
        return f"{name} at a rate of {rate:.2g} is best: {against}, {gain(found)} points.{unstable}"
    return (
        "No optimizer at its own best rate beats the script's beyond noise: keep it. "
        f"Nearest: {name} at {rate:.2g} with {against}.{unstable}"
    )


def _kept(signals: core.Signals) -> str:
    """What became of a schedule of the script."""
    name = schedule_of(signals)
    if not name:
        return ""
    whose = "callback" if name == SETS_RATE else "schedule"
    return f" Each follows the script's {whose} {name}, scaled: the rate is its highest."
