"""Another loss, on all outputs or on one."""

from typing import Any

import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


@pytest.mark.parametrize(
    "given",
    ["mse", ["mse", "mse"], {"kind": "mse", "size": "mse"}],
)
def test_the_named_output_gets_it_and_the_other_keeps_its_own(given: Any) -> None:
    model = nets.twins()
    setting = nets.setting_of(model).compile_with(loss=given)
    made = apply(core.SetLoss("huber", output=model.output_names[1]), setting).compiled["loss"]
    losses = list(made.values()) if isinstance(made, dict) else made
    assert losses[0] == "mse"
    assert getattr(losses[1], "__name__", "") == "huber"


def test_of_several_losses_none_is_chosen_unnamed() -> None:
    setting = nets.setting_of(nets.twins()).compile_with(loss=["mse", "mse"])
    with pytest.raises(core.CannotChange, match="several losses"):
        apply(core.SetLoss("huber"), setting)
    with pytest.raises(core.CannotChange, match="no output named depth"):
        apply(core.SetLoss("huber", output="depth"), setting)
