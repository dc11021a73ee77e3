"""Another metric, and what followed the old one."""

from dataclasses import replace

import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


@pytest.mark.parametrize(
    ("name", "metrics"), [("mae", ["mae"]), ("recall, or AUC, as you like", ["accuracy"])]
)
def test_callbacks_follow_the_loss_and_a_metric_that_is_only_described_changes_none(
    name: str, metrics: list[str]
) -> None:
    stops = nets.keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max")
    setting = nets.setting_of(nets.mlp()).compile_with(metrics=["accuracy"])
    made = apply(core.SetMetric(name), replace(setting, callbacks=(stops,)))
    assert made.compiled["metrics"] == metrics
    assert (made.callbacks[0].monitor, made.callbacks[0].mode) == ("val_loss", "min")
    assert stops.monitor == "val_accuracy"
