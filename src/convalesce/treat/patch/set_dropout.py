"""The rate of dropout layers, or a new one in front of the last layer."""

from __future__ import annotations

from convalesce.core.changes.reg import SetDropout
from convalesce.treat.patch.source.calls import set_argument
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import all_layers, built, last, named
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.places import place_of, put_ahead
from convalesce.treat.patch.source.values import written


def write(change: SetDropout, draft: Draft) -> None:
    """Another rate where there is dropout; else a layer of it."""
    script = draft.script
    present = named(script, change.layers) if change.layers else all_layers(script)
    dropping = [x for x in present if x.rate is not None and "Dropout" in x.kind]
    rate = written(change.rate)
    if dropping:
        found = [each.call for each in built(script, dropping, f"Dropout({rate})")]
        for call in found:
            set_argument(draft, call, "rate", rate, found)
        return
    if not change.rate:
        return
    (end,) = built(script, [last(script)], f"layers.Dropout({rate})  # in front of the last layer")
    name = spell(draft, "keras.layers.Dropout", end.call)
    put_ahead(draft, place_of(script, end.call), [f"{name}({rate})"], "dropout")
