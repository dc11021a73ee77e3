"""Arms trained by processes of a real Ray are the arms trained here, bit by bit."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

import keras
import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits

from convalesce import core
from convalesce.lab import KerasLab
from convalesce.lab.crew import Alone, crew_of
from convalesce.lab.ray.cluster import Machines, connected
from convalesce.lab.ray.crew import RayCrew
from convalesce.lab.ray.parcel import opened, parcel_of
from convalesce.observe.fit import Course
from convalesce.observe.options import Options
from convalesce.observe.shelf import Shelf

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`shuffle=True` was passed:UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray's own processes
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]
WORKERS = 2
DIGITS = load_digits()
X = (DIGITS.images[..., None] / 16.0).astype("float32")
Y = DIGITS.target.astype("int64")
CONTROL = core.Arm()
ARMS = (
    CONTROL,
    core.Arm(seed=1),
    core.Arm(changes=(core.SetLearningRate(0.02),)),
    core.Arm(changes=(core.InsertBatchNormalization(),)),
    core.Arm(changes=(core.Normalize(), core.ChangeDepth(1), core.SetDropout(0.1))),
    core.Arm(changes=(core.ScaleWidth(2.0), core.SetOptimizer("Adam"), core.SetBatchSize(16))),
)


@pytest.fixture(scope="module", autouse=True)
def ray() -> Iterator[None]:
    os.environ.setdefault("RAY_worker_niceness", "0")
    with connected(Machines(workers=WORKERS)) as workers:
        assert workers == WORKERS
        yield


@keras.saving.register_keras_serializable("tests")
class Halved(keras.layers.Layer):  # type: ignore[misc]
    """A layer of the user's own."""

    def call(self, x: Any) -> Any:
        return x * 0.5


