"""What other tools would say of the same record: a file a tool, each a function of the signals."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.diagnosis.claims import Claim
from benchmarks.diagnosis.rivals import (
    autotrainer,
    deepdiagnosis,
    deeplocalize,
    sagemaker,
    umlaut,
)
from convalesce import core

RIVALS: dict[str, Callable[[core.Signals], tuple[Claim, ...]]] = {
    "AUTOTRAINER": autotrainer.say,
    "UMLAUT": umlaut.say,
    "DeepDiagnosis": deepdiagnosis.say,
    "DeepLocalize": deeplocalize.say,
    "SageMaker": sagemaker.say,
}


def of_run(say: Callable[[core.Signals], tuple[Claim, ...]], run: core.Run) -> tuple[Claim, ...]:
    """What is said of each fit of a script, one after another, without what was said before."""
    said = {claim: None for fit in run.fits for claim in say(fit.signals)}
    return tuple(said)
