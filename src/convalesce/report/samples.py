"""Examples of the data as small pictures inside the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from convalesce import core
from convalesce.report import words

LARGEST = 64
SHOWS = {
    "data.leakage": "duplicate",
    "data.labels": "label",
    "data.nonfinite": "nonfinite",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One example, ready for the page: a picture (`uri`) or a text."""

    caption: str
    uri: str = ""
    text: str = ""


class Room:
    """How much of the page pictures may still take, in characters."""

    def __init__(self, characters: int) -> None:
        self.left = characters
        self.refused = 0
        self._seen: set[int] = set()

    def show(self, samples: Iterable[core.Sample], most: int = 16) -> list[Shown]:
        """The samples that there is room for and that were not shown before."""
        shown: list[Shown] = []
        offered = [s for s in samples if id(s) not in self._seen]
        for sample in offered[:most]:
            one = _shown(sample)
            size = len(one.uri) + len(one.text)
            if size > self.left:
                break
            self.left -= size
            self._seen.add(id(sample))
            shown.append(one)
        self.refused += len(offered) - len(shown)
        return shown


def _shown(sample: core.Sample) -> Shown:
    label = f", label {words.plain(sample.label, 40)}" if sample.label else ""
    caption = f"{sample.role} row {sample.row}{label} ({words.plain(sample.why, 40)})"
    if sample.pixels is not None and sample.pixels.size:
        return Shown(caption, uri=data_uri(sample.pixels))
    return Shown(caption, text=words.plain(sample.text, 300))


def data_uri(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> str:
    """A PNG of uint8 pixels, shape `(height, width, 1 | 3)` or `(height, width)`."""
    from PIL import Image  # noqa: PLC0415 - only pages with pictures need it

    flat = np.asarray(pixels, np.uint8)
    flat = flat[..., 0] if flat.ndim == 3 and flat.shape[-1] != 3 else flat
    if max(flat.shape[:2]) > LARGEST:
        every = -(-max(flat.shape[:2]) // LARGEST)
        flat = flat[::every, ::every]
    out = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(flat)).save(out, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(out.getvalue()).decode()}"


def of(fit: core.Fit | None) -> tuple[core.Sample, ...]:
    """All examples that the scans of a fit kept."""
    if fit is None:
        return ()
    found: list[core.Sample] = []
    for signal in (core.TRAIN, core.VALIDATION, core.FED):
        if signal in fit.signals:
            found += fit.signals[signal].samples
    return tuple(found)


def concerned(finding: core.Finding, fit: core.Fit | None) -> list[core.Sample]:
    """Examples that a finding speaks of: by row, or by what they were kept for."""
    rows = set(finding.evidence.rows)
    kept = of(fit)
    by_row = [s for s in kept if s.role == "train" and s.row in rows]
    why = SHOWS.get(finding.cause)
    by_why = [s for s in kept if why and why in s.why and s not in by_row]
    return by_row + by_why
