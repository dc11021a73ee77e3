"""Validation brought to training's preprocessing, where that is a matter of scale and offset."""

from __future__ import annotations

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.affine import Affine, affine_between
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting
from convalesce.observe.scan.kinds import channels_of


def apply(change: core.UnifyPreprocessing, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with the inputs of validation mapped to look like those of training.

    Raises:
        core.CannotChange: Nothing differs, or something that no affine map makes good.
    """
    held = setting.validation
    if held is None:
        raise core.CannotChange("there is no validation split")
    ours, theirs = rows.leaves(setting.judged.x), rows.leaves(held.x)
    if [a.shape[1:] for a in ours] != [a.shape[1:] for a in theirs]:
        raise core.CannotChange("the inputs of both splits have different shapes")
    maps: dict[int, Affine] = {}
    reasons = []
    for number, kind in enumerate(rows.kinds(setting)):
        if kind == "tokens" or not rows.numeric(ours[number]):
            reasons.append("tokens and text have no scale: build one vocabulary for both splits")
            continue
        shape = ours[number].shape[1:]
        channels = channels_of("image" if kind == "image" else "tabular", shape)
        try:
            maps[number] = affine_between(
                theirs[number], ours[number], channels, picture=kind == "image"
            )
        except core.CannotChange as error:
            reasons.append(str(error))
    if not maps:
        raise core.CannotChange("; ".join(dict.fromkeys(reasons)))

    def mapped(number: int, array: Array) -> Array:
        return maps[number](array) if number in maps else array

    return rows.changed(setting, validation=rows.map_inputs(held, mapped))
