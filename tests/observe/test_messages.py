import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from convalesce.observe.messages import layer_in, node_of, numbers_in, sentence

REAL = tomllib.loads((Path(__file__).parent / "crash_messages.toml").read_text(encoding="utf-8"))

GRAPH = """Graph execution error:

Detected at node compile_loss/sparse_categorical_crossentropy/Sparse/Sparse defined at (most recent\
 call last):
  File "train.py", line 9, in <module>

  File "/x/keras/src/losses/losses.py", line 34, in call

Received a label value of 10 which is outside the valid range of [0, 10).  Label values: 7 1 10 3
\t [[{{node compile_loss/sparse_categorical_crossentropy/Sparse/Sparse}}]] [Op:__inference_f_201]"""

WRAPPED = (
    "Exception encountered when calling Net.call().\n\n"
    "\x1b[1mException encountered when calling MaxPooling2D.call().\n\n"
    "\x1b[1mComputed output size would be zero or negative. Received: "
    "`inputs.shape=[None 1 1 4]`, `pool_size=[4 4]`, `strides=(2, 2)`, `padding=valid`.\x1b[0m\n\n"
    "Arguments received by MaxPooling2D.call():\n  • args=('<KerasTensor>',)\x1b[0m\n\n"
    "Arguments received by Net.call():\n  • x=tf.Tensor(shape=(None, 4))"
)


def test_a_graph_error_is_cut_to_its_sentence() -> None:
    assert sentence(GRAPH) == (
        "Received a label value of 10 which is outside the valid range of [0, 10)."
    )


def test_labels_of_the_batch_are_read_before_they_are_cut() -> None:
    assert numbers_in(GRAPH) == {
        "label": 10,
        "classes": 10,
        "lowest_label": 1,
        "highest_label": 10,
    }


def test_the_node_that_failed_is_named() -> None:
    assert node_of(GRAPH) == "compile_loss/sparse_categorical_crossentropy/Sparse/Sparse"
    assert node_of("no node here") == ""


def test_the_arguments_that_keras_dumps_are_cut_at_every_level() -> None:
    text = sentence(WRAPPED)
    assert text.startswith("Computed output size would be zero or negative.")
    assert text.endswith("`padding=valid`.")


def test_window_map_and_stride_are_read() -> None:
    assert numbers_in(WRAPPED) == {"input_size": 1, "window_size": 4, "stride": 2}


def test_dumps_of_arrays_are_cut() -> None:
    text = sentence(f"Unrecognized data type: x=[[{' 0.12573022,' * 50}]] (of type <list>)")
    assert text == "Unrecognized data type: x=[…] (of type <list>)"


def test_a_very_long_message_keeps_its_begin_and_its_end() -> None:
    text = sentence("begin " + "words " * 1000 + "end")
    assert text.startswith("begin ") and text.endswith(" end") and len(text) < 520


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("Input 0 with name 'None' of layer 'dense_18' is incompatible", "dense_18"),
        ('Layer "functional_57" expects 2 named input(s)', "functional_57"),
        ("Received: shape=(None, 3) for variable path='net/dense_26/kernel'", "dense_26"),
        ("Something else", ""),
    ],
)
def test_the_layer_that_a_message_names_is_found(message: str, name: str) -> None:
    assert layer_in(message) == name


def test_memory_asked_for_is_counted_in_bytes() -> None:
    oom = "OOM when allocating tensor with shape[1000,20] and type float on /job:localhost"
    assert numbers_in(oom) == {"bytes": 80_000, "rows": 1000}
    numpy = "Unable to allocate 9 GiB for an array with shape (100, 3) and data type float64"
    assert numbers_in(numpy) == {"bytes": 2400, "rows": 100}


@pytest.mark.parametrize("name", REAL)
def test_a_real_message_is_short_and_plain(name: str) -> None:
    message = REAL[name]["message"]
    assert message and len(message) < 520
    assert "\x1b" not in message and "Arguments received by" not in message
    assert all(math.isfinite(v) for v in REAL[name].get("numbers", {}).values())


def test_reading_any_text_raises_nothing() -> None:
    strange: list[Any] = ["", "\n\n", "Graph execution error:", "Received a label value of"]
    for text in strange:
        assert isinstance(sentence(text), str) and isinstance(numbers_in(text), dict)
