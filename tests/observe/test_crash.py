import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from convalesce import core
from convalesce.observe.crash import crash_of

REAL = tomllib.loads((Path(__file__).parent / "crash_messages.toml").read_text(encoding="utf-8"))

X = np.zeros((32, 8), "float32")
LABELS = np.arange(32)
IMAGES = np.zeros((4, 16, 16, 1), "float32")


def net(*parts: Any, loss: str = "sparse_categorical_crossentropy", **settings: Any) -> Any:
    model = keras.Sequential(list(parts))
    model.compile("sgd", loss, **settings)
    return model


def softmax(width: int, **settings: Any) -> Any:
    return net(keras.Input((8,)), layers.Dense(width, activation="softmax"), **settings)


def crash(provoke: Callable[[], Any]) -> core.Crash:
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - any of them is read
        provoke()
    return crash_of(raised.value)


def unnumbered(message: str) -> str:
    """Without the numbers that Keras gives to layers in the order of the process."""
    return re.sub(r"'([a-z]+[0-9]?d?)_\d+'", r"'\1'", message)


def failing() -> Iterator[Any]:
    yield X, LABELS % 2
    raise KeyError("image_17.png")


PROVOKED: dict[str, Callable[[], Any]] = {
    "labels_too_high": lambda: softmax(10).fit(X, LABELS % 11, verbose=0),
    "labels_negative": lambda: softmax(3).fit(X, LABELS % 3 - 1, verbose=0),
    "evaluate_labels": lambda: softmax(3).evaluate(X, LABELS % 5, verbose=0),
    "categorical_with_integers": lambda: softmax(10, loss="categorical_crossentropy").fit(
        X, LABELS % 10, verbose=0
    ),
    "categorical_width": lambda: softmax(10, loss="categorical_crossentropy").fit(
        X, np.eye(9)[LABELS % 9], verbose=0
    ),
    "too_much_pooling": lambda: net(
        keras.Input((16, 16, 1)),
        *[part for _ in range(2) for part in (layers.Conv2D(4, 3), layers.MaxPooling2D())],
        layers.Conv2D(4, 3),
    ),
    "too_much_conv_fit": lambda: net(layers.Conv2D(4, 9), layers.Conv2D(4, 9)).fit(
        IMAGES, LABELS[:4], verbose=0
    ),
    "dense_input_width": lambda: net(keras.Input((10,)), layers.Dense(4), layers.Dense(2)).fit(
        X, LABELS % 2, verbose=0
    ),
    "different_length": lambda: softmax(2).fit(X, LABELS[:31] % 2, verbose=0),
    "string_labels": lambda: softmax(2).fit(X, np.array(["cat", "dog"] * 16), verbose=0),
    "object_dtype": lambda: softmax(2).fit(X.astype(object), LABELS % 2, verbose=0),
    "not_compiled": lambda: keras.Sequential([layers.Dense(2)]).fit(X, LABELS, verbose=0),
    "generator_raises": lambda: softmax(2).fit(failing(), verbose=0),
    "metric_f1": lambda: softmax(3, metrics=[keras.metrics.F1Score()]).fit(
        X, LABELS % 3, verbose=0
    ),
    "unknown_activation": lambda: layers.Dense(3, activation="rellu"),
    "unknown_optimizer": lambda: keras.Sequential([]).compile("adamm", "mse"),
    "validation_labels": lambda: softmax(2, loss="categorical_crossentropy").fit(
        X, np.eye(2)[LABELS % 2], validation_data=(X, LABELS % 2), verbose=0
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", PROVOKED)
def test_keras_still_says_what_is_recorded(name: str) -> None:
    found, recorded = crash(PROVOKED[name]), REAL[name]
    assert found.exception == recorded["exception"]
    assert unnumbered(found.message) == unnumbered(recorded["message"])
    assert (found.phase, found.part) == (recorded["phase"], recorded["part"])
    assert found.function == recorded["function"]
    assert found.numbers == recorded.get("numbers", {})
    assert bool(found.layer) is bool(recorded["layer"])
    assert found.site is not None and Path(found.site.file).name == "test_crash.py"


@pytest.mark.filterwarnings("ignore")
def test_the_layer_is_named_as_the_user_named_it() -> None:
    inputs = keras.Input((16, 16, 1))
    first = layers.Conv2D(4, 9)(inputs)
    assert crash(lambda: layers.Conv2D(4, 9, name="second")(first)).layer == "second"


@pytest.mark.filterwarnings("ignore")
def test_the_layer_of_a_graph_node_is_found() -> None:
    model = net(
        keras.Input((4,), dtype="int32"),
        layers.Embedding(10, 3, name="words"),
        layers.Flatten(),
        layers.Dense(2),
    )
    found = crash(lambda: model.fit(np.full((8, 4), 12), LABELS[:8] % 2, verbose=0))
    assert (found.layer, found.numbers) == ("words", {"index": 12, "vocabulary": 10})


@pytest.mark.filterwarnings("ignore")
def test_an_exception_of_the_users_own_around_one_of_keras_is_seen_through() -> None:
    def provoke() -> None:
        try:
            softmax(2).fit(X, LABELS[:3], verbose=0)
        except ValueError as error:
            raise RuntimeError("training failed") from error

    found = crash(provoke)
    assert (found.exception, found.phase) == ("ValueError", "data")


def test_an_exception_without_keras_is_other() -> None:
    def provoke() -> None:
        raise OSError("disk full")

    found = crash(provoke)
    assert (found.phase, found.part, found.layer, found.numbers) == ("other", "", "", {})


def test_a_syntax_error_names_its_own_line() -> None:
    found = crash(lambda: compile("a = 1\nb = (", "train.py", "exec"))
    assert found.phase == "import" and found.site == core.Site("train.py", 2)
