"""L1 and L2 penalties on kernels."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.edits import Edited
from convalesce.lab.setting import Setting

# Attribute of a layer, variable that it is for. Those after the first three keep their absence.
ALWAYS = (
    ("kernel_regularizer", ("_kernel", "kernel")),
    ("depthwise_regularizer", ("depthwise_kernel",)),
    ("pointwise_regularizer", ("pointwise_kernel",)),
)
WHERE_SET = (
    ("embeddings_regularizer", ("_embeddings", "embeddings")),
    ("recurrent_regularizer", ("recurrent_kernel",)),
    ("bias_regularizer", ("bias",)),
)


def apply(change: core.SetWeightPenalty, setting: Setting) -> Setting:
    """The setting with these penalties on every kernel.

    Biases, recurrent kernels and embeddings get them where they had one.
    """
    import keras

    penalty = None
    if change.l1 or change.l2:
        penalty = keras.regularizers.L1L2(l1=change.l1, l2=change.l2)
    edits: list[Edited] = []
    for layer in setting.model._flatten_layers(include_self=False):  # noqa: SLF001
        for attribute, names in (*ALWAYS, *WHERE_SET):
            if attribute not in vars(layer):
                continue
            if (attribute, names) in WHERE_SET and vars(layer)[attribute] is None:
                continue
            held = [getattr(layer, n, None) for n in names]
            variable = next((v for v in held if hasattr(v, "regularizer")), None)
            if variable is not None:
                edits += [(layer, attribute, penalty), (variable, "regularizer", penalty)]
    if not edits:
        raise core.CannotChange("no layer of the model takes a penalty on its kernel")
    return setting.with_edits(*edits)
