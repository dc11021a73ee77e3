"""Cases of a benchmark on a Ray cluster: what each shows, as they end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from convalesce.lab.ray.cluster import Machines, code, connected

RETRIES = 2  # of a case whose worker is lost


def each(
    function: Callable[..., Any], jobs: Sequence[tuple[Any, ...]], machines: Machines
) -> Iterator[tuple[int, Any]]:
    """Each job's place and what a function gives for it, as they end; a processor for each.

    Args:
        function: Of a module of the benchmarks, which travels with it; it reads nothing of this
            machine and writes nothing that is to be kept.
        jobs: Its arguments.
        machines: The cluster.
    """
    with connected(machines):
        import ray  # noqa: PLC0415 - an extra
        from ray import cloudpickle  # noqa: PLC0415

        ours = [m for n, m in list(sys.modules.items()) if n.partition(".")[0] == "benchmarks"]
        for module in ours:
            cloudpickle.register_pickle_by_value(module)
        environment = {"env_vars": code(machines.address)}
        task = ray.remote(function).options(
            num_cpus=1, max_retries=RETRIES, runtime_env=environment, scheduling_strategy="SPREAD"
        )
        places = {task.remote(*job): place for place, job in enumerate(jobs)}
        for module in ours:
            cloudpickle.unregister_pickle_by_value(module)
        while places:
            done, _ = ray.wait(list(places), num_returns=1)
            yield places.pop(done[0]), ray.get(done[0])
