"""What a study may change: from the facts of a fit and what is known of it, to dimensions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convalesce import core
from convalesce.core import Dimension, Point, Value
from convalesce.readings.rates import default_rate, scaled
from convalesce.readings.structure import layers_of

RATE, OPTIMIZER, MOMENTUM, SCHEDULE = "learning rate", "optimizer", "momentum", "schedule"
BATCH, EPOCHS, CLASSES, INPUTS = "batch size", "epochs", "class weights", "inputs"
DROPOUT, L2, WIDTH, DEPTH = "dropout", "L2", "width", "depth"
NORMALISED, RESIDUAL = "batch normalisation", "residual connections"
MENDED, NOTHING = "mended by", "nothing"

AS_IT_IS, STANDARDISED = "as it is", "standardised"
USUAL = "Adam"
OTHERS = ("Adam", "AdamW", "RMSprop", "SGD")
FAR = 100.0  # times the present rate, either way
WARM = 0.1  # of the updates
SMALLEST_BATCH = 4
FEWEST_BATCHES = 8  # an epoch
UNEVEN = 1.5  # most over fewest examples of a class

Feasible = Callable[[core.Change], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """Dimensions, and how a point becomes changes.

    Attributes:
        present: Optimizer's name. `rate`: the learning rate in use. `batch`: the batch size.
        epochs: As planned. `steps`: updates as planned.
        mends: Changes that a diagnosis speaks for and no other dimension covers, by how they read.
        left_out: Name of a dimension and why it is not searched.
    """

    dimensions: tuple[Dimension, ...]
    present: str = ""
    rate: float = math.nan
    batch: int = 0
    epochs: int = 1
    steps: int = 1
    mends: Mapping[str, tuple[core.Change, ...]] = field(default_factory=dict)
    left_out: tuple[tuple[str, str], ...] = field(default=())

    @property
    def plain(self) -> dict[str, Value]:
        """The script as it is."""
        return {d.name: d.plain for d in self.dimensions}

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest value of each number."""
        return {d.name: (d.low, d.high) for d in self.dimensions if not d.choices}

    def ranging(self, ranges: Mapping[str, Sequence[float]]) -> Space:
        """The same with other `ranges`; those that are not given stay."""
        put = [
            replace(d, low=ranges[d.name][0], high=ranges[d.name][1]) if d.name in ranges else d
            for d in self.dimensions
        ]
        return replace(self, dimensions=tuple(put))

    def changes(self, point: Point) -> tuple[core.Change, ...]:
        """What a point does differently from the script: mends first, the rate last."""
        plain = self.plain
        named = {n: v for n, v in point.items() if n in plain and v != plain[n]}
        if named.get(OPTIMIZER, self.present) != "SGD":
            named.pop(MOMENTUM, None)
        made = [_MAKES[name](self, named[name]) for name in _MAKES if name in named]
        found = [change for change in made if change is not None]
        rate = self._rate(point, named)
        mended = self.mends.get(str(point.get(MENDED, NOTHING)), ())
        return (*mended, *found, *([rate] if rate is not None else []))

    def _rate(self, point: Point, named: Point) -> core.Change | None:
        """The rate of a point: a multiple of what is usual for its optimizer and batch."""
        if RATE not in named and OPTIMIZER not in named:
            return None
        factor = float(point.get(RATE, 1.0))
        name = str(named.get(OPTIMIZER, self.present))
        usual = self.rate if name == self.present else default_rate(name)
        times = float(point.get(BATCH, self.batch)) / self.batch if self.batch else 1.0
        return core.SetLearningRate(float(f"{usual * factor * scaled(name, times):.3g}"))

    def point(self, changes: Iterable[core.Change]) -> dict[str, Value]:
        """Where changes lie in this space; what no dimension covers is left out."""
        known = {d.name: d for d in self.dimensions}
        found, rest = dict(self.plain), []
        for change in changes:
            name, value = self.place(change)
            if name in known and value is not None:
                found[name] = _nearest(known[name], value)
            else:
                rest.append(change)
        for label, made in self.mends.items():
            if all(change in rest for change in made):
                found[MENDED] = label
        return found

    def usual(self) -> Iterator[dict[str, Value]]:
        """What does well on most tasks, with the epochs as planned, then with the most."""
        rate = default_rate(USUAL) / self.rate if self.present == USUAL and self.rate > 0 else 1.0
        wanted: dict[str, Value] = {
            OPTIMIZER: USUAL, RATE: rate, INPUTS: STANDARDISED, NORMALISED: True,
        }  # fmt: skip
        point = self.plain
        for dimension in self.dimensions:
            if dimension.name in wanted:
                point[dimension.name] = _nearest(dimension, wanted[dimension.name])
        yield point
        most = [d.choices for d in self.dimensions if d.name == EPOCHS]
        if most:
            yield {**point, EPOCHS: max(most[0], key=float)}

    def place(self, change: core.Change) -> tuple[str, Value | None]:
        """Dimension that a change would lie in, and its value there; None for none."""
        name, read = _PLACES.get(type(change), ("", None))
        return name, read(self, change) if read is not None else None

    def covers(self, change: core.Change, names: Iterable[str]) -> bool:
        """One of the dimensions so named has a value for the change."""
        name, value = self.place(change)
        return name in names and value is not None


