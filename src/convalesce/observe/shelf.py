"""Holds what experiments need of the fits of a script. Loads nothing before the first fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convalesce import core
    from convalesce.observe.kept import Kept

FIRST, LAST = 2, 2  # fits of a script that are kept


class Shelf:
    """What is kept of the fits of a script: of the first two and the last two.

    Attributes:
        kept: By the index of the fit.
        missing: Why a fit was not kept, by its index.
        lab: What trains on them, once something has: proofs, mends and studies share it.
    """

    def __init__(self) -> None:
        self.kept: dict[int, Kept] = {}
        self.missing: dict[int, str] = {}
        self.lab: Any = None

    def begin(self, index: int, model: Any, arguments: Any, handed: Any, site: Any) -> None:
        """From on_train_begin: the model is built, no weight has changed yet."""
        from convalesce.observe.kept import TooLarge, keep, shared

        if handed is None:
            self.missing[index] = "what was handed to fit could not be read"
            return
        try:
            new = keep(index, model, arguments, handed, site)
        except TooLarge as error:
            self.missing[index] = str(error)
            return
        self.kept[index] = shared(new, self.kept.values())
        for old in [i for i in self.kept if FIRST <= i <= index - LAST]:
            self.drop(old, "only the first two and the last two fits are kept for experiments")

    def end(self, index: int, **known: Any) -> None:
        """After the fit: what is known of it now, by the names of `Kept`."""
        from convalesce.observe.kept import state_of

        kept = self.kept.get(index)
        if kept is not None:
            self.kept[index] = replace(kept, after=state_of(kept.model), **known)

    def fill(self, index: int, role: core.Role, batches: list[tuple[Any, Any, Any]]) -> None:
        """Batches that were kept on their way to the model, of data that can't be read again."""
        kept = self.kept.get(index)
        if kept is None or not batches:
            return
        if role == "train":
            self.kept[index] = replace(kept, train=replace(kept.train, seen=tuple(batches)))
        elif kept.validation is not None:
            rows = replace(kept.validation, seen=tuple(batches))
            self.kept[index] = replace(kept, validation=rows)

    def close(self) -> None:
        """Nothing is trained any more: let those go who did so elsewhere."""
        if self.lab is not None:
            self.lab.close()

    def drop(self, index: int, why: str) -> None:
        """No experiment can be made on this fit."""
        self.kept.pop(index, None)
        self.missing[index] = why
