import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def names(setting: nets.Setting) -> list[str]:
    return [layer.name for layer in setting.model.layers]


def test_it_stands_behind_every_hidden_layer_that_has_none() -> None:
    setting = apply(core.InsertBatchNormalization(), nets.setting_of(nets.cnn()))
    found = names(setting)
    assert found[found.index("c0") + 1] == "c0_normalised"
    assert found[found.index("d") + 1] == "d_normalised"
    assert "c1_normalised" not in found
    assert "out_normalised" not in found
    nets.trains(setting)


def test_it_stands_behind_the_named_layers() -> None:
    model = nets.mlp()
    made = apply(core.InsertBatchNormalization(("d1", "out")), nets.setting_of(model))
    assert names(made) == ["d0", "d1", "d1_normalised", "d2", "out"]
    assert nets.same_weights(made.model.get_layer("d2"), model.get_layer("d2"))


def test_it_stands_inside_a_nested_model() -> None:
    made = apply(
        core.InsertBatchNormalization(("base_conv",)), nets.setting_of(nets.nested())
    ).model
    assert nets.layer(nets.layer(made, "base"), "base_conv_normalised").momentum == 0.9


def test_a_shared_layer_is_normalised_the_same_way_at_each_call() -> None:
    made = apply(core.InsertBatchNormalization(), nets.setting_of(nets.twins())).model
    assert len(nets.layer(made, "shared_normalised")._inbound_nodes) == 2


def test_nothing_to_normalise_is_said() -> None:
    with pytest.raises(core.CannotChange, match="c1, out: none that no normalisation follows"):
        apply(core.InsertBatchNormalization(("c1", "out")), nets.setting_of(nets.cnn()))
