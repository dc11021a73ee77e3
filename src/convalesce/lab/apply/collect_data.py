"""More examples: no experiment can make them."""

from __future__ import annotations

from typing import NoReturn

from convalesce import core
from convalesce.lab.setting import Setting


def apply(change: core.CollectData, setting: Setting) -> NoReturn:
    """Refuses: copies or interpolations of the examples at hand are no new ones.

    What more of them would bring could only be simulated the other way round, by training on
    parts of what there is and drawing the learning curve on; that is no training that
    shows the change.

    Raises:
        core.CannotChange: Always.
    """
    count = setting.train.count
    raise core.CannotChange(
        f"there are {count} examples, and {change.times:.3g} times as many can't be made from "
        "them: a learning curve on parts of them says what more would bring, collecting shows it"
    )
