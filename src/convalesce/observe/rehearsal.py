"""A script run whole or through the first steps of each fit, in a process and folder of its own.

`main` is what that process runs. It is told as JSON what to run, and writes as JSON how it ended.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


def main(arguments: Sequence[str]) -> int:
    """Run one rehearsal.

    Args:
        arguments: One text of JSON: `script`, `arguments`, `steps` of each fit (null for all),
            `seed`: added to those that the script sets, `inside`: folders that may be written
            to, `report`: file to write, `record`: file for what a whole run showed, `model`: file
            for the model that the fit of index `fit` trained (null for none). The working
            directory is the script's.
    """
    asked = json.loads(arguments[0])
    from convalesce.core.codec import encode
    from convalesce.observe.fence import fenced
    from convalesce.observe.options import Options
    from convalesce.observe.script import observe_script
    from convalesce.observe.shelf import Shelf

    reseed(int(asked["seed"]))
    shelf = Shelf() if asked["model"] else None
    look = Options(every=0, cut=asked["steps"], quiet=True, shelf=shelf)
    with fenced(*asked["inside"]) as fence:
        run = observe_script(asked["script"], asked["arguments"], look)
    crash = run.crash
    told: dict[str, Any] = {
        "status": run.status,
        "fits": len(run.fits),
        "refused": list(dict.fromkeys(fence.refused)),
        "error": "",
        "line": 0,
        "phase": "",
    }
    if crash is not None:
        told |= {
            "error": f"{crash.exception}: {crash.message}".rstrip(": "),
            "line": crash.site.line if crash.site is not None else 0,
            "phase": crash.phase,
        }
    if asked["steps"] is None:
        Path(asked["record"]).write_bytes(encode(run))
    if shelf is not None and asked["fit"] in shelf.kept:
        with suppress(Exception):  # a model that Keras can't save
            shelf.kept[asked["fit"]].model.save(asked["model"])
    Path(asked["report"]).write_text(json.dumps(told), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # what the script left for Python's end belongs to a whole training


def reseed(more: int) -> None:
    """From now on, add to each seed that Python's and NumPy's generators are given.

    Keras draws its own seeds from Python's generator, so `keras.utils.set_random_seed` follows.
    """
    import random

    import numpy as np

    if not more:
        return

    def shifted(function: Any) -> Any:
        @functools.wraps(function)
        def given(seed: Any = None, *rest: Any, **named: Any) -> Any:
            other = seed + more if isinstance(seed, int | np.integer) else seed
            return function(other, *rest, **named)

        return given

    for module, name in ((random, "seed"), (np.random, "seed"), (np.random, "default_rng")):
        setattr(module, name, shifted(getattr(module, name)))
