"""Keras objects as bytes and back by their whole graph, in another process.

Keras pickles a model by way of its configuration: what the user's own classes hold beside it is
lost, and so is that a layer's flag, an optimizer and a callback speak of one and the same object.
Here objects travel as they are. The user's own code travels by value; arrays travel beside the
bytes, so that many processes can read one copy.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import pickle
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce.observe.sites import is_users_module

Buffers = list[NDArray[np.uint8]]
TRACED = ("train_function", "test_function", "predict_function")  # made anew when first called
MOST_DEEP = 20_000  # calls within calls: a graph is pickled along its layers


def pack(value: Any) -> tuple[bytes, Buffers]:
    """Any value with what the user's code defines, and the arrays in it.

    Raises:
        Exception: Something in it can't be pickled; of whatever kind that object raises.
    """
    from ray.cloudpickle import CloudPickler

    class Pickler(CloudPickler):  # type: ignore[misc]  # Ray's copy ships no types
        def __init__(self, file: Any, callback: Any) -> None:
            super().__init__(file, protocol=5, buffer_callback=callback)
            self.met: list[Any] = []
            self.files: set[str] = set()

        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, FunctionType):
                self.files.add(obj.__code__.co_filename)
            reduced = _reduced(obj, self.met)
            return super().reducer_override(obj) if reduced is None else reduced

    found: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    with _by_value(), _deep():
        pickler = Pickler(file, found.append)
        # In this order: what was met is complete once the value is written.
        pickler.dump((value, pickler.met, _Sources(pickler.files)))
    return file.getvalue(), [np.frombuffer(b.raw(), np.uint8) for b in found]


def unpack(data: bytes, buffers: Buffers) -> Any:
    """What `pack` was given; its arrays are views of the buffers."""
    with _deep():
        value, met, sources = pickle.loads(data, buffers=buffers)  # noqa: S301 - our own driver's
    for one in met:
        _rekey(one)
    for file, text in sources.items():
        if not Path(file).exists():
            linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    return value


class _Sources:
    """Text of the user's files, read when everything that speaks of them has been pickled."""

    def __init__(self, files: set[str]) -> None:
        self.files = files

    def __reduce__(self) -> Any:
        users = {getattr(m, "__file__", None) for n, m in _modules() if is_users_module(n)}
        ours = [f for f in sorted(self.files) if f in users or not _installed(f)]
        return dict, ([(f, "".join(linecache.getlines(f))) for f in ours if not f.startswith("<")],)


def _installed(file: str) -> bool:
    """It belongs to a module that the other side has too."""
    return any(getattr(m, "__file__", None) == file for _, m in _modules())


def _modules() -> list[tuple[str, Any]]:
    return list(sys.modules.items())


@contextlib.contextmanager
def _by_value() -> Iterator[None]:
    """While this lasts, the user's modules travel with what is pickled, not by their names."""
    from ray import cloudpickle

    known = cloudpickle.list_registry_pickle_by_value()
    users = [
        module
        for name, module in _modules()
        if name != "__main__" and name not in known and is_users_module(name)
    ]
    for module in users:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in users:
            cloudpickle.unregister_pickle_by_value(module)


@contextlib.contextmanager
def _deep() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, MOST_DEEP))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


# ---- objects that need more than their attributes --------------------------------------------