class Own(keras.Model):  # type: ignore[misc]
    """A model whose own code makes the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [keras.layers.Flatten(), keras.layers.Dense(16), keras.layers.Dropout(0.2)]
        self.head = keras.layers.Dense(10, activation="softmax")

    def call(self, x: Any, training: Any = None) -> Any:
        for part in self.parts:
            x = part(x)
        return self.head(tf.nn.relu(x))


def cnn() -> Any:
    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(8, 3, activation="relu"),
            Halved(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )


def trained(model: Any, rate: float = 0.05, **given: Any) -> KerasLab:
    """A lab on a model that was trained under observation."""
    course, shelf = observed(model, rate, **given)
    return KerasLab(shelf, tuple(course.fits))


def observed(model: Any, rate: float, every: int = 0, **given: Any) -> tuple[Course, Shelf]:
    """A training under observation, and what was kept of it."""
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    shelf = Shelf()
    course = Course(Options(every=every, shelf=shelf))
    arguments = {"x": X[:480], "y": Y[:480], "validation_data": (X[480:640], Y[480:640])}
    arguments |= {"epochs": 2, "batch_size": 32, "verbose": 0, **given}
    course.fit(type(model).fit, model, (), arguments, None)
    return course, shelf


def figures(trained: core.Trained) -> Any:
    """All that an arm showed, to be compared bit by bit."""
    assert isinstance(trained, core.Signals), trained
    history = trained[core.HISTORY]
    answers = trained[core.VALIDATION_ANSWERS]
    return dict(history.metrics), history.reached, answers.loss, answers.confusion


def both(lab: KerasLab, arms: tuple[core.Arm, ...]) -> tuple[list[Any], list[Any]]:
    """What arms show here, and what they show on Ray, in their order."""
    told: list[str] = []
    with lab.open():
        with crew_of(lab, 0, Machines(workers=WORKERS, tell=told.append)) as crew:
            assert told == []
            assert crew.width == WORKERS
            there = dict(crew.train(0, arms, seconds=300))
        here = dict(Alone(lab).train(0, arms, seconds=300))
    assert sorted(there) == list(range(len(arms)))
    return [here[i] for i in range(len(arms))], [there[i] for i in range(len(arms))]


def test_arms_of_a_cnn_are_equal_here_and_there() -> None:
    here, there = both(trained(cnn()), ARMS)
    assert [figures(t) for t in there] == [figures(t) for t in here]
    assert len({str(figures(t)) for t in here}) == len(ARMS)


def test_a_subclassed_model_is_trained_there_with_its_own_code_on_a_data_set() -> None:
    model = Own()
    fed = tf.data.Dataset.from_tensor_slices((X[:320], Y[:320])).shuffle(320, seed=1).batch(32)
    lab = trained(model, x=fed, y=None, batch_size=None)
    bars = (core.Bar(share=0.5, what=core.Yardstick.KNOWN),)
    arms = (
        core.Arm(seed=2, bars=bars),
        core.Arm(changes=(core.ScaleLearningRate(0.1),), closely=True),
        core.Arm(bars=(core.Bar(share=0.5, what=core.Yardstick.KNOWN, least=2.0),)),
        core.Arm(changes=(core.ScaleWidth(2.0),)),
    )
    here, there = both(lab, arms)
    assert [figures(t) for t in there[:2]] == [figures(t) for t in here[:2]]
    assert core.GRADIENT_NORM in there[1].recorded
    assert isinstance(there[2], core.BelowBar)
    assert there[2].reached == here[2].reached
    assert isinstance(there[3], core.CannotChange)
    assert str(there[3]) == str(here[3])


def test_a_worker_that_is_killed_costs_its_arm_a_retry_and_nothing_else(tmp_path: Path) -> None:
    victim = tmp_path / "pid"
    with victim.open("x") as file:
        file.write("0")  # so that the training to be studied, and the one here, pass by

    def schedule(epoch: int, rate: float) -> float:
        if epoch == 1:
            try:
                with victim.open("x") as file:
                    file.write(str(os.getpid()))
            except FileExistsError:
                return rate / 2
            time.sleep(600)  # the first to come here waits for its end
        return rate / 2

    lab = trained(cnn(), callbacks=[keras.callbacks.LearningRateScheduler(schedule)])
    arms = tuple(core.Arm(seed=seed) for seed in range(4))
    killed: list[int] = []

    def kill() -> None:
        while not (victim.exists() and victim.read_text()):
            time.sleep(0.1)
        killed.append(int(victim.read_text()))
        os.kill(killed[0], signal.SIGKILL)

    with lab.open(), crew_of(lab, 0, Machines(workers=WORKERS)) as crew:
        assert isinstance(crew, RayCrew)
        before = crew._staff.pids
        victim.unlink()
        killer = threading.Thread(target=kill, daemon=True)
        killer.start()
        there = dict(crew.train(0, arms, seconds=300))
        killer.join(10)
        assert killed[0] in before
        assert killed[0] != os.getpid()
        assert crew.width == WORKERS
        assert killed[0] not in crew._staff.pids
        with pytest.raises(ValueError, match="were sent fit 0"):
            dict(crew.train(1, arms, seconds=300))
        here = dict(Alone(lab).train(0, arms, seconds=300))
    assert [figures(there[i]) for i in range(4)] == [figures(here[i]) for i in range(4)]


def test_an_arm_whose_workers_all_die_has_failed_and_the_others_have_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convalesce.lab.ray.crew.TRIES", 2)
    deaths = tmp_path / "deaths"

    def schedule(epoch: int, rate: float) -> float:
        if epoch == 3 and deaths.exists():
            with deaths.open("a") as file:
                file.write(f"{os.getpid()}\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return rate

    lab = trained(cnn(), callbacks=[keras.callbacks.LearningRateScheduler(schedule)])
    arms = (core.Arm(changes=(core.SetEpochs(4),)), core.Arm())
    with lab.open(), crew_of(lab, 0, Machines(workers=WORKERS)) as crew:
        deaths.touch()
        there = dict(crew.train(0, arms, seconds=300))
        died = deaths.read_text().split()
        here = dict(Alone(lab).train(0, arms[1:], seconds=300))
    assert isinstance(there[0], RuntimeError)
    assert "lost 2 times" in str(there[0])
    assert len(set(died)) == 2
    assert figures(there[1]) == figures(here[0])


def test_what_can_not_travel_is_told_and_trained_here() -> None:
    model = cnn()
    model.held = threading.Lock()
    lab = trained(model)
    told: list[str] = []
    with lab.open(), crew_of(lab, 0, Machines(workers=1, tell=told.append)) as crew:
        assert crew.width == 1
        here = dict(crew.train(0, (CONTROL,), seconds=300))
    assert isinstance(crew, Alone)
    assert figures(here[0])
    assert "can't be sent to other processes" in told[0]
    assert "lock" in told[0]
    assert "trained here" in told[0]


def test_examples_are_held_once_for_all_workers_of_a_node() -> None:
    lab = trained(cnn())
    with lab.open():
        parcel = parcel_of(lab, 0)
        again = opened(parcel)
        kept = again.reach(0)
    sent = sum(b.nbytes for b in parcel.buffers)
    assert sent >= X[:640].nbytes
    assert len(parcel.data) < X[:640].nbytes
    rows = again._shelf.kept[0].train
    assert any(np.shares_memory(rows.x, b) for b in parcel.buffers)
    assert kept.steps == lab.reach(0).steps
