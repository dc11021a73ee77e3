"""A validation split dealt anew: each class in equal shares, nothing on both sides."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.dealing import dealt_anew
from convalesce.lab.setting import Setting


def apply(change: core.Resplit, setting: Setting) -> Setting:  # noqa: ARG001
    """The setting with both splits pooled, without copies across, and dealt in the same shares."""
    return dealt_anew(setting, once=True)
