"""What a writer may know beside the source."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from convalesce import core


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The run of one fit, as far as an edit needs it.

    Attributes:
        file: The script as sites name it; empty where every site is in it.
        train: The scan of the training split; so is `validation`.
        across: The one split against the other.
    """

    file: str = ""
    model: core.Model | None = None
    setup: core.Setup | None = None
    train: core.Split | None = None
    validation: core.Split | None = None
    across: core.Across | None = None

    @classmethod
    def of(cls, fit: core.Fit, file: str) -> Facts:
        """The facts in the record of an observed fit."""
        recorded = fit.signals.recorded
        return cls(
            file=file,
            model=recorded.get(core.MODEL),
            setup=recorded.get(core.SETUP),
            train=recorded.get(core.TRAIN),
            validation=recorded.get(core.VALIDATION),
            across=recorded.get(core.ACROSS),
        )

    def holds(self, site: core.Site) -> bool:
        """Whether a site is in the script that is edited."""
        if not self.file:
            return True
        ours, theirs = PurePath(self.file).parts, PurePath(site.file).parts
        shared = min(len(ours), len(theirs))
        return ours[-shared:] == theirs[-shared:]
