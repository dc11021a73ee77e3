"""Which layer carries an activation, and how it is given another one."""

from __future__ import annotations

from collections.abc import Sequence

from convalesce import core
from convalesce.treat.patch.source.calls import drop_argument, set_argument, value
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.layers import ACTIVATIONS, Built, all_layers
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script
from convalesce.treat.patch.source.values import quoted

CLASSES = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "softmax": "Softmax"}
PASSED = frozenset({"BatchNormalization", "LayerNormalization", "GroupNormalization", "Dropout"})


def activating(script: Script, layer: core.Layer) -> core.Layer:
    """The layer that activates a layer's output: itself, or an activation layer behind it."""
    if layer.activation not in {None, "linear"}:
        return layer
    before = layer
    layers = all_layers(script)
    for behind in layers[layers.index(layer) + 1 :]:
        if behind.connects and before.name not in behind.connects:
            continue
        if behind.kind in ACTIVATIONS:
            return behind
        if behind.kind not in PASSED:
            break
        before = behind
    return layer


def set_activation(
    draft: Draft, built: Built, activation: str, among: Sequence[Built] = ()
) -> None:
    """Give a layer another activation; `linear` is written by leaving it out."""
    script, call = draft.script, built.call
    kind = script.called(call)
    text = quoted(script, activation)
    if kind in ACTIVATIONS and kind != "Activation":
        made = CLASSES.get(activation)
        if made == kind:
            return
        spelled = spell(draft, f"keras.layers.{made or 'Activation'}", call)
        name = value(script, call, "name")
        kept = [] if name is None else [f"name={script.code(name)}"]
        arguments = kept if made else [text, *kept]
        draft.replace(call, f"{spelled}({', '.join(arguments)})")
    elif activation == "linear" and kind != "Activation":
        drop_argument(draft, call, "activation")
    else:
        set_argument(draft, call, "activation", text, [each.call for each in among])
