"""A Rescaling layer in front of the model."""

from __future__ import annotations

from convalesce.core.changes.data import Rescale
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.front import front, layer_text, put_in_front
from convalesce.treat.patch.source.values import written


def write(change: Rescale, draft: Draft) -> None:
    """All splits pass the model, so all are scaled alike."""
    scale = _scale(change.scale)
    offset = f"offset={written(change.offset)}" if change.offset else ""
    snippet = f"layers.Rescaling({', '.join(filter(None, (scale, offset)))})"
    into = front(draft, snippet)
    layer = layer_text(draft, into, "Rescaling", scale, offset)
    put_in_front(draft, into, [layer], "rescale")


def _scale(value: float) -> str:
    """`1 / 255` rather than 0.003922."""
    inverse = 1 / value if value else 0.0
    whole = round(inverse)
    if abs(whole) > 1 and abs(inverse - whole) < 1e-6 * abs(whole):
        return f"1 / {whole}"
    if whole and abs(2 * inverse - round(2 * inverse)) < 1e-6 * abs(whole):
        return f"1 / {round(2 * inverse) / 2}"
    return written(value)
