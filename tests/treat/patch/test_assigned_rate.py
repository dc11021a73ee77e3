"""A rate that the script sets after compile."""

from convalesce.core import ScaleLearningRate
from convalesce.treat.patch import Facts, patch

SCRIPT = """import keras
model = keras.Sequential([keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.optimizer.learning_rate = {value}
model.fit(x, y)
"""


def test_a_rate_that_is_assigned_is_changed_where_it_is_assigned() -> None:
    patched = patch(SCRIPT.format(value="1e-4"), [ScaleLearningRate(40.0)], Facts())
    assert patched.source == SCRIPT.format(value="0.004")


def test_a_rate_that_is_assigned_from_elsewhere_is_left_to_the_person() -> None:
    patched = patch(SCRIPT.format(value="rates[0]"), [ScaleLearningRate(40.0)], Facts())
    assert patched.source == patched.original
    (left,) = patched.left
    assert "by an assignment" in left.reason
    assert left.line == 4
