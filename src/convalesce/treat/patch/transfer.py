"""A pretrained base: what to write, since its choice is the user's."""

from __future__ import annotations

from convalesce.core.changes.arch import Transfer
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit

TEMPLATE = """\
base = keras.applications.MobileNetV3Small(include_top=False, input_shape={shape})
base.trainable = False  # train the head first
inputs = keras.Input({shape})
h = keras.layers.GlobalAveragePooling2D()(base(inputs, training=False))
model = keras.Model(inputs, keras.layers.Dense({width}, activation="{activation}")(h))
# then: base.trainable = True, compile with a rate of 1e-5, and fit again"""


def write(change: Transfer, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """Say how: which base suits the pictures, and its weights, are not in the script."""
    model = draft.script.facts.model
    shape = model.input_shapes[0] if model and model.input_shapes else ("…",)
    output = model.outputs[0] if model and model.outputs else None
    snippet = TEMPLATE.format(
        shape=f"({', '.join(map(str, shape))})",
        width=output.width if output else "…",
        activation=(output.activation if output else None) or "softmax",
    )
    raise NoFaithfulEdit("which pretrained base suits is the user's choice", snippet)
