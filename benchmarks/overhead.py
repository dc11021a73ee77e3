"""What observation costs: CPU and wall time of a step with it over one without.

The arms run in one process, one short block after another in changing order, so that whatever
else the machine does falls on all of them alike; a second plain arm is the control. What happens
once (tracing, compiling) is warmed up before and told apart as `once`.

    python benchmarks/overhead.py --nets image,resnet,text --steps 200 --repeats 15
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from convalesce.observe.monitor import Instrument

layers = keras.layers
ARMS = ("plain", "control", "default", "every", "tensorboard", "tape", "check_numerics", "dump")
RESAMPLES = 2000


@dataclass
class Arm:
    """One way of training the same net.

    Attributes:
        block: Trains some steps.
        once: CPU seconds of the first block beyond a later one.
        cpu: Seconds of each block. So is `wall`.
    """

    block: Callable[[], None]
    once: float = 0.0
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)


def image_cnn() -> tuple[Any, Any, Any]:
    """A small CNN on 28 x 28 pictures, 64 a batch."""
    net = [layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D()]
    net += [layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()]
    net += [layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    return keras.Sequential([keras.Input((28, 28, 1)), *net]), *pictures(28, 1, 64)


def resnet() -> tuple[Any, Any, Any]:
    """Eight residual layers on 32 x 32 x 3, 32 a batch."""
    x = inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        x = layers.ReLU()(layers.BatchNormalization()(x))
        shortcut = layers.Conv2D(width, 1, strides=stride)(x)
        x = layers.Conv2D(width, 3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
        x = layers.Add()([x, shortcut])
    x = layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(x)))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    return model, *pictures(32, 3, 32)


def character_cnn() -> tuple[Any, Any, Any]:
    """A CNN over 128 characters, 32 a batch."""
    net = [layers.Embedding(96, 32)]
    for _ in range(2):
        net += [layers.Conv1D(64, 5, activation="relu"), layers.MaxPooling1D(2)]
    net += [layers.GlobalMaxPooling1D(), layers.Dense(64, activation="relu")]
    net += [layers.Dense(8, activation="softmax")]
    rng = np.random.default_rng(0)
    data = rng.integers(0, 96, (32, 128)).astype("int32"), rng.integers(0, 8, 32)
    return keras.Sequential([keras.Input((128,), dtype="int32"), *net]), *data


def pictures(size: int, channels: int, batch: int) -> tuple[Any, Any]:
    """One batch of noise."""
    rng = np.random.default_rng(0)
    x = rng.random((batch, size, size, channels), np.float32)
    return x, rng.integers(0, 10, batch)


NETS = {"image": image_cnn, "resnet": resnet, "text": character_cnn}


class Watch(keras.callbacks.Callback):
    """Joins an instrument to a fit; leaves Keras its asynchronous callbacks."""

    async_safe = True

    def __init__(self, instrument: Instrument) -> None:
        super().__init__()
        self.instrument = instrument

    def set_model(self, model: Any) -> None:
        """Before the train function is made."""
        super().set_model(model)
        self.instrument.attach(model)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Reads what was kept."""
        self.instrument.epoch_end(epoch)

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Lets go."""
        self.instrument.detach()


class Tape(keras.callbacks.Callback):
    """The gradients of each batch, computed again beside the training."""

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__()
        self.x, self.y = tf.constant(x), tf.constant(y)

    def set_model(self, model: Any) -> None:
        """Compiles the second computation."""
        super().set_model(model)

        @tf.function
        def norms() -> Any:
            with tf.GradientTape() as tape:
                loss = model.compute_loss(self.x, self.y, model(self.x, training=False))
            return [tf.norm(g) for g in tape.gradient(loss, model.trainable_variables)]

        self.norms = norms

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Once a batch."""
        self.norms()


def arm(name: str, make: Callable[[], tuple[Any, Any, Any]], steps: int, folder: Path) -> Arm:
    """One arm, with a model and a dataset of its own.

    A block is one epoch of a fit that never ends: observation goes on as in one long training.
    """
    keras.utils.set_random_seed(1)
    model, x, y = make()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data = tf.data.Dataset.from_tensors((x, y)).cache().repeat()
    extra: list[Any] = []
    if name in ("default", "every"):
        extra = [Watch(Instrument(1 if name == "every" else None))]
    elif name == "tensorboard":
        extra = [keras.callbacks.TensorBoard(folder / name, histogram_freq=1, write_graph=False)]
    elif name == "tape":
        extra = [Tape(x, y)]

    def train(gates: Sequence[Any]) -> None:
        callbacks = [gates[0], *extra, gates[1]]
        options = {"steps_per_epoch": steps, "shuffle": False, "verbose": 0}
        with debugging(name, folder):
            model.fit(data, epochs=10**6, callbacks=callbacks, **options)

    return Arm(_held(train))


