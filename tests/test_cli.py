import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from convalesce import __version__, cli, session
from convalesce.cli import invoke
from convalesce.commands import options as taken
from convalesce.lab.ray import cluster


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the session was asked to do, in place of doing it."""
    made: list[Any] = []

    def record(target: str, args: Sequence[str], options: Any, **more: Any) -> int:
        made.append((target, list(args), options, more))
        return 7

    monkeypatch.setattr(session, "run", record)
    monkeypatch.setattr(session, "check", record)
    monkeypatch.setattr(session, "fix", record)
    return made


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVALESCE_STORE", raising=False)
    return tmp_path


def test_options_before_the_script_are_ours_and_all_others_are_its_own(calls: list[Any]) -> None:
    assert invoke(["run", "--every", "5", "train.py", "--every", "3", "-m", "--", "--help"]) == 7
    target, args, options, more = calls[0]
    assert (target, args) == ("train.py", ["--every", "3", "-m", "--", "--help"])
    assert options.every == 5 and more == {"module": False, "strict": False}


def test_a_module_takes_its_own_arguments(calls: list[Any]) -> None:
    assert invoke(["run", "-m", "job.train", "--lr", "0.1"]) == 7
    assert calls[0][:2] == ("job.train", ["--lr", "0.1"]) and calls[0][3]["module"]


def test_every_option_reaches_the_session(calls: list[Any], elsewhere: Path) -> None:
    line = "--json - --html a.html --sarif b.sarif --store runs --budget 0.2 --no-probes --quiet"
    invoke(["run", *line.split(), "--mute", "hp.lr_high,hp.lr_low", "--strict", "train.py"])
    assert calls[0][2] == session.Options(
        quiet=True,
        mute=("hp.lr_high", "hp.lr_low"),
        json=Path("-"),
        html=Path("a.html"),
        sarif=Path("b.sarif"),
        store=Path("runs"),
        budget=0.2,
        probes=False,
    )
    assert calls[0][3]["strict"] is True


def test_the_command_line_wins_over_the_project(calls: list[Any], elsewhere: Path) -> None:
    (elsewhere / "pyproject.toml").write_text(
        '[tool.convalesce]\nevery = 9\nstrict = true\nhtml = "r.html"\nfail-on = "note"\n'
    )
    invoke(["run", "--every", "2", "train.py"])
    invoke(["check", "train.py"])
    assert calls[0][2].every == 2 and calls[0][2].html == elsewhere / "r.html"
    assert calls[0][3]["strict"] is True
    assert calls[1][2].every == 9 and calls[1][3]["fail_on"] == "note"


def test_the_environment_wins_over_the_project_for_the_store(
    calls: list[Any], elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "pyproject.toml").write_text('[tool.convalesce]\nstore = "runs"\n')
    invoke(["run", "train.py"])
    monkeypatch.setenv("CONVALESCE_STORE", "/elsewhere")
    invoke(["run", "train.py"])
    assert [call[2].store for call in calls] == [elsewhere / "runs", None]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("run --evry 3 x.py", "No such option: --evry"),
        ("run --every ten x.py", "Invalid value for '--every'"),
        ("run --budget -1 x.py", "Invalid value for '--budget'"),
        ("check --fail-on never x.py", "Invalid value for '--fail-on'"),
        ("run", "Missing argument 'SCRIPT'"),
        ("explain", "Missing argument 'CAUSE'"),
        ("runn x.py", "there is no command `runn`. Did you mean `run` or `runs`?"),
        ("run --mute hp.lr x.py", "--mute: there is no cause `hp.lr`. Did you mean"),
        ("explain hp.lr_hihg", "there is no cause `hp.lr_hihg`. Did you mean `hp.lr_high`"),
        ("run nope.py", "There is no file nope.py"),
        ("check -m nope.nope", "There is no module nope.nope"),
    ],
)
def test_a_slip_ends_with_two_and_says_what_to_do(
    line: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(line.split()) == 2
    told = capsys.readouterr()
    assert says in told.err and told.out == ""


def test_a_wrong_setting_of_the_project_ends_with_two(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (elsewhere / "pyproject.toml").write_text("[tool.convalesce]\nevry = 9\n")
    assert invoke(["run", "train.py"]) == 2
    assert "has no setting `evry`" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["--version"]) == 0
    assert capsys.readouterr().out == f"convalesce {__version__}\n"


def test_a_page_is_printed_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["explain", "data.nonfinite"]) == 0
    told = capsys.readouterr()
    assert "NaN or infinite values in inputs or targets" in told.out and "Remedy" in told.out
    assert max(map(len, told.out.splitlines())) <= 80 and told.err == ""


def test_our_exception_hook_is_never_put_over_the_scripts(calls: list[Any]) -> None:
    before = sys.excepthook
    invoke(["run", "train.py"])
    assert sys.excepthook is before


def test_help_names_only_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["--help"]) == 0
    listed = capsys.readouterr().out.partition("Commands:")[2].split()
    there = {"run", "check", "fix", "study", "explain", "demo", "runs", "watch", "read", "ui"}
    assert there <= set(listed)


LOADED = """
import sys
from convalesce.cli import invoke
from convalesce.lab.ray import cluster
invoke(["--help"])
heavy = ("tensorflow", "keras", "numpy", "sklearn", "jinja2", "PIL", "rich", "mlflow", "sqlite3")
print([m for m in heavy if m in sys.modules])
"""


def test_help_loads_nothing_heavy() -> None:
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    numpy = [sys.executable, "-c", LOADED.replace("import sys", "import sys, numpy")]
    done = subprocess.run(numpy, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['numpy']"  # the check can fail


def test_ctrl_c_in_our_own_work_ends_as_the_shell_expects(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "run", interrupted)
    assert cli.invoke(["run", "train.py"]) == 130


def whole(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "convalesce", *args],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_event_files_are_refused_before_the_script_runs(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(["run", "--tensorboard", "tb", "train.py"])
    assert calls[0][2].tensorboard == Path.cwd() / "tb"
    monkeypatch.setattr(taken, "find_spec", lambda _: None)
    assert invoke(["check", "--tensorboard", "tb", "train.py"]) == 2
    assert "pip install 'convalesce[tensorboard]'" in capsys.readouterr().err
    assert len(calls) == 1


def test_a_script_that_is_not_there_leaves_no_run(elsewhere: Path) -> None:
    assert invoke(["run", "nope.py"]) == 2
    assert list((elsewhere / ".convalesce" / "runs").iterdir()) == []


def test_a_store_that_cannot_be_written_does_not_stop_the_script(elsewhere: Path) -> None:
    (elsewhere / "store").write_text("a file")
    (elsewhere / "train.py").write_text("print('mine')\n")
    done = whole(elsewhere, "run", "--store", "store", "train.py")
    assert (done.returncode, done.stdout) == (0, "mine\n")
    assert "could not keep this run in" in done.stderr
    assert "Name another folder with --store." in done.stderr


def test_the_whole_command_keeps_stdout_and_status_of_the_script(elsewhere: Path) -> None:
    (elsewhere / "train.py").write_text("import sys\nprint('mine', *sys.argv[1:])\nsys.exit(5)\n")
    done = whole(elsewhere, "run", "train.py", "--json", "x")
    assert (done.returncode, done.stdout) == (5, "mine --json x\n")
    assert "did not import Keras" in done.stderr
    assert whole(elsewhere, "check", "train.py").returncode == 2


def test_the_demo_names_the_fault_of_its_script(elsewhere: Path) -> None:
    done = whole(elsewhere, "demo")
    assert done.returncode == 0
    assert "arch.output_activation" in done.stderr
    assert "mended, and verified by retraining" in done.stderr
    assert "Epoch 8/8" in done.stdout  # the script's own output
    assert (elsewhere / ".convalesce" / "runs").is_dir()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("--ray train.py 3", ("local", None, ["3"])),
        ("--ray --workers 3 train.py", ("local", 3, [])),
        ("--workers 2 --every 5 train.py --ray x", ("local", 2, ["--ray", "x"])),
        ("--ray auto train.py", ("auto", None, [])),
        ("--ray head.example:6379 train.py", ("head.example:6379", None, [])),
        ("--json - --ray ray://10.0.0.1:10001 train.py", ("ray://10.0.0.1:10001", None, [])),
        ("--ray=auto train.py", ("auto", None, [])),
    ],
)
def test_the_address_of_a_cluster_may_be_left_out(
    calls: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    found: tuple[str, int | None, list[str]],
) -> None:
    monkeypatch.setattr(cluster, "check", lambda _: None)
    assert invoke(["fix", *line.split()]) == 7
    target, args, options, _ = calls[0]
    assert target == "train.py"
    assert (options.machines.address, options.machines.workers, args) == found


def test_without_ray_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "installed", lambda: False)
    assert invoke(["study", "--ray", "train.py"]) == 2
    assert "pip install 'convalesce[ray]'" in capsys.readouterr().err


def test_an_address_that_nobody_answers_at_is_refused_before_the_script_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cluster, "installed", lambda: True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert invoke(["study", "--ray", address, "train.py"]) == 2
    assert f"no Ray cluster answers at {address}" in capsys.readouterr().err


def test_nothing_of_ray_is_loaded_where_it_is_not_asked_for(calls: list[Any]) -> None:
    invoke(["fix", "train.py"])
    assert calls[0][2].machines is None
