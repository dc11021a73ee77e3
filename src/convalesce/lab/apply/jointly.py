"""Several changes, one after another."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.apply import apply as make
from convalesce.lab.setting import Setting


def apply(change: core.Jointly, setting: Setting) -> Setting:
    """The setting with every change made."""
    for one in change.changes:
        setting = make(one, setting)
    return setting
