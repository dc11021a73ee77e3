"""A pretrained base, which no experiment can supply."""

from __future__ import annotations

from typing import NoReturn

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.Transfer, setting: Setting) -> NoReturn:  # noqa: ARG001
    """Never made.

    Raises:
        core.CannotChange: Always.
    """
    raise core.CannotChange(
        "a pretrained base needs weights, which are downloaded, and data that suit it; "
        "no experiment brings them along"
    )