def _nearest(dimension: Dimension, value: Value) -> Value:
    """The value itself where a trial could have it, else the nearest one."""
    if dimension.holds(value):
        return value
    if not dimension.choices:
        return min(max(float(value), dimension.low), dimension.high)
    numbers = [c for c in dimension.choices if isinstance(c, int | float)]
    if not isinstance(value, int | float) or not numbers:
        return dimension.plain
    return min(numbers, key=lambda c: abs(float(c) - float(value)))


def _schedule(space: Space, value: Value) -> core.Change | None:
    if value == "warm-up":
        return core.WarmUp(max(1, round(WARM * space.steps)))
    if value in {"constant", "cosine", "plateau"}:
        return core.SetSchedule(value)  # type: ignore[arg-type]  # one of its names
    return None


# In the order in which changes are made: what others build on first.
_MAKES: dict[str, Callable[[Space, Value], core.Change | None]] = {
    INPUTS: lambda _, value: core.Normalize() if value == STANDARDISED else None,
    CLASSES: lambda _, value: core.WeightClasses() if value else None,
    DEPTH: lambda _, value: core.ChangeDepth(int(value)),
    WIDTH: lambda _, value: core.ScaleWidth(float(value)),
    RESIDUAL: lambda _, value: core.AddResidual() if value else None,
    NORMALISED: lambda _, value: core.InsertBatchNormalization() if value else None,
    DROPOUT: lambda _, value: core.SetDropout(float(value)),
    L2: lambda _, value: core.SetWeightPenalty(l2=float(value)),
    EPOCHS: lambda _, value: core.SetEpochs(int(value)),
    OPTIMIZER: lambda _, value: core.SetOptimizer(str(value)),
    MOMENTUM: lambda _, value: core.SetMomentum(float(value)),
    SCHEDULE: _schedule,
    BATCH: lambda _, value: core.SetBatchSize(int(value)),
}

# Where a change lies: its dimension, and its value there.
_PLACES: dict[type[core.Change], tuple[str, Callable[[Space, Any], Value | None]]] = {
    core.ScaleLearningRate: (RATE, lambda _, c: c.factor),
    core.SetLearningRate: (RATE, lambda s, c: c.rate / s.rate),
    core.SetOptimizer: (OPTIMIZER, lambda _, c: c.name),
    core.SetMomentum: (MOMENTUM, lambda _, c: c.value),
    core.SetSchedule: (SCHEDULE, lambda _, c: c.name),
    core.WarmUp: (SCHEDULE, lambda *_: "warm-up"),
    core.SetBatchSize: (BATCH, lambda _, c: c.size),
    core.SetEpochs: (EPOCHS, lambda _, c: c.epochs),
    core.SetDropout: (DROPOUT, lambda _, c: c.rate),
    core.SetWeightPenalty: (L2, lambda _, c: None if c.l1 else c.l2),
    core.ScaleWidth: (WIDTH, lambda _, c: c.factor),
    core.ChangeDepth: (DEPTH, lambda _, c: c.layers),
    core.InsertBatchNormalization: (NORMALISED, lambda *_: True),
    core.AddResidual: (RESIDUAL, lambda *_: True),
    core.Normalize: (INPUTS, lambda *_: STANDARDISED),
    core.WeightClasses: (CLASSES, lambda *_: True),
}


