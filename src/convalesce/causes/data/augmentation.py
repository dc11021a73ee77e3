"""Augmentation outside the plausible range destroys the label or the image.

A transform is right as long as a person would still give the same label.

## Symptom
Training accuracy stays below validation accuracy, or both are poor; the loss is erratic.

## Why it happens
A 6 turned by half a turn is a 9, an arrow flipped points the other way; zoomed or moved by half,
the object leaves the picture; contrast turned to nothing leaves noise. Ranges are easily misread:
`RandomRotation(0.5)` is half a turn, not half a degree.

## How it is confirmed
By the ranges of the augmentation layers, or of Keras's ImageDataGenerator, and by whether the model
does well on training examples as they are. For leaves, cells or satellite pictures any turn is
right: one wide transform stays a suspicion, and none is reported where the model answers well.
Three and more out of range are stated. Without such layers, training examples that are answered
worse than validation examples, both in inference mode, point to transforms in the data pipeline; so
do examples that look alike and share their label in validation but not in training, where the
inputs of both differ. By experiment: narrower ranges, or none, must leave more known. Where the
draws of a generator can't be changed, half of the validation examples are learned from, for as many
updates, and judged by the other half: that so few teach more than all that was drawn shows that the
draws are at fault.

## Remedy
Smaller ranges; drop the transform that breaks the label.

## Sources
- Shorten and Khoshgoftaar, *A survey on Image Data Augmentation for Deep Learning*, Journal of Big
  Data 6:60, 2019 (safety of a transform; rotations beyond 20 degrees on digits).
- Cubuk, Zoph, Mane, Vasudevan and Le, *AutoAugment: Learning Augmentation Strategies from Data*,
  CVPR 2019 (ranges in use: rotation 30 degrees, shear 0.3, translation 0.45).
"""

from __future__ import annotations

import math
from dataclasses import replace

from convalesce import core
from convalesce.core import (
    ACROSS,
    HISTORY,
    MODEL,
    TRAIN,
    TRAIN_ANSWERS,
    VALIDATION,
    VALIDATION_ANSWERS,
)
from convalesce.readings import curves, data_reading, differences, mispairing, specimen

RANGES = {
    "RandomRotation": core.Limit(30 / 360, "turn", "30 degrees, as in AutoAugment (Cubuk 2019)"),
    "RandomShear": core.Limit(0.3, "1", "shear of AutoAugment (Cubuk 2019)"),
    "RandomTranslation": core.Limit(0.3, "1", "a third of the picture leaves what it shows whole"),
    "RandomZoom": core.Limit(0.3, "1", "an object that fills 0.7 of the side begins to be cut"),
    "RandomContrast": core.Limit(0.8, "1", "0.9 is the end of AutoAugment's range (Cubuk 2019)"),
    "RandomBrightness": core.Limit(0.5, "1", "half the range of values: half of them are cut off"),
    "RandomSaturation": core.Limit(0.9, "1", "the end of AutoAugment's range (Cubuk 2019)"),
}
UPSIDE_DOWN = core.Limit(
    0, unit="1", source="few things look alike upside down (Shorten 2019: not label-preserving)"
)
BEHIND = core.Limit(
    0.1, unit="1", source="a tenth of the answers: training examples are harder than validation's"
)
SCRAMBLED = core.Limit(
    0.5, unit="1", source="half of what ties look-alikes of validation is lost in training"
)
POOR = core.Limit(
    0.75, unit="1", source="a quarter of what there is to know is not: more than mild ranges cost"
)
CLEAR = 0.5  # of what look-alikes can agree beyond chance: their classes are apart
MISSED = 0.2  # known less than five look-alikes tell: the model was kept from it
WELL = 0.95  # of what there is to learn: no augmentation has done harm
MANY = 3  # transforms out of range at once
SURE = 3.0  # standard errors


def symptom(signals: core.Signals) -> core.Evidence | None:
    """Augmentation layers out of range, or training examples that are the harder ones.

    Args:
        signals: `MODEL`; `TRAIN_ANSWERS`, `VALIDATION_ANSWERS`, `HISTORY`; `TRAIN`, `VALIDATION`
            and `ACROSS` as the batches came.
    """
    model, history = signals[MODEL], signals.get(HISTORY)
    trained, validated = signals.get(TRAIN_ANSWERS), signals.get(VALIDATION_ANSWERS)
    told = _told(signals.get(TRAIN))
    found = [r for layer in (*model.layers, *told) if (r := _out_of_range(layer)) is not None]
    if found:
        return _layers(found, _poorest(trained, validated), _running(history, trained))
    if told or any(layer.kind.startswith("Random") for layer in model.layers):
        return None
    return (
        _pipeline(trained, validated)
        or _scrambled(signals, validated)
        or _moved(signals, trained, validated)
        or _drawing(signals.get(TRAIN), trained, validated)
    )