def _reduced(obj: Any, met: list[Any]) -> Any:  # noqa: PLR0911 - one a kind of object
    """How one of Keras's or TensorFlow's objects is pickled; None for the usual way."""
    import tensorflow as tf
    from keras.src.ops.function import Function
    from keras.src.optimizers.base_optimizer import BaseOptimizer
    from keras.src.saving.keras_saveable import KerasSaveable
    from keras.src.utils.tracking import TrackedDict, TrackedList, TrackedSet, Tracker

    if isinstance(obj, type):
        return None
    if isinstance(obj, KerasSaveable):
        state = dict(vars(obj))
        state.update({name: None for name in TRACED if name in state})
        if isinstance(obj, BaseOptimizer):
            state["keyed"] = _keyed(obj)
        if isinstance(obj, Function | BaseOptimizer):
            met.append(obj)
        return object.__new__, (type(obj),), state, None, None, _set_state
    if isinstance(obj, Tracker):
        met.append(obj)
        return None
    if isinstance(obj, tf.distribute.Strategy):
        return _strategy(obj)
    if hasattr(obj, "_python_function") and hasattr(obj, "get_concrete_function"):
        return _traced_anew(obj)
    for plain, kind in ((list, TrackedList), (dict, TrackedDict), (set, TrackedSet)):
        if isinstance(obj, kind):
            return plain.__new__, (type(obj),), (plain(obj), vars(obj)), None, None, _set_content
    return None


def _set_state(obj: Any, state: dict[str, Any]) -> None:
    """Past Keras's own bookkeeping, which has been done."""
    vars(obj).update(state)


def _set_content(obj: Any, state: tuple[Any, dict[str, Any]]) -> None:
    content, attributes = state
    plain = type(content)
    (plain.extend if plain is list else plain.update)(obj, content)
    vars(obj).update(attributes)


def _strategy(strategy: Any) -> Any:
    """The strategy of every process is its own; others than the default one stay where they are."""
    import tensorflow as tf

    if type(strategy).__name__ != "_DefaultDistributionStrategy":
        raise pickle.PicklingError(f"{type(strategy).__name__} distributes over its own devices")
    return tf.distribute.get_strategy, ()


def _traced_anew(function: Any) -> Any:
    """A `tf.function` without what it has traced."""
    keywords = {
        "input_signature": function.input_signature,
        "autograph": function._autograph,  # noqa: SLF001
        "jit_compile": function._jit_compile,  # noqa: SLF001
        "reduce_retracing": function._reduce_retracing,  # noqa: SLF001
    }
    return _tf_function, (function.python_function, keywords)


def _tf_function(function: Any, keywords: dict[str, Any]) -> Any:
    import tensorflow as tf

    return tf.function(function, **keywords)


# ---- what Keras keeps by the identity of objects ---------------------------------------------


def _keyed(optimizer: Any) -> dict[str, Any]:
    """An optimizer's sets and mappings by variable, by the variable's place instead."""
    variables: Iterable[Any] = getattr(optimizer, "_trainable_variables", ())
    place = {optimizer._var_key(v): i for i, v in enumerate(variables)}  # noqa: SLF001
    found: dict[str, Any] = {}
    for name, value in vars(optimizer).items():
        if not isinstance(value, dict | set) or not all(_in(k, place) for k in value):
            continue
        if isinstance(value, dict):
            found[name] = {place[k]: v for k, v in value.items()}
        else:
            found[name] = {place[k] for k in value}
    return found


def _in(key: Any, place: dict[Any, int]) -> bool:
    return isinstance(key, str | int) and key in place


def _rekey(obj: Any) -> None:
    """Put in what is kept by the identity that an object has in this process."""
    from keras.src.ops.function import make_node_key
    from keras.src.utils.tracking import Tracker

    if isinstance(obj, Tracker):
        obj.stored_ids = {name: {id(v) for v in held} for name, (_, held) in obj.config.items()}
        return
    for name, value in vars(obj).pop("keyed", {}).items():
        key = [obj._var_key(v) for v in obj._trainable_variables]  # noqa: SLF001
        if isinstance(value, dict):
            vars(obj)[name] = {key[i]: v for i, v in value.items()}
        else:
            vars(obj)[name] = {key[i] for i in value}
    depths = vars(obj).get("_nodes_by_depth")
    if depths is not None:
        vars(obj)["_nodes"] = {
            make_node_key(node.operation, node.operation._inbound_nodes.index(node))  # noqa: SLF001
            for nodes in depths.values()
            for node in nodes
        }
