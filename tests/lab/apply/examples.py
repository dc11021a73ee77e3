"""Settings over small arrays, for appliers that change the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from convalesce import core
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows
from convalesce.readings import specimen

NO_MODEL: Any = object()


def setting(  # noqa: PLR0913 - what tests vary
    train: tuple[Any, Any],
    validation: tuple[Any, Any] | None = None,
    *,
    kind: core.InputKind = "tabular",
    form: core.TargetForm = "class_index",
    validated_by: str = "data",
    original: dict[Any, Any] | None = None,
    **rows: Any,
) -> Setting:
    """A setting with these examples and no model."""
    x = np.asarray(train[0])
    fed = Rows(x=x, y=np.asarray(train[1]), **{"batch": 8, **rows})
    held = None
    if validation is not None:
        held = Rows(x=np.asarray(validation[0]), y=np.asarray(validation[1]))
    facts = specimen.split(
        specimen.targets((1,), form), specimen.inputs(kind, x.shape[1:]), examples=len(x)
    )
    setup = core.Setup(losses=(), optimizer=None, validation=validated_by)
    return Setting(
        model=NO_MODEL,
        compiled={},
        train=fed,
        judged=fed,
        validation=held,
        form=form,
        original=core.Signals({core.TRAIN: facts, core.SETUP: setup, **(original or {})}),
    )


def blobs(
    count: int = 240, classes: int = 3, seed: int = 0, width: int = 6
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Well separated clouds of points with their class, in random order."""
    draw = np.random.default_rng(seed)
    y = draw.permutation(np.arange(count) % classes)
    centres = np.random.default_rng(99).normal(size=(classes, width)) * 6
    return (centres[y] + draw.normal(size=(count, width))).astype(np.float32), y
