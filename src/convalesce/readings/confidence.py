"""How sure a finding is, as a share of such findings that are right."""

from __future__ import annotations

PROVEN = 0.25  # of the doubt that a symptom leaves open stays once facts or an experiment speak


def confidence(strength: float, *, proven: bool) -> float:
    """From the strength of a symptom to a probability.

    Of first findings that were proven, by facts or by experiment, those of a strength of 0.5 to
    0.8 were right as often as the strongest: see the reliability in
    benchmarks/results/diagnosis.md. A suspicion keeps its strength.

    Args:
        strength: 0 … 1, as the cause gave it.
        proven: Facts or an experiment have confirmed it.
    """
    return 1 - PROVEN * (1 - strength) if proven else strength
