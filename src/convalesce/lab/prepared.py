"""A setting made ready: compiled, with the state that its training begins from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convalesce.lab.setting import Setting
from convalesce.observe.kept import Kept, State


@dataclass(frozen=True, slots=True)
class Prepared:
    """A setting compiled, and the state that its training begins from."""

    setting: Setting
    state: State
    parts: dict[str, Any]


def set_flags(kept: Kept, setting: Setting) -> None:
    """Which layers learn in this setting, whatever an earlier arm has set."""
    for layer, flag in (*(() if setting.fresh else kept.trainable), *setting.flags):
        layer.trainable = flag
