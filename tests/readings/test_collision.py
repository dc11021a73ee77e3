"""Real exceptions of Keras against the part that they blame."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from convalesce.core import Crash
from convalesce.readings import collision

MESSAGES = tomllib.loads(
    (Path(__file__).parents[1] / "observe" / "crash_messages.toml").read_text()
)
BLAMED = {
    "labels_too_high": ["labels", "output_activation"],
    "labels_one_based_eager": ["labels"],
    "labels_negative": ["labels"],
    "labels_nan": [],
    "evaluate_labels": ["labels", "output_activation"],
    "categorical_with_integers": ["loss"],
    "categorical_width": ["output_activation"],
    "sparse_with_onehot": ["loss"],
    "sparse_missing_flatten": ["output_activation"],
    "binary_rank": ["loss"],
    "binary_onehot_on_one_unit": ["output_activation"],
    "binary_segmentation": [],
    "mse_width": ["output_activation"],
    "categorical_one_unit": ["output_activation"],
    "categorical_rank_conv": ["output_activation"],
    "too_much_pooling": [],
    "dense_input_width": [],
    "conv_channels": [],
    "multiply_subclassed": [],
    "embedding_index": [],
    "oom_fit": [],
    "object_dtype": ["labels"],
    "string_labels": ["labels"],
    "list_labels": ["labels"],
    "none_labels": ["labels"],
    "custom_loss_none": ["loss"],
    "different_length": ["labels"],
    "sample_weight_length": ["labels"],
    "empty_split": [],
    "not_compiled": ["loss"],
    "no_loss": ["loss"],
    "generator_raises": [],
    "validation_shape": [],
    "validation_labels": ["loss"],
    "metric_auc_width": ["metric"],
    "metric_precision": ["metric"],
    "metric_meaniou": ["metric"],
    "metric_f1": ["metric"],
    "unknown_metric": ["metric"],
    "unknown_optimizer": [],
    "multi_output": ["labels"],
    "missing_input": [],
    "callback_raises": [],
}


def crash(facts: dict[str, Any]) -> Crash:
    fields = Crash.__dataclass_fields__
    return Crash(**{key: value for key, value in facts.items() if key in fields})


@pytest.mark.parametrize("name", BLAMED)
def test_a_real_exception_blames_its_part(name: str) -> None:
    found = collision(crash(MESSAGES[name]))
    assert (list(found.parts) if found else []) == BLAMED[name]
    assert found is None or set(found.changes) == set(found.parts)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("labels_too_high", "repair the labels: number the classes from 0 to 9"),
        ("categorical_with_integers", "use the loss sparse_categorical_crossentropy"),
        ("sparse_with_onehot", "use the loss categorical_crossentropy"),
        ("categorical_width", "give the last layer 9 units and activation softmax"),
        ("mse_width", "give the last layer 3 units and activation linear"),
        ("sparse_missing_flatten", "use GlobalAveragePooling in place of Flatten"),
    ],
)
def test_the_mend_is_named(name: str, change: str) -> None:
    found = collision(crash(MESSAGES[name]))
    assert found is not None
    assert str(found.changes[found.parts[0]]) == change


@pytest.mark.parametrize(
    ("target", "output", "part"),
    [
        ("[32]", "[32,4]", "loss"),
        ("[?]", "[?,4]", "loss"),
        ("[32,5]", "[32,4]", "output_activation"),
        ("[32]", "[32,12,1]", "output_activation"),
    ],
)
def test_shapes_are_read_off_the_graph_node_of_a_loss(target: str, output: str, part: str) -> None:
    message = (
        "Dimensions must be equal, but are 32 and 4 for '{{node compile_loss/mse/sub}} = "
        f"Sub[T=DT_FLOAT](a, b)' with input shapes: {target}, {output}."
    )
    found = collision(Crash(exception="ValueError", message=message, phase="fit"))
    assert found is not None
    assert found.parts == (part,)


def test_one_unit_under_a_sparse_loss_asks_for_the_binary_one() -> None:
    message = "Received a label value of 1 which is outside the valid range of [0, 1)."
    found = collision(Crash(exception="InvalidArgumentError", message=message, phase="fit"))
    assert found is not None
    assert str(found.changes["loss"]) == "use the loss binary_crossentropy"


def test_numbers_of_different_length_are_said() -> None:
    found = collision(crash(MESSAGES["different_length"]))
    assert found is not None
    assert "32 and 31" in found.says
