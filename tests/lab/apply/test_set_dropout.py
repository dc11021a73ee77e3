import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_dropout_stands_in_front_of_the_last_layer() -> None:
    model = nets.mlp()
    setting = apply(core.SetDropout(0.5), nets.setting_of(model))
    assert [x.name for x in setting.model.layers] == ["d0", "d1", "d2", "out_dropout", "out"]
    assert all(
        nets.same_weights(setting.model.get_layer(n), model.get_layer(n)) for n in ("d0", "out")
    )
    nets.trains(setting)


def test_where_there_is_dropout_its_rate_changes_in_place() -> None:
    model = nets.own()
    setting = apply(core.SetDropout(0.1), nets.setting_of(model, x=nets.EIGHT))
    assert setting.edits == ((model.drop, "rate", 0.1),)
    assert model.drop.rate == 0.5


def test_a_layer_of_rate_zero_is_made_anew() -> None:
    layers = nets.layers
    stack = [layers.Dropout(0.0, name="drop"), layers.Dense(3, activation="softmax", name="out")]
    model = nets.keras.Sequential([nets.keras.Input((8,)), *stack])
    made = apply(core.SetDropout(0.3, ("drop",)), nets.setting_of(model)).model
    assert made.get_layer("drop").rate == 0.3
    assert hasattr(made.get_layer("drop"), "seed_generator")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (core.SetDropout(1.0), "a dropout rate of 1 leaves nothing"),
        (core.SetDropout(0.0), "there is no dropout to take out"),
        (core.SetDropout(0.3, ("d0",)), "d0: no dropout layer"),
    ],
)
def test_what_can_not_be_done_is_said(change: core.Change, says: str) -> None:
    with pytest.raises(core.CannotChange, match=says):
        apply(change, nets.setting_of(nets.mlp()))