class Gate(keras.callbacks.Callback):
    """Holds a fit before each epoch."""

    async_safe = True

    def __init__(self, go: threading.Semaphore) -> None:
        super().__init__()
        self.go = go

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Waits to be let through."""
        self.go.acquire()


class Bell(keras.callbacks.Callback):
    """Tells that an epoch is over."""

    async_safe = True

    def __init__(self, done: threading.Semaphore) -> None:
        super().__init__()
        self.done = done

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Rings."""
        self.done.release()


def _held(train: Callable[[Sequence[Any]], None]) -> Callable[[], None]:
    """One epoch of a fit that goes on in its own thread, on demand."""
    go, done = threading.Semaphore(0), threading.Semaphore(0)
    threading.Thread(target=train, args=((Gate(go), Bell(done)),), daemon=True).start()

    def block() -> None:
        go.release()
        done.acquire()

    return block


@contextlib.contextmanager
def debugging(name: str, folder: Path) -> Iterator[None]:
    """TensorFlow's own instruments, which are switched on for one thread."""
    if name == "check_numerics":
        tf.debugging.enable_check_numerics()
    elif name == "dump":
        tf.debugging.experimental.enable_dump_debug_info(
            str(folder), tensor_debug_mode="CONCISE_HEALTH", circular_buffer_size=100
        )
    try:
        yield
    finally:
        if name == "check_numerics":
            tf.debugging.disable_check_numerics()
        elif name == "dump":
            tf.debugging.experimental.disable_dump_debug_info()


def timed(one: Arm) -> tuple[float, float]:
    """CPU and wall seconds of a block."""
    cpu, wall = time.process_time(), time.perf_counter()
    one.block()
    return time.process_time() - cpu, time.perf_counter() - wall


def measure(
    make: Callable[[], tuple[Any, Any, Any]],
    names: Sequence[str],
    *,
    steps: int,
    repeats: int,
    folder: Path,
) -> dict[str, Arm]:
    """All arms of one net, interleaved."""
    arms = {name: arm(name, make, steps, folder) for name in names}
    for one in arms.values():
        first, _ = timed(one)
        second, _ = timed(one)
        one.once = max(first - second, 0.0)
    order = list(arms)
    for _ in range(repeats):
        random.shuffle(order)
        for name in order:
            cpu, wall = timed(arms[name])
            arms[name].cpu.append(cpu)
            arms[name].wall.append(wall)
    return arms


def ratio(values: Sequence[float], plain: Sequence[float]) -> tuple[float, float, float]:
    """Median of the paired ratios, and its 95 % bootstrap interval."""
    paired = np.asarray(values) / np.asarray(plain)
    rng = np.random.default_rng(0)
    medians = np.median(rng.choice(paired, (RESAMPLES, paired.size)), axis=1)
    low, high = np.quantile(medians, [0.025, 0.975])
    return float(np.median(paired)), float(low), float(high)


def table(net: str, arms: dict[str, Arm], steps: int) -> list[str]:
    """Rows of the result table."""
    plain = arms["plain"]
    rows = []
    for name, one in arms.items():
        cpu, wall = ratio(one.cpu, plain.cpu), ratio(one.wall, plain.wall)
        step = 1000 * float(np.median(one.cpu)) / steps
        rows.append(
            f"| {net} | {name} | {step:.2f} | {cpu[0]:.3f} ({cpu[1]:.3f} to {cpu[2]:.3f}) "
            f"| {wall[0]:.3f} ({wall[1]:.3f} to {wall[2]:.3f}) | {one.once - plain.once:+.1f} |"
        )
    return rows


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--nets", default=",".join(NETS))
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--steps", type=int, default=200, help="steps a block")
    parser.add_argument("--repeats", type=int, default=15, help="blocks an arm")
    parser.add_argument("--out", type=Path, help="also write the table here")
    options = parser.parse_args()
    names = list(dict.fromkeys(["plain", *options.arms.split(",")]))
    lines = [
        "# What observation costs",
        "",
        (
            f"`python benchmarks/overhead.py --steps {options.steps} --repeats {options.repeats}`: "
            f"TensorFlow {tf.__version__}, Keras {keras.__version__}, {os.cpu_count()} CPU cores. "
            "Ratios to plain `fit`, paired block by block: median and 95 % bootstrap interval. "
            "`control` is plain `fit` again. `once`: CPU seconds more than plain before the second "
            "block (tracing; for the default also its dense first steps)."
        ),
        "",
        "| net | arm | CPU ms a step | CPU ratio | wall ratio | once, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    print("\n".join(lines), flush=True)
    for net in options.nets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            arms = measure(
                NETS[net],
                names,
                steps=options.steps,
                repeats=options.repeats,
                folder=Path(folder),
            )
        rows = table(net, arms, options.steps)
        print("\n".join(rows), flush=True)
        lines += rows
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("\n".join(lines) + "\n")
    os._exit(0)  # fits that wait in their threads for an epoch that never comes


if __name__ == "__main__":
    main()