def _told(train: core.Split | None) -> list[core.Layer]:
    """Layers that do what the data source says it does to each example."""
    return [
        core.Layer(
            name=t.argument,
            path=t.argument,
            kind=t.kind,
            settings={"mode": t.mode} if t.mode else {"factor": t.amount},
        )
        for t in (train.transforms if train is not None else ())
    ]


def _out_of_range(layer: core.Layer) -> tuple[core.Layer, core.Reading] | None:
    """The widest setting of an augmentation layer against its limit."""
    if layer.kind == "RandomFlip":
        upside_down = "vertical" in str(layer.settings.get("mode", "horizontal_and_vertical"))
        reading = core.Reading(MODEL, float(upside_down), UPSIDE_DOWN, "vertical flip")
    elif layer.kind in RANGES:
        widest = data_reading.largest(
            abs(float(v))
            for k, v in layer.settings.items()
            if "factor" in k and isinstance(v, int | float)
        )
        reading = core.Reading(MODEL, widest, RANGES[layer.kind], f"range of {layer.kind}")
    else:
        return None
    return (layer, reading) if reading.observed > reading.limit.value else None


def _layers(
    found: list[tuple[core.Layer, core.Reading]], reached: float, behind: float
) -> core.Evidence | None:
    if reached >= WELL:
        return None
    many = len(found) >= MANY
    harm = data_reading.unit(1 - reached) if not math.isnan(reached) else 0.3
    what = ", ".join(
        f"{layer.kind} up to {r.observed:.2g}" if r.limit.value else "vertical flip"
        for layer, r in found
    )
    says = f"Augmentation is out of the plausible range: {what}"
    if not math.isnan(reached):
        says += (
            f"; the model has learned {data_reading.unit(reached):.0%} of what there is to learn"
        )
    return core.Evidence(
        readings=tuple(reading for _, reading in found),
        says=says,
        strength=data_reading.unit(0.3 * min(len(found), 3) / 3 + 0.4 * harm + behind),
        stated=many and not math.isnan(reached),
        severity=core.Severity.NOTE if math.isnan(reached) else core.Severity.WARNING,
        layers=tuple(layer.name for layer, _ in found),
        site=found[0][0].site,
        changes=tuple(_narrowed(layer, reading) for layer, reading in found),
    )


def _narrowed(layer: core.Layer, reading: core.Reading) -> core.Change:
    """A third of what is the limit; a flip is taken out."""
    factor = reading.limit.value / (3 * reading.observed)
    return core.ScaleAugmentation(layer.name, factor if math.isfinite(factor) else 0.0)


def _poorest(trained: core.Predictions | None, validated: core.Predictions | None) -> float:
    """What was learned, by the split that does worse; nan where no answers are known."""
    known = [curves.skill(a) for a in (trained, validated) if a is not None]
    return min((k for k in known if not math.isnan(k)), default=math.nan)


def _running(history: core.History | None, trained: core.Predictions | None) -> float:
    """How much better examples as they are were answered than those fed, 0 … 0.3."""
    fed = history.curve("accuracy")[-1:] if history is not None else ()
    if not fed or trained is None:
        return 0.0
    return min(0.3, data_reading.unit(trained.accuracy - fed[0]))


def _pipeline(
    trained: core.Predictions | None, validated: core.Predictions | None
) -> core.Evidence | None:
    """Training examples, as fed, answered worse than validation examples."""
    if trained is None or validated is None or min(trained.examples, validated.examples) < 1:
        return None
    behind = validated.accuracy - trained.accuracy
    error = math.sqrt(0.25 / trained.examples + 0.25 / validated.examples)
    easier = validated.baseline_accuracy - trained.baseline_accuracy
    if not max(BEHIND.value, SURE * error) < behind - max(0.0, easier) <= 1:
        return None
    return core.Evidence(
        readings=(
            core.Reading(VALIDATION_ANSWERS, behind, BEHIND, "validation ahead of training"),
        ),
        says=f"Training examples are answered worse ({trained.accuracy:.0%}) than validation "
        f"examples ({validated.accuracy:.0%}), both in inference mode: what is done to them on "
        "their way may go too far",
        strength=0.6 * data_reading.beyond(behind, BEHIND.value),
        changes=(core.ScaleAugmentation(core.PIPELINE, 0.3),),
    )


