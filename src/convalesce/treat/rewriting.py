"""A mend that only the source can make: the edited script against the original, run whole.

What is done to one split only (tokens, a spectrogram, a resampling) is no change of arrays that
are there already. Where the script shows it, the edit is written first, and whole runs of both
scripts from equal seeds are its proof.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from convalesce import core
from convalesce.readings.yardstick import measure
from convalesce.treat.verifying import NOTHING, PAIRS, Diagnose, Pair, compared

Runs = Callable[[bytes, int], core.Run | None]  # a source, and what is added to its seeds
Edit = Callable[[core.Change], bytes | None]  # the script with a change written in


def rewritten(  # noqa: PLR0913, PLR0917 - what is mended, and who writes, runs and judges
    finding: core.Finding,
    run: core.Run,
    original: bytes,
    edit: Edit,
    runs: Runs,
    diagnose: Diagnose,
) -> core.Treatment | None:
    """The first remedy of a finding that the edited script proves; None where none is.

    Args:
        finding: Confirmed, and not mended in memory.
        run: As observed: the original's first run.
        original: The script.
        edit: Writes a remedy into it; None where it can't.
        runs: Runs a source whole.
        diagnose: From the record of a fit to findings.
    """
    for change in finding.remedies:
        source = None if change.tells_only else edit(change)
        if source is None:
            continue
        found = _proven(change, finding, run, (original, source), runs, diagnose)
        if found is not None:
            return found
    return None


def _proven(  # noqa: PLR0913, PLR0917 - what is compared, and by whom
    change: core.Change,
    finding: core.Finding,
    run: core.Run,
    sources: tuple[bytes, bytes],
    runs: Runs,
    diagnose: Diagnose,
) -> core.Treatment | None:
    what = core.Yardstick.KNOWN
    pairs: list[Pair] = []
    for seed in range(PAIRS):
        # The mended first: where that fails or brings nothing, the original need not run.
        edited = runs(sources[1], seed)
        mended = edited.signals_of(finding.fit) if edited is not None else None
        if mended is None or not math.isfinite(measure(mended, what)):
            return None
        if not seed and finding.cause in {f.cause for f in diagnose(mended).findings if f.serious}:
            return None
        first = run if not seed else runs(sources[0], seed)
        before = first.signals_of(finding.fit) if first is not None else None
        if before is None or not measure(mended, what) > measure(before, what):
            return None
        pairs.append((before, mended))
    made = pairs[0][1].recorded.get(core.HISTORY)
    steps = made.steps if isinstance(made, core.History) else 0
    verified = compared((change,), what, pairs, steps)
    known = sum(verified.treated) / len(verified.treated)
    if verified.verdict is not core.Verdict.CONFIRMED or known < NOTHING:
        return None
    return core.Treatment(
        fit=finding.fit,
        causes=(finding.cause,),
        changes=(change,),
        verified=verified,
        gone=(finding.cause,),
    )
