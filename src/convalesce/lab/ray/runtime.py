"""What of a process decides the last bits of a training: threads, precision, environment."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any

# Prefixes of variables by which TensorFlow, Keras and the libraries below them are set up. Not
# `TF_` alone: other tools keep their secrets under it.
READ = (
    *("TF_CPP_", "TF_CUDNN_", "TF_DETERMINISTIC_", "TF_ENABLE_", "TF_FORCE_", "TF_GPU_", "TF_NUM_"),
    "TF_XLA_",
    *("KERAS_", "XLA_", "OMP_", "MKL_", "OPENBLAS_", "NVIDIA_TF32", "PYTHONHASHSEED"),
)


@dataclass(frozen=True, slots=True)
class Runtime:
    """A process in which a training comes out as it does in this one.

    Attributes:
        environment: Variables that must be set before anything is loaded.
        threads: Of one operation, and between operations: sums are split among the first.
        floats: Keras's `floatx`, `epsilon` and `image_data_format`.
        policy: Precision of layers that are made anew.
        deterministic: TensorFlow was asked for deterministic operations.
        eager: `tf.function`s are run as they stand.
        path: Where modules are looked for.
    """

    environment: dict[str, str]
    threads: tuple[int, int]
    floats: tuple[str, float, str]
    policy: Any
    deterministic: bool
    eager: bool
    path: tuple[str, ...]

    def begin(self) -> None:
        """Make this process such a one; TensorFlow has not run anything in it yet."""
        os.environ.update(self.environment)
        sys.path.extend(p for p in self.path if p not in sys.path)
        import keras
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(self.threads[0])
        tf.config.threading.set_inter_op_parallelism_threads(self.threads[1])
        floatx, epsilon, form = self.floats
        keras.config.set_floatx(floatx)
        keras.config.set_epsilon(epsilon)
        keras.config.set_image_data_format(form)
        keras.config.set_dtype_policy(keras.dtype_policies.deserialize(self.policy))
        if self.deterministic:
            tf.config.experimental.enable_op_determinism()
        tf.config.run_functions_eagerly(self.eager)


def here() -> Runtime:
    """This process."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework import config

    cores = processors()
    said = {k: v for k, v in os.environ.items() if k.startswith(READ)}
    threading = tf.config.threading
    return Runtime(
        # Ray would give each worker one thread where nothing is said; here it is all processors.
        environment={"OMP_NUM_THREADS": str(cores), **said},
        threads=(
            threading.get_intra_op_parallelism_threads() or _set("TF_NUM_INTRAOP_THREADS", cores),
            threading.get_inter_op_parallelism_threads() or _set("TF_NUM_INTEROP_THREADS", cores),
        ),
        floats=(
            keras.config.floatx(),
            float(keras.config.epsilon()),
            keras.config.image_data_format(),
        ),
        policy=keras.dtype_policies.serialize(keras.config.dtype_policy()),
        deterministic=bool(config.is_op_determinism_enabled()),
        eager=bool(tf.config.functions_run_eagerly()),
        path=tuple(sys.path),
    )


def versions() -> dict[str, str]:
    """Of what a training's figures depend on."""
    import keras
    import numpy as np
    import tensorflow as tf

    from convalesce import __version__

    return {
        "convalesce": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    }


def processors() -> int:
    """Processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _set(name: str, default: int) -> int:
    said = os.environ.get(name, "")
    return int(said) if said.isdigit() and int(said) else default
