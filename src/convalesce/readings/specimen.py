"""Scanned data written by hand: for the `sick` and `healthy` records of a cause, and for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convalesce.core.data import InputKind, Inputs, Role, Split, TargetForm, Targets

_GREY = Inputs(
    name="input_0",
    shape=(28, 28, 1),
    dtype="float32",
    kind="image",
    minimum=(0.0,),
    maximum=(1.0,),
    mean=(0.3,),
    std=(0.35,),
)


def inputs(
    kind: InputKind = "image", shape: tuple[int | None, ...] = (28, 28, 1), **more: Any
) -> Inputs:
    """An input tensor, by default of grey pictures between 0 and 1."""
    return replace(_GREY, kind=kind, shape=shape, **more)


def targets(
    counts: tuple[int, ...] = (),
    form: TargetForm = "class_index",
    *,
    adjacency: float | None = None,
    **more: Any,
) -> Targets:
    """Targets with these class counts, in random order where no adjacency is given."""
    total = max(1, sum(counts))
    expected = sum((c / total) ** 2 for c in counts)
    return Targets(
        name="target_0",
        shape=(),
        dtype="int64",
        form=form,
        classes=len(counts) or None,
        counts=counts,
        adjacency=expected if adjacency is None else adjacency,
        adjacency_expected=expected,
        **more,
    )


def split(
    target: Targets,
    x: Inputs | None = None,
    *,
    role: Role = "train",
    examples: int | None = None,
    **more: Any,
) -> Split:
    """A split held in arrays and read to its end."""
    count = sum(target.counts) if examples is None else examples
    whole = Split(
        role=role,
        source="arrays",
        examples=count,
        scanned=count,
        whole=True,
        inputs=(inputs() if x is None else x,),
        targets=(target,),
    )
    return replace(whole, **more)
