"""A Ray cluster of several nodes, one of which leaves in the middle of a training."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("keras")
pytest.importorskip("ray")

import keras
import ray
from ray.cluster_utils import Cluster

from convalesce import core
from convalesce.lab.crew import Alone, crew_of
from convalesce.lab.ray.cluster import Machines, NoCluster, connected
from convalesce.lab.ray.crew import RayCrew
from tests.lab.ray.test_crew import cnn, figures, trained

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray's own processes
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head that trains nothing and two nodes of one processor each."""
    monkeypatch.setenv("RAY_worker_niceness", "0")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(2):
        made.add_node(num_cpus=1)
    yield made
    made.shutdown()


def test_a_node_that_leaves_costs_its_arm_a_retry_on_another(cluster: Any, tmp_path: Path) -> None:
    place = tmp_path / "node"
    place.write_text("nobody")  # so that the training to be studied, and the one here, pass by

    def schedule(epoch: int, rate: float) -> float:
        if epoch == 1:
            try:
                with place.open("x") as file:
                    file.write(ray.get_runtime_context().get_node_id())
            except FileExistsError:
                return rate / 2
            time.sleep(600)  # the first to come here waits for its end
        return rate / 2

    lab = trained(cnn(), callbacks=[keras.callbacks.LearningRateScheduler(schedule)])
    arms = tuple(core.Arm(seed=seed) for seed in range(3))
    left: list[str] = []

    def leave() -> None:
        while not (place.exists() and place.read_text()):
            time.sleep(0.1)
        for node in list(cluster.worker_nodes):
            if node.node_id == place.read_text():
                cluster.remove_node(node, allow_graceful=False)
                left.append(node.node_id)

    with lab.open():
        with crew_of(lab, 0, Machines(address=cluster.address)) as crew:
            assert isinstance(crew, RayCrew)
            assert crew.width == 2  # one a node, since no number is given
            place.unlink()
            leaver = threading.Thread(target=leave, daemon=True)
            leaver.start()
            there = dict(crew.train(0, arms, seconds=300))
            leaver.join(60)
        here = dict(Alone(lab).train(0, arms, seconds=300))
    assert len(left) == 1
    assert [figures(there[i]) for i in range(3)] == [figures(here[i]) for i in range(3)]


def test_where_no_cluster_answers_it_is_said_and_how_to_start_one() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        said = pytest.raises(NoCluster, match=f"at {address} .*`ray start --head` starts one")
        with said, connected(Machines(address=address)):
            raise AssertionError
