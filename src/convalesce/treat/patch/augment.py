"""Mild random transforms in front of the model, active in training only."""

from __future__ import annotations

from dataclasses import replace

from convalesce.core.changes.data import Augment
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.front import front, layer_text, put_in_front
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import quoted, written

TURN = 0.25  # of a strength, in turns: 9 degrees at 0.1


def write(change: Augment, draft: Draft) -> None:
    """Shifts, zoom and a slight turn for pictures, no flip; noise for other figures."""
    script, strength = draft.script, written(change.strength)
    train = script.facts.train
    kind = train.inputs[0].kind if train is not None and train.inputs else ""
    if kind == "tokens":
        raise NoFaithfulEdit("the inputs are tokens, which have no mild transform")
    shapes = script.facts.model.input_shapes if script.facts.model is not None else ()
    pictures = kind == "image" or (not kind and bool(shapes) and len(shapes[0]) == 3)
    if pictures:
        fill = f"fill_mode={quoted(script, 'nearest')}"
        kinds = [
            ("RandomTranslation", f"{strength}, {strength}, {fill}"),
            ("RandomZoom", f"{strength}, {fill}"),
            ("RandomRotation", f"{written(TURN * change.strength)}, {fill}"),
        ]
    else:
        kinds = [("GaussianNoise", written(change.strength * _spread(script)))]
    snippet = ", ".join(f"layers.{kind}({text})" for kind, text in kinds)
    into = front(draft, snippet)
    bare = replace(into, shape="")
    layers = [
        layer_text(draft, bare if number else into, name, text)
        for number, (name, text) in enumerate(kinds)
    ]
    put_in_front(draft, into, layers, "augment")


def _spread(script: Script) -> float:
    """Mean standard deviation of the inputs, in their units; 1 where they were not scanned."""
    train = script.facts.train
    std = train.inputs[0].std if train is not None and train.inputs else ()
    known = [s for s in std if s > 0]
    return sum(known) / len(known) if known else 1.0
