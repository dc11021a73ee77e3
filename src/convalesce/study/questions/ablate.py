"""Which of the script's own regularisers, layers and settings earn their keep?

Each is taken away alone and the training repeated from the same seeds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from convalesce import core
from convalesce.readings.pairs import Effect
from convalesce.readings.structure import layers_of
from convalesce.study.questions.bench import Bench, gain, percent

RATES = ("ReduceLROnPlateau", "LearningRateScheduler")
SCHEDULE = "learning-rate schedule"


def ablate(bench: Bench, signals: core.Signals) -> core.Answer:
    """A row for each part: what is known without it, and whether that is less, more or the same."""
    parts = list(parts_of(signals))
    (control,) = bench.train([()])
    shown = bench.train([(change,) for _, change in parts])
    rows: list[tuple[float, tuple[str, ...]]] = []
    keep, drop, not_asked = [], [], list(untaken(signals))
    for (name, _), one in zip(parts, shown, strict=True):
        if one.why_not or not math.isfinite(one.mean):
            not_asked.append((name, one.why_not or "without it nothing was learned"))
            continue
        found = bench.compared(control, one)
        verdict = _verdict(found)
        keep += [name] if verdict == "earns its keep" else []
        drop += [name] if verdict == "costs" else []
        rows.append((found.mean, (name, percent(one.mean), gain(found), verdict)))
    rows.sort(key=lambda row: row[0])
    return core.Answer(
        question="ablate",
        says=_says(keep, drop, len(rows)),
        head=("without", "mean", "change (95 %)", "it"),
        rows=(("nothing: as it is", percent(control.mean), "", ""), *(r for _, r in rows)),
        not_asked=tuple(not_asked),
    )


def _verdict(found: Effect) -> str:
    if found.high < 0:
        return "earns its keep"
    return "costs" if found.low > 0 else "makes no difference beyond noise"


def parts_of(signals: core.Signals) -> Iterator[tuple[str, core.Change]]:
    """Name of each part, and the change that takes it away."""
    setup, layers = signals.recorded.get(core.SETUP), layers_of(signals)
    if any(layer.rate for layer in layers if "Dropout" in layer.kind):
        yield "dropout", core.SetDropout(0.0)
    if any(layer.l1 or layer.l2 for layer in layers):
        yield "weight penalties", core.SetWeightPenalty()
    for layer in layers:
        if layer.kind.startswith("Random"):
            yield f"augmentation {layer.name}", core.ScaleAugmentation(layer.name, 0.0)
    if isinstance(setup, core.Setup):
        yield from _settings(setup)
    yield "half of the width", core.ScaleWidth(0.5)
    yield "one hidden layer", core.ChangeDepth(-1)


def _settings(setup: core.Setup) -> Iterator[tuple[str, core.Change]]:
    optimizer = setup.optimizer
    scheduled = any(c.name in RATES for c in setup.callbacks)
    if scheduled or (optimizer is not None and optimizer.schedule is not None):
        yield SCHEDULE, core.SetSchedule("constant")
    if optimizer is not None and optimizer.name == "SGD" and optimizer.momentum:
        yield "momentum", core.SetMomentum(0.0)
    if optimizer is not None and optimizer.weight_decay:
        yield "weight decay", core.SetWeightDecay(0.0)
    if optimizer is not None and optimizer.clipping is not None:
        yield "gradient clipping", core.ClipGradients(1e9)
    if any(c.name == "EarlyStopping" for c in setup.callbacks):
        yield "early stopping", core.SetEpochs(setup.epochs)


def untaken(signals: core.Signals) -> Iterator[tuple[str, str]]:
    """Parts that no change takes away."""
    setup, layers = signals.recorded.get(core.SETUP), layers_of(signals)
    if any("Normalization" in layer.kind for layer in layers):
        yield "normalisation layers", "what follows them is not initialised to do without"
    if any(layer.kind == "Add" for layer in layers):
        yield "residual connections", "no change takes a shortcut out"
    if isinstance(setup, core.Setup) and setup.class_weight:
        yield "class weights", "no change takes them away"


def _says(keep: list[str], drop: list[str], count: int) -> str:
    if not count:
        return "There is nothing that could be taken away."
    said = []
    if keep:
        said.append(f"{', '.join(keep)} {_verb(keep, 'earns its', 'earn their')} keep")
    if drop:
        said.append(f"without {', '.join(drop)} it does better")
    same = count - len(keep) - len(drop)
    if same:
        said.append(f"{same} of {count} parts make no difference beyond noise")
    text = "; ".join(said)
    return f"{text[:1].upper()}{text[1:]}."


def _verb(names: list[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many
