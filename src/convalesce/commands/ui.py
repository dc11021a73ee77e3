"""`convalesce ui`: MLflow's own pages on the store."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Annotated

import typer

from convalesce.commands.options import Store, the_store
from convalesce.settings import WrongSetting

MISSING = (
    "MLflow's pages are not here: only mlflow-skinny is installed, which has none. Install them "
    "with `pip install 'convalesce[ui]'`. `convalesce runs` lists the same runs."
)


def ui(
    *,
    port: Annotated[int, typer.Option("--port", min=1, help="Where it listens.")] = 5000,
    store: Store = None,
) -> int:
    """Open MLflow's pages on the runs; they are served to this machine only."""
    from importlib import metadata  # noqa: PLC0415 - not for --help

    from convalesce import keeping  # noqa: PLC0415
    from convalesce.commands.runs import bring_over  # noqa: PLC0415
    from convalesce.track import importer  # noqa: PLC0415

    try:
        metadata.version("mlflow")
    except metadata.PackageNotFoundError:
        raise WrongSetting(MISSING) from None
    place = the_store(store)
    if not (place / "runs").is_dir():
        raise WrongSetting(f"nothing is kept in {place} yet: `convalesce run SCRIPT` begins a run.")
    bring_over(place)
    uri, _ = importer.target(place)
    command = [sys.executable, "-P", "-m", "mlflow", "ui", "--backend-store-uri", uri]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    return subprocess.call(command, env=keeping.calm(os.environ), cwd=place)  # noqa: S603 - MLflow's own command
