"""The ranges of an augmentation layer times a factor; a data pipeline without its random steps."""

from __future__ import annotations

from typing import Any

from convalesce import core
from convalesce.lab.generated import STILL, Generated
from convalesce.lab.places import named
from convalesce.lab.rows import changed
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, rebuilt

RANGES = ("factor", "stddev", "alpha", "scale")  # how names of ranges end
MIDDLE = {"RandomSaturation": 0.5}  # ranges that lie around another value than 0


def apply(change: core.ScaleAugmentation, setting: Setting) -> Setting:
    """The setting with narrower or wider ranges; with a factor of 0 without the layer.

    A flip has no range: whatever the factor below 1, it is taken out. Random steps of a data
    pipeline can only be left out.
    """
    if change.layer == core.PIPELINE:
        return _without_random_steps(change, setting)
    if change.layer in STILL:
        return _by_generator(change, setting)
    try:
        layers = named(setting.model, (change.layer,))
    except core.CannotChange as error:
        raise core.CannotChange(f"the model has no layer named {change.layer}") from error
    edits: dict[Any, Edit] = {}
    for layer in layers:
        kind = type(layer).__name__
        if not kind.startswith(("Random", "Gaussian", "MixUp", "CutMix")):
            raise core.CannotChange(f"{change.layer} is a {kind}, no augmentation")
        ranges = _ranges(layer, change.factor)
        flips = kind == "RandomFlip" and change.factor < 1
        if change.factor == 0 or flips:
            edits[layer] = Edit(gone=True)
        elif ranges:
            edits[layer] = Edit(config=ranges)
        else:
            raise core.CannotChange(f"{kind} has no range that can be scaled")
    return rebuilt(setting, edits)


def _without_random_steps(change: core.ScaleAugmentation, setting: Setting) -> Setting:
    redrawn = setting.train.redrawn
    if redrawn is None or not redrawn.holds(setting.train):
        raise core.CannotChange(
            "no random step was found in the data pipeline that the examples could go without"
        )
    if change.factor:
        raise core.CannotChange(
            "a random step of the data pipeline has no range that could be scaled from outside"
        )
    return changed(setting, train=redrawn.plain, judged=redrawn.plain)


def _by_generator(change: core.ScaleAugmentation, setting: Setting) -> Setting:
    """Another range of Keras's ImageDataGenerator."""
    drawn = setting.train.redrawn
    if not isinstance(drawn, Generated) or not drawn.holds(setting.train):
        raise core.CannotChange("its pictures can't be read again without their generator")
    rows = drawn.scaled(change.layer, change.factor)
    return changed(setting, train=rows, judged=rows)


def _ranges(layer: Any, factor: float) -> dict[str, Any]:
    middle = MIDDLE.get(type(layer).__name__, 0.0)
    found = {k: v for k, v in layer.get_config().items() if k.endswith(RANGES)}
    return {k: _times(v, factor, middle) for k, v in found.items() if v is not None}


def _times(value: Any, factor: float, middle: float) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_times(v, factor, middle) for v in value)
    return middle + (float(value) - middle) * factor
