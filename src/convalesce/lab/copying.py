"""One layer made anew from its configuration."""

from __future__ import annotations

import warnings
import zlib
from collections.abc import Mapping
from typing import Any

from convalesce import core


def copied(layer: Any, config: Mapping[str, Any]) -> Any:
    """A layer of the same configuration, some of it other, without its weights.

    Raises:
        core.CannotChange: It does not tell its configuration, or can't be made from it.
    """
    import keras

    try:
        if isinstance(layer, keras.layers.Lambda):
            # From a configuration, it would lose what its function closes over.
            return keras.layers.Lambda(
                layer.function,
                output_shape=layer._output_shape,  # noqa: SLF001
                mask=layer.mask,
                arguments=layer.arguments,
                name=config.get("name", layer.name),
                dtype=layer.dtype_policy,
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a lambda, which is taken over as it is
            whole = {**layer.get_config(), **_own_parts(layer), **config}
        return type(layer).from_config(whole)
    except Exception as error:
        says = str(error).strip().splitlines() or [type(error).__name__]
        raise core.CannotChange(
            f"{type(layer).__name__} {layer.name} can't be made anew from its configuration: "
            f"{says[0]}"
        ) from error


def _own_parts(layer: Any) -> dict[str, Any]:
    """Functions and objects of the user's own that a configuration would only name.

    An activation that is a layer is copied too: its configuration carries the shape that it has
    been built for.
    """
    import keras

    ends = ("activation", "_initializer", "_regularizer", "_constraint")
    found: dict[str, Any] = {}
    for name in vars(layer):
        part = getattr(layer, name, None)
        if name.startswith("_") or not name.endswith(ends) or not callable(part):
            continue
        if isinstance(part, keras.layers.Layer):
            found[name] = copied(part, {})
        elif not str(getattr(part, "__module__", None) or "keras.").startswith("keras."):
            found[name] = part
    return found


def seed_of(seed: int, name: str) -> int:
    """A seed for one layer."""
    return zlib.crc32(f"{seed} {name}".encode())
