import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_the_optimizer_is_the_same_with_another_decay() -> None:
    setting = apply(core.SetWeightDecay(0.004), nets.setting_of(nets.mlp()))
    made = setting.compiled["optimizer"]
    assert (type(made).__name__, made.weight_decay) == ("SGD", 0.004)
    assert float(made.learning_rate) == pytest.approx(0.01)


def test_decay_can_be_taken_away_from_an_optimizer_named_after_it() -> None:
    setting = nets.setting_of(nets.mlp())
    setting = setting.compile_with(optimizer=nets.keras.optimizers.AdamW(weight_decay=10.0))
    assert apply(core.SetWeightDecay(0.0), setting).compiled["optimizer"].weight_decay == 0.0


def test_a_model_without_an_optimizer_is_said() -> None:
    setting = nets.setting_of(nets.mlp()).compile_with(optimizer=None)
    with pytest.raises(core.CannotChange, match="compiled without an optimizer"):
        apply(core.SetWeightDecay(0.1), setting)
