"""`convalesce study` from its command line to its pages, on a script that learns too slowly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("keras")

from convalesce import core, session
from convalesce.cli import invoke
from convalesce.report import study as shown
from convalesce.track.folder import Start

SCRIPT = """
import keras
import numpy as np

keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
x = rng.normal(size=(192, 6)).astype("float32")
y = (x[:, 0] + x[:, 1] > 0).astype("int64")
model = keras.Sequential([
    keras.Input((6,)),
    keras.layers.Dense(8, activation="relu"),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(keras.optimizers.SGD(0.0005), "binary_crossentropy", metrics=["accuracy"])
model.fit(x[:128], y[:128], batch_size=16, epochs=4, validation_data=(x[128:], y[128:]), verbose=0)
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVALESCE_MLFLOW", "0")
    path = tmp_path / "slow.py"
    path.write_text(SCRIPT)
    return path


def test_a_study_goes_on_where_it_was_and_keeps_its_trials(script: Path, tmp_path: Path) -> None:
    told = tmp_path / "study.json"
    command = ["study", "--quiet", "--budget", "0", "--json", str(told), "--trials"]
    assert invoke([*command, "5", script.name]) == 0
    first = json.loads(told.read_text())
    assert len(first["trials"]) == 5
    assert first["trials"][0]["changes"] == []
    assert len(first["finalists"][0]["values"]) == 3
    assert script.read_text() == SCRIPT
    assert invoke([*command, "6", script.name]) == 0
    second = json.loads(told.read_text())
    assert second["resumed"] == 5
    assert [t["value"] for t in second["trials"][:5]] == [t["value"] for t in first["trials"]]
    runs = sorted(p.name for p in (tmp_path / ".convalesce" / "runs").iterdir())
    assert sum(".trial-" in name for name in runs) == 11
    listed = tmp_path / "runs.json"
    assert invoke(["runs", "--json", str(listed)]) == 0
    assert len(json.loads(listed.read_text())["runs"]) == 2


def test_questions_are_answered_without_a_search(script: Path, tmp_path: Path) -> None:
    told, page = tmp_path / "answers.json", tmp_path / "answers.html"
    command = ["study", "--quiet", "--budget", "0", "--json", str(told), "--html", str(page)]
    assert invoke([*command, "--batch-size", "--data", "--ablate", script.name]) == 0
    found = {one["question"]: one for one in json.loads(told.read_text())["answers"]}
    assert list(found) == ["batch-size", "data", "ablate"]
    assert "16, now" in [row[0] for row in found["batch-size"]["rows"]]
    assert len(found["data"]["rows"]) == 3
    assert all(one["says"] for one in found.values())
    assert "Which batch size?" in page.read_text()
    assert not (tmp_path / ".convalesce" / "studies").exists()


def test_settings_of_the_project_hold_for_a_study_too(
    script: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.convalesce]\nquiet = true\nbudget = 0\njson = "out/told.json"\nstore = "kept"\n'
        'every = 7\nmute = ["hp.lr_low"]\n'
    )
    asked: list[tuple[session.Options, tuple[str, ...]]] = []
    real = session.begin

    def begin(start: Start, options: session.Options, **more: object) -> session.Begun:
        asked.append((options, start.arguments))
        return real(start, options, **more)

    monkeypatch.setattr(session, "begin", begin)
    assert invoke(["study", "--trials", "1", script.name, "its", "own"]) == 0
    ((options, arguments),) = asked
    assert (options.every, options.mute, options.share) == (7, ("hp.lr_low",), 0)
    assert arguments == ("its", "own")
    assert json.loads((tmp_path / "out" / "told.json").read_text())["trials"]
    assert (tmp_path / "kept" / "studies").is_dir()
    assert not capsys.readouterr().err


def test_a_script_without_fit_can_not_be_studied(
    script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text("print('nothing')\n")
    assert invoke(["study", script.name]) == 2
    assert "No study was made: no fit could be kept for trials." in capsys.readouterr().err


def example() -> core.Study:
    rate = core.Dimension(name="learning rate", plain=1.0, low=0.01, high=100.0)
    other = core.Dimension(name="optimizer", plain="SGD", choices=("SGD", "<Adam>"))
    point = {"learning rate": 10.0, "optimizer": "<Adam>"}
    changes = (core.SetOptimizer("<Adam>"), core.SetLearningRate(0.01))
    plain = {"learning rate": 1.0, "optimizer": "SGD"}
    return core.Study(
        dimensions=(rate, other),
        left_out=(("depth", "it is subclassed"),),
        trials=(
            core.StudyTrial(number=0, point=plain, changes=(), state="finished", value=0.2),
            core.StudyTrial(number=1, point=point, changes=changes, state="finished", value=0.9),
            core.StudyTrial(
                number=2, point=point, changes=changes, state="failed", cause="hp.lr_high",
                why="its answers are no numbers",
            ),
        ),
        finalists=(
            core.Finalist(trial=0, point=plain, changes=(), values=(0.2, 0.2)),
            core.Finalist(
                trial=1, point=point, changes=changes, values=(0.9, 0.8), gain=0.65, low=0.6,
                high=0.7,
            ),
        ),
        importance={"learning rate": 0.7, "optimizer": 0.3},
        diff="--- a\n+++ b\n",
    )  # fmt: skip


def test_the_page_stands_alone_and_escapes_what_it_is_told() -> None:
    page = shown.page(example(), "<train>.py")
    assert "&lt;train&gt;.py" in page
    assert "<Adam>" not in page
    assert "hp.lr_high" in page
    assert page.count("<svg") == 2
    assert "http" not in page.replace("http-equiv", "")


def test_the_answer_is_in_one_sentence() -> None:
    assert shown.headline(example()) == (
        "Best: learning rate 0.01, optimizer <Adam>. What is known of the validation examples is "
        "20 % with the script as it is, 85 % with that."
    )