def space(
    signals: core.Signals,
    reach: core.Reach,
    feasible: Feasible,
    known: Sequence[core.Change] = (),
) -> Space:
    """The dimensions that make sense for a fit.

    Args:
        signals: Its record.
        reach: What can be done on it.
        feasible: Why a change can't be made on it; empty where it can.
        known: Changes that a diagnosis speaks for or that were measured, the surest first: they
            lie within the space.
    """
    setup = signals.recorded.get(core.SETUP)
    optimizer = setup.optimizer if isinstance(setup, core.Setup) else None
    name = optimizer.name if optimizer is not None else ""
    rate = optimizer.learning_rate if optimizer is not None else math.nan
    batch = (setup.batch_size or 0) if isinstance(setup, core.Setup) else 0
    first = Space(
        dimensions=(),
        present=name,
        rate=rate,
        batch=batch,
        epochs=reach.epochs,
        steps=max(1, reach.steps),
    )
    kept: list[Dimension] = []
    left: list[tuple[str, str]] = []
    asked = [
        _of_rate(first),
        *_of_optimizer(first, optimizer),
        *_of_batches(first, reach),
        *_of_data(signals),
        *_of_model(signals),
    ]
    for dimension, why_not in asked:
        why = why_not or _obstacle(first, dimension, feasible)
        if why:
            left.append((dimension.name, why))
        else:
            kept.append(_holding(first, dimension, known))
    names = {d.name for d in kept}
    others = [c for c in known if not first.covers(c, names) and not feasible(c)]
    mends = _mends(others)
    if mends:
        kept.insert(0, Dimension(name=MENDED, plain=NOTHING, choices=(NOTHING, *mends)))
    return replace(first, dimensions=tuple(kept), mends=mends, left_out=tuple(left))


def _holding(first: Space, dimension: Dimension, known: Sequence[core.Change]) -> Dimension:
    """The dimension, so wide that known changes lie in it."""
    for change in known:
        name, value = first.place(change)
        if name != dimension.name or value is None or dimension.holds(value):
            continue
        if dimension.choices:
            dimension = replace(dimension, choices=(*dimension.choices, value))
        else:
            low, high = min(dimension.low, float(value)), max(dimension.high, float(value))
            dimension = replace(dimension, low=low, high=high)
    return dimension


def _mends(others: Sequence[core.Change]) -> dict[str, tuple[core.Change, ...]]:
    """Each change alone, then the surest two, three … together."""
    alone = [(change,) for change in others]
    together = [tuple(others[:n]) for n in range(2, len(others) + 1)]
    return {"; ".join(map(str, made)): made for made in (*alone, *together)}


def _obstacle(first: Space, dimension: Dimension, feasible: Feasible) -> str:
    """Why none of its values can be had here; empty where one can."""
    makes = _MAKES.get(dimension.name)
    if makes is None:
        return ""
    others = [v for v in dimension.choices if v != dimension.plain]
    made = [change for v in others[:2] if (change := makes(first, v)) is not None]
    whys = [feasible(change) for change in made]
    return whys[0] if whys and all(whys) else ""


Asked = tuple[Dimension, str]


def _of_rate(first: Space) -> Asked:
    known = math.isfinite(first.rate) and first.rate > 0
    why = "" if known else "the optimizer's rate could not be read"
    return Dimension(name=RATE, plain=1.0, low=1 / FAR, high=FAR), why


