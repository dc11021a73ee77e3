"""Catches the calls of Keras that train, while a script runs, and leaves no patch behind.

The classes are patched once the script has imported Keras itself, and only then is anything loaded
that needs NumPy: a script may set `OMP_NUM_THREADS` first. Each patch calls what it
replaced and hands the facts on to `Course` (fit, evaluate) and `Loops` (train_on_batch and
hand-written loops).
"""

from __future__ import annotations

import functools
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from convalesce.observe import sites
from convalesce.observe.guard import guarded
from convalesce.observe.importing import after_import
from convalesce.observe.options import Options

if TYPE_CHECKING:
    from convalesce import core
    from convalesce.observe.fit import Course
    from convalesce.observe.loops import Loops

OLDEST_KERAS = (3, 15)
OLDEST_TENSORFLOW = (2, 21)


class Seen:
    """What was seen of a script: nothing before it imports Keras."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.remarks: list[str] = []
        self.course: Course | None = None
        self.loops: Loops | None = None

    def read_put_off(self) -> None:
        """Read what had to wait for the end of the script."""
        if self.course is not None:
            self.course.read_put_off()

    def fits(self) -> list[core.Fit]:
        """Every fit in the order of the script, hand-written loops last."""
        if self.course is None or self.loops is None:
            return []
        fits = list(self.course.fits)
        with guarded(self.remarks, "reading the hand-written loops"):
            fits.extend(self.loops.fits(first=len(fits)))
        self.remarks += [*self.course.remarks, *self.loops.remarks]
        return fits


@contextmanager
def watching(options: Options) -> Iterator[Seen]:
    """While this lasts, every training of Keras is seen."""
    patches, seen = Patches(), Seen(options)

    def keras_is_there(keras: ModuleType) -> None:
        with guarded(seen.remarks, "watching Keras"):
            reason = why_not(keras)
            if reason:
                seen.remarks.append(reason)
            else:
                _install(patches, seen)

    def legacy_is_there(_: ModuleType) -> None:
        seen.remarks.append(
            "The script uses tf_keras, the legacy Keras 2, which is not covered: its training was "
            "not observed. Unset TF_USE_LEGACY_KERAS, or import keras instead."
        )

    try:
        with after_import({"keras": keras_is_there, "tf_keras": legacy_is_there}):
            yield seen
    finally:
        patches.remove()


def why_not(keras: ModuleType) -> str:
    """Why training by this Keras can't be observed; empty where it can."""
    version = str(getattr(keras, "__version__", "0"))
    if _numbers(version) < OLDEST_KERAS:
        return (
            f"Keras {version} is older than {_dotted(OLDEST_KERAS)}, the oldest that is covered: "
            "training was not observed. Upgrade with `pip install -U keras`."
        )
    backend = str(keras.backend.backend())
    if backend != "tensorflow":
        return (
            f"Keras runs on the {backend} backend; only TensorFlow is covered, so training was not "
            "observed. Set KERAS_BACKEND=tensorflow to have it observed."
        )
    import tensorflow as tf

    if _numbers(tf.__version__) < OLDEST_TENSORFLOW:
        return (
            f"TensorFlow {tf.__version__} is older than {_dotted(OLDEST_TENSORFLOW)}, the "
            "oldest that is covered: training was not observed. Upgrade with "
            "`pip install -U tensorflow`."
        )
    return ""


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")[:2]
    return tuple(int("".join(c for c in part if c.isdigit()) or 0) for part in parts)


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


class Patches:
    """Attributes of classes and modules that are replaced for a while."""

    def __init__(self) -> None:
        self.active = True
        self._kept: list[tuple[Any, str, Any, Any]] = []

    def replace(self, owner: type, name: str, make: Callable[[Any], Any]) -> None:
        """Put `make(original)` in place of an attribute that `owner` itself defines."""
        raw = owner.__dict__.get(name)
        if raw is None:
            return
        original = raw.__func__ if isinstance(raw, staticmethod) else raw
        wrapper: Any = functools.wraps(original)(make(original))
        if not hasattr(original, "__wrapped__"):  # else it does not tell its own either
            wrapper.__signature__ = inspect.signature(original)
        wrapper.autograph_info__ = {}  # TensorFlow's mark for code that AutoGraph leaves as it is
        self.put(owner, name, staticmethod(wrapper) if isinstance(raw, staticmethod) else wrapper)

    def put(self, owner: Any, name: str, value: Any) -> None:
        """Put another value in place of an attribute that `owner` itself holds."""
        if name in vars(owner):
            self._kept.append((owner, name, vars(owner)[name], value))
            setattr(owner, name, value)

    def remove(self) -> None:
        """Put everything back; what others have patched over since then just passes through."""
        self.active = False
        while self._kept:
            owner, name, raw, new = self._kept.pop()
            if vars(owner).get(name) is new:
                setattr(owner, name, raw)


