import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_the_activation_alone_needs_no_new_layer() -> None:
    setting = apply(core.SetOutputActivation("sigmoid"), nets.setting_of(nets.mlp()))
    ((owner, name, value),) = setting.edits
    assert (owner.name, name, value.__name__) == ("out", "activation", "sigmoid")


def test_another_width_makes_the_last_layer_anew_and_keeps_the_others() -> None:
    model = nets.mlp()
    made = apply(core.SetOutputActivation("softmax", 10), nets.setting_of(model)).model
    assert made.output_shape == (None, 10)
    assert made.layers[-1].name == "out"
    assert nets.same_weights(made.get_layer("d2"), model.get_layer("d2"))


def test_a_convolution_at_the_end_gets_filters() -> None:
    made = apply(core.SetOutputActivation("sigmoid", 1), nets.setting_of(nets.unet())).model
    assert made.output_shape == (None, 8, 8, 1)


def test_a_softmax_layer_at_the_end_is_replaced() -> None:
    layers = nets.layers
    model = nets.keras.Sequential(
        [nets.keras.Input((8,)), layers.Dense(3, name="raw"), layers.Softmax(name="soft")]
    )
    made = apply(core.SetOutputActivation("sigmoid"), nets.setting_of(model)).model
    assert made.get_layer("soft").activation.__name__ == "sigmoid"
    assert made.get_layer("raw").activation.__name__ == "linear"


def test_of_several_outputs_none_is_chosen() -> None:
    with pytest.raises(core.CannotChange, match="2 output layers; which one to change is not said"):
        apply(core.SetOutputActivation("softmax"), nets.setting_of(nets.twins()))


@pytest.mark.parametrize(("layer", "units"), [("kind", 3), ("size", 1)])
def test_of_several_outputs_the_named_one_is_changed(layer: str, units: int) -> None:
    change = core.SetOutputActivation("sigmoid", units + 2, layer)
    made = apply(change, nets.setting_of(nets.twins())).model
    assert (made.get_layer(layer).units, made.get_layer(layer).activation.__name__) == (
        units + 2,
        "sigmoid",
    )
    other = {"kind": "size", "size": "kind"}[layer]
    assert made.get_layer(other).activation.__name__ != "sigmoid"
    kept = core.SetOutputActivation("sigmoid", layer=layer)
    ((changed, _, function),) = apply(kept, nets.setting_of(nets.twins())).edits
    assert (changed.name, function.__name__) == (layer, "sigmoid")


def test_a_subclassed_model_takes_another_activation_but_no_other_width() -> None:
    setting = nets.setting_of(nets.own(), x=nets.EIGHT)
    assert apply(core.SetOutputActivation("sigmoid"), setting).edits[0][0].name == "last"
    with pytest.raises(core.CannotChange, match="subclassed model, whose layers can't be exch"):
        apply(core.SetOutputActivation("softmax", 4), setting)