def _scrambled(signals: core.Signals, validated: core.Predictions | None) -> core.Evidence | None:
    """Look-alikes share their class in validation and not in training, whose inputs are others.

    A preprocessing that differs moves all examples alike, and look-alikes stay together; a
    transform that is drawn for each example parts them.
    """
    train, validation, across = signals.get(TRAIN), signals.get(VALIDATION), signals.get(ACROSS)
    if train is None or validation is None or across is None:
        return None
    found = [mispairing.agreement(split.neighbours) for split in (train, validation)]
    ours, theirs = (one.value if one is not None else math.nan for one in found)
    known = curves.skill(validated)
    if not theirs >= CLEAR or not ours < SCRAMBLED.value * theirs or not known < theirs - MISSED:
        return None
    unlike = next(iter(differences.differences(train, validation, across)), None)
    if unlike is None:
        return None
    return core.Evidence(
        readings=(
            core.Reading(TRAIN, ours / theirs, SCRAMBLED, "ties of look-alikes, of those left"),
        ),
        says=f"Examples that look alike share their label in validation ({theirs:.0%} beyond "
        f"chance) and hardly in training ({ours:.0%}), and the validation inputs are others: "
        f"{unlike.what}. What is drawn for each training example on its way may go too far",
        strength=0.5 + 0.4 * data_reading.unit(1 - ours / theirs),
        changes=(core.ScaleAugmentation(core.PIPELINE, 0.3),),
    )


def _moved(
    signals: core.Signals, trained: core.Predictions | None, validated: core.Predictions | None
) -> core.Evidence | None:
    """Random steps lead training away from validation, which is answered worse."""
    train, validation, across = signals.get(TRAIN), signals.get(VALIDATION), signals.get(ACROSS)
    if train is None or across is None or trained is None or validated is None:
        return None
    behind = curves.skill(trained) - curves.skill(validated)
    found = list(differences.differences(train, validation, across))
    if not found or not behind >= BEHIND.value:
        return None
    if not differences.of_draws(train, validation, found):
        return None
    worst = max(found, key=lambda one: one.observed / one.limit.value)
    return core.Evidence(
        readings=(core.Reading(ACROSS, worst.observed, worst.limit, worst.what),),
        says="Steps of the training pipeline draw at random, and the validation inputs are unlike "
        f"what comes out: {worst.what}; of what there is to learn training shows "
        f"{data_reading.unit(curves.skill(trained)):.0%} and validation "
        f"{data_reading.unit(curves.skill(validated)):.0%}",
        strength=0.6 * data_reading.beyond(behind, BEHIND.value),
        changes=(core.ScaleAugmentation(core.PIPELINE, 0.3),),
    )


def _drawing(
    train: core.Split | None, trained: core.Predictions | None, validated: core.Predictions | None
) -> core.Evidence | None:
    """Examples are drawn anew each time, and neither split is known well: worth a trial."""
    known = curves.skill(trained), curves.skill(validated)
    if train is None or not train.draws or not max(known) < POOR.value:
        return None
    return core.Evidence(
        readings=(core.Reading(TRAIN_ANSWERS, max(known), POOR, "share of what can be learned"),),
        says="Training examples are drawn anew each time that they are asked for, and at most "
        f"{data_reading.unit(max(known)):.0%} of what there is to learn is learned",
        strength=0.3,
        severity=core.Severity.NOTE,
        changes=(core.ScaleAugmentation(core.PIPELINE, 0.3),),
    )


def probe(evidence: core.Evidence) -> core.Trial:
    """Narrowed, the same training must know more of validation; or some plain examples must."""
    first, *others = remedies(evidence)
    drawn = isinstance(first, core.ScaleAugmentation) and first.layer == core.PIPELINE
    plain = (core.LearnFromValidation(),) if drawn else ()
    return core.Trial(first, predict=core.KNOWS, steps=None, otherwise=(*others[:1], *plain))


def remedies(evidence: core.Evidence) -> list[core.Change]:
    """Narrow the transforms that are out of range, all or each; where it is one, without it."""
    narrowed = list(evidence.changes) or [core.ScaleAugmentation("the augmentation", 0.3)]
    if len(narrowed) > 1:
        return [core.Jointly(tuple(narrowed)), *narrowed]
    without = [
        core.ScaleAugmentation(c.layer, 0.0)
        for c in narrowed
        if isinstance(c, core.ScaleAugmentation) and c.factor
    ]
    return [*narrowed, *without]


def _model(**layers: float | str) -> core.Model:
    made = [
        core.Layer(
            name=k, path=k, kind=k, settings={"mode" if k == "RandomFlip" else "factor_1": v}
        )
        for k, v in layers.items()
    ]
    return core.Model(name="m", style="sequential", layers=tuple(made), outputs=())