def _of_optimizer(first: Space, optimizer: core.Optimizer | None) -> Iterable[Asked]:
    others = tuple(n for n in OTHERS if n != first.present)
    plain: Value = first.present or AS_IT_IS
    yield Dimension(name=OPTIMIZER, plain=plain, choices=(plain, *others)), ""
    present = optimizer.momentum if optimizer is not None else None
    momentum = float(present or 0.0)
    values = tuple(dict.fromkeys((momentum, 0.0, 0.9)))
    sgd = "" if first.present == "SGD" else "only SGD is searched over its momentum"
    yield Dimension(name=MOMENTUM, plain=momentum, choices=values), sgd
    scheduled = optimizer is not None and optimizer.schedule is not None
    names = (AS_IT_IS, *(["constant"] if scheduled else []), "cosine", "plateau", "warm-up")
    yield Dimension(name=SCHEDULE, plain=AS_IT_IS, choices=names), ""


def _of_batches(first: Space, reach: core.Reach) -> Iterable[Asked]:
    per_epoch = reach.steps / max(1, reach.epochs)
    most = first.batch * per_epoch / FEWEST_BATCHES
    sizes = [round(first.batch * f) for f in (0.25, 0.5, 1, 2, 4)]
    fitting = [s for s in sizes if s == first.batch or SMALLEST_BATCH <= s <= most]
    why = "" if first.batch else "the size of a batch is not known"
    why = why or ("" if len(fitting) > 1 else "there are too few examples for other batches")
    yield (
        Dimension(name=BATCH, plain=first.batch, choices=tuple(dict.fromkeys(fitting))),
        why,
    )
    whole = "" if reach.validated else "without validation there is nothing to stop by"
    numbers = (first.epochs, 2 * first.epochs)
    yield Dimension(name=EPOCHS, plain=first.epochs, choices=numbers), whole


def _of_data(signals: core.Signals) -> Iterable[Asked]:
    told = signals.recorded.get(core.TRAIN)
    inputs = told.inputs if isinstance(told, core.Split) else ()
    tokens = any(i.kind == "tokens" for i in inputs)
    why = "tokens have no scale" if tokens else ""
    if any(layer.kind == "Normalization" for layer in layers_of(signals)):
        why = "the model standardises its inputs already"
    yield Dimension(name=INPUTS, plain=AS_IT_IS, choices=(AS_IT_IS, STANDARDISED)), why
    yield Dimension(name=CLASSES, plain=False, choices=(False, True)), _evenness(told)


def _evenness(told: object) -> str:
    """Why class weights make no difference; empty where they might."""
    targets = told.targets if isinstance(told, core.Split) else ()
    counts = [c for t in targets[:1] for c in t.counts if c > 0]
    if len(counts) < 2:
        return "the labels are no classes"
    return "" if max(counts) / min(counts) > UNEVEN else "the classes are even"


def _of_model(signals: core.Signals) -> Iterable[Asked]:
    layers = layers_of(signals)
    dropout = next((float(layer.rate) for layer in layers if layer.rate), 0.0)
    choices = tuple(dict.fromkeys((dropout, 0.0, 0.1, 0.25, 0.5)))
    yield Dimension(name=DROPOUT, plain=dropout, choices=choices), ""
    yield Dimension(name=L2, plain=0.0, choices=(0.0, 1e-5, 1e-4, 1e-3)), _penalised(layers)
    yield Dimension(name=WIDTH, plain=1.0, choices=(1.0, 0.5, 2.0)), ""
    yield Dimension(name=DEPTH, plain=0, choices=(0, -1, 1, 2)), ""
    normal = any(layer.kind == "BatchNormalization" for layer in layers)
    why = "the model has it already" if normal else ""
    yield Dimension(name=NORMALISED, plain=False, choices=(False, True)), why
    added = any(layer.kind == "Add" for layer in layers)
    why = "the model has them already" if added else ""
    yield Dimension(name=RESIDUAL, plain=False, choices=(False, True)), why


def _penalised(layers: Sequence[core.Layer]) -> str:
    has = any(layer.l1 or layer.l2 for layer in layers)
    return "the model has weight penalties of its own" if has else ""
