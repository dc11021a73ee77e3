"""Another rate where there is dropout, else dropout in front of the last layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convalesce import core
from convalesce.lab.edits import Edited
from convalesce.lab.graph import graph_of
from convalesce.lab.places import heads, leaves, named
from convalesce.lab.setting import Setting
from convalesce.lab.surgery import Edit, free_name, rebuilt


def apply(change: core.SetDropout, setting: Setting) -> Setting:
    """The setting with another dropout."""
    if not 0 <= change.rate < 1:
        raise core.CannotChange(f"a dropout rate of {change.rate:g} leaves nothing")
    model = setting.model
    if change.layers:
        found = [x for layer in named(model, change.layers) for x in (layer, *leaves(layer))]
    else:
        found = leaves(model)
    drops = [x for x in dict.fromkeys(found) if "Dropout" in type(x).__name__]
    if change.layers and not drops:
        raise core.CannotChange(f"{', '.join(change.layers)}: no dropout layer")
    if not drops:
        if change.rate == 0:
            raise core.CannotChange("there is no dropout to take out")
        graph_of(model)
        make = {h: Edit(before=(_make(model, h, change.rate),)) for h in heads(setting)}
        return rebuilt(setting, make)
    edits: list[Edited] = []
    unseeded: dict[Any, Edit] = {}
    for layer in drops:
        # A layer of rate 0 was made without what it would draw from.
        if change.rate == 0 or hasattr(layer, "seed_generator"):
            edits.append((layer, "rate", change.rate))
        else:
            unseeded[layer] = Edit(config={"rate": change.rate})
    changed = setting.with_edits(*edits) if edits else setting
    return rebuilt(changed, unseeded) if unseeded else changed


def _make(model: Any, head: Any, rate: float) -> Callable[[], Any]:
    import keras

    return lambda: keras.layers.Dropout(
        rate, name=free_name(model, f"{head.name}_dropout"), dtype=head.dtype_policy
    )