class Busy(threading.local):
    """This thread is inside a call that is being watched: what Keras calls there is its own."""

    now = False
    anywhere = 0  # threads that are

    def __enter__(self) -> None:
        self.now = True
        Busy.anywhere += 1

    def __exit__(self, *_: object) -> None:
        self.now = False
        Busy.anywhere -= 1

    @property
    def replicas(self) -> bool:
        """This thread may be one that a distribution strategy makes inside a watched call."""
        import tensorflow as tf

        return Busy.anywhere > 0 and bool(tf.distribute.has_strategy())


class Calls:
    """What stands in place of Keras's methods: each takes the original and gives its stand-in."""

    def __init__(self, patches: Patches, course: Course, loops: Loops) -> None:
        self.patches, self.course, self.loops = patches, course, loops
        self.busy = Busy()

    @property
    def passes(self) -> bool:
        """This call is none of ours."""
        return not self.patches.active or self.busy.now or self.busy.replicas

    def fit(self, original: Any) -> Any:
        """`Model.fit`, which a subclass may call by `super()`."""

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            if self.passes:
                if self.patches.active:
                    self.course.remarks.append(
                        "A fit inside another fit, by a callback, was not observed."
                    )
                return original(model, *args, **kwargs)
            site = sites.calling_site()
            with self.busy:
                return self.course.fit(original, model, args, kwargs, site)

        return fit

    def evaluate(self, original: Any) -> Any:
        """`Model.evaluate`; the one that fit calls for validation passes."""

        def evaluate(model: Any, *args: Any, **kwargs: Any) -> Any:
            if self.passes:
                return original(model, *args, **kwargs)
            with self.busy:
                return self.course.evaluate(original, model, args, kwargs)

        return evaluate

    def train_on_batch(self, original: Any) -> Any:
        """`Model.train_on_batch`."""

        def train_on_batch(model: Any, *args: Any, **kwargs: Any) -> Any:
            if self.passes:
                return original(model, *args, **kwargs)
            site = sites.calling_site()
            with self.busy:
                return self.loops.train_on_batch(original, model, args, kwargs, site)

        return train_on_batch

    def compile(self, original: Any) -> Any:
        """`Model.compile`: notes where it was called."""

        def compile(model: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: A001 - Keras's name
            result = original(model, *args, **kwargs)
            if self.patches.active:
                with guarded(self.course.remarks, "noting where a model was compiled"):
                    sites.note(model, "compile")
            return result

        return compile

    def new(self, original: Any) -> Any:
        """`Layer.__new__`: notes where it was called."""

        def __new__(cls: type, *args: Any, **kwargs: Any) -> Any:  # noqa: N807 - it replaces one
            made = original(cls, *args, **kwargs)
            if self.patches.active:
                with guarded(self.course.remarks, "noting where a layer was built"):
                    sites.note(made)
            return made

        return __new__

    def apply(self, original: Any) -> Any:
        """`Optimizer.apply` outside of fit: a loop written by hand."""

        def apply(optimizer: Any, grads: Any, trainable_variables: Any = None) -> Any:
            if self.passes:
                return original(optimizer, grads, trainable_variables)
            with self.busy:
                return self.loops.apply(original, optimizer, grads, trainable_variables)

        return apply


def _install(patches: Patches, seen: Seen) -> None:
    from keras.src.backend.tensorflow.trainer import TensorFlowTrainer
    from keras.src.layers.layer import Layer
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.trainers.trainer import Trainer
    from keras.src.utils import traceback_utils

    from convalesce.observe.fit import Course
    from convalesce.observe.loops import Loops

    seen.course, seen.loops = Course(seen.options), Loops(seen.options)
    calls = Calls(patches, seen.course, seen.loops)
    patches.replace(TensorFlowTrainer, "fit", calls.fit)
    patches.replace(TensorFlowTrainer, "evaluate", calls.evaluate)
    patches.replace(TensorFlowTrainer, "train_on_batch", calls.train_on_batch)
    patches.replace(Trainer, "compile", calls.compile)
    patches.replace(Layer, "__new__", calls.new)
    patches.replace(BaseOptimizer, "apply", calls.apply)
    # Keras cuts its own frames out of a traceback down to the innermost, if no others are left.
    ours = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120 - a prefix
    patches.put(traceback_utils, "_EXCLUDED_PATHS", (*traceback_utils._EXCLUDED_PATHS, ours))  # noqa: SLF001