def _answers(role: core.Role, accuracy: float) -> core.Predictions:
    return core.Predictions(role=role, examples=500, accuracy=accuracy, baseline_accuracy=0.1)


def _led_away(known: float, *, draws: bool = True, spread: float = 1.3) -> core.Signals:
    """Validation further from training than training from itself, and answered worse."""
    split = specimen.split(specimen.targets((250, 250)))
    across = core.Across(
        role="validation", distance=1.7, spread=(spread,), train_rows=500, other_rows=500
    )
    return core.record(
        {
            MODEL: _model(Conv2D="x"),
            TRAIN: replace(split, draws=draws),
            VALIDATION: split,
            ACROSS: across,
            TRAIN_ANSWERS: _answers("train", 0.9),
            VALIDATION_ANSWERS: _answers("validation", known),
        }
    )


def _anew(known: float, *, draws: bool = True) -> core.Signals:
    """Training examples that are others each time."""
    split = specimen.split(specimen.targets((250, 250)), draws=draws)
    answers = {"train": _answers("train", known), "validation": _answers("validation", known)}
    return core.record(
        {
            MODEL: _model(Conv2D="x"),
            TRAIN: split,
            TRAIN_ANSWERS: answers["train"],
            VALIDATION_ANSWERS: answers["validation"],
        }
    )


def _drawn(ours: float, theirs: float, known: float, texture: float = 2.0) -> core.Signals:
    tied = {
        role: replace(
            specimen.split(specimen.targets((250, 250))),
            neighbours=core.Neighbours(sample=500, agreement=0.5 + share / 2, expected=0.5),
        )
        for role, share in (("train", ours), ("validation", theirs))
    }
    return core.record(
        {
            MODEL: _model(Conv2D="x"),
            TRAIN: tied["train"],
            VALIDATION: tied["validation"],
            ACROSS: core.Across(role="validation", texture=texture),
            TRAIN_ANSWERS: _answers("train", 0.1 + 0.9 * known),
            VALIDATION_ANSWERS: _answers("validation", 0.1 + 0.9 * known),
        }
    )


_WILD = _model(RandomFlip="horizontal_and_vertical", RandomRotation=0.5, RandomZoom=0.6)
_MILD = _model(RandomFlip="horizontal", RandomRotation=0.03, RandomZoom=0.1)
_TOLD = specimen.split(
    specimen.targets((250, 250)),
    transforms=(
        core.Transform("rotation_range", "RandomRotation", 0.5),
        core.Transform("zoom_range", "RandomZoom", 0.8),
        core.Transform("vertical_flip", "RandomFlip", 1.0, "vertical"),
    ),
)
_COURSE = core.History(metrics={"accuracy": (0.3, 0.55)})

CAUSE = core.Cause(
    module=__name__,
    page=__doc__,
    needs=(MODEL,),
    wants=(TRAIN_ANSWERS, VALIDATION_ANSWERS, HISTORY, TRAIN, VALIDATION, ACROSS),
    symptom=symptom,
    probe=probe,
    remedies=remedies,
    asks=(core.Instrument.AUGMENTED_SIMILARITY,),
    mimics=(
        "data.labels",
        "data.unshuffled",
        "reg.too_strong",
        "arch.too_shallow",
        "hp.epochs_few",
    ),
    sick=(
        core.record(
            {
                MODEL: _WILD,
                TRAIN_ANSWERS: _answers("train", 0.7),
                VALIDATION_ANSWERS: _answers("validation", 0.7),
                HISTORY: _COURSE,
            }
        ),
        core.record(
            {
                MODEL: _model(Conv2D="x"),
                TRAIN_ANSWERS: _answers("train", 0.6),
                VALIDATION_ANSWERS: _answers("validation", 0.85),
            }
        ),
        _drawn(0.1, 0.9, 0.1),
        _led_away(0.7),
        _anew(0.5),
        core.record(
            {MODEL: _model(Conv2D="x"), TRAIN: _TOLD, TRAIN_ANSWERS: _answers("train", 0.5)}
        ),
    ),
    healthy=(
        core.record({MODEL: _MILD, TRAIN_ANSWERS: _answers("train", 0.7)}),
        core.record({MODEL: _WILD, VALIDATION_ANSWERS: _answers("validation", 0.99)}),
        _drawn(0.1, 0.9, 0.85),
        _led_away(0.88),
        _anew(0.8),
        _anew(0.5, draws=False),
        _led_away(0.7, draws=False),
        _led_away(0.7, spread=2.5),
        _drawn(0.6, 0.9, 0.1),
        _drawn(0.1, 0.9, 0.1, texture=1.0),
        _drawn(0.1, 0.3, 0.05),
    ),
)
