import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from convalesce.cli import invoke
from tests.track.runs import kept


def version(name: str) -> str:
    if name == "mlflow":
        return "3.17.2"
    raise metadata.PackageNotFoundError(name)


def test_without_mlflows_pages_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert invoke(["ui", "--store", str(tmp_path)]) == 2
    assert "pip install 'convalesce[ui]'" in capsys.readouterr().err


def test_the_pages_are_served_to_this_machine_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path)
    called: list[tuple[list[str], dict[str, str]]] = []

    def call(command: list[str], *, env: dict[str, str], **_: object) -> int:
        called.append((command, env))
        return 0

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr("convalesce.commands.runs.bring_over", lambda _: None)
    assert invoke(["ui", "--store", str(tmp_path), "--port", "5999"]) == 0
    ((command, env),) = called
    assert command[:5] == [sys.executable, "-P", "-m", "mlflow", "ui"]
    assert command[5:] == [
        "--backend-store-uri",
        f"sqlite:///{(tmp_path / 'mlflow.db').as_posix()}",
        "--host",
        "127.0.0.1",
        "--port",
        "5999",
    ]
    assert env["DO_NOT_TRACK"] == "true"


def test_an_empty_store_has_no_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(metadata, "version", version)
    assert invoke(["ui", "--store", str(tmp_path)]) == 2
    assert "nothing is kept in" in capsys.readouterr().err
