import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def flags(setting: nets.Setting) -> dict[str, bool]:
    for layer, flag in setting.flags:
        layer.trainable = flag
    return {x.name: x.trainable for x in setting.model._flatten_layers()}


def test_named_layers_are_frozen_and_others_learn() -> None:
    setting = apply(core.SetTrainable(trainable=False, layers=("d0",)), nets.setting_of(nets.mlp()))
    assert setting.recompiled and not setting.fresh
    found = flags(setting)
    assert (found["d0"], found["d1"], found["out"]) == (False, True, True)


def test_a_layer_in_a_frozen_model_learns_again_and_its_neighbours_do_not() -> None:
    model = nets.nested()
    nets.layer(model, "base").trainable = False
    setting = apply(
        core.SetTrainable(trainable=True, layers=("base_last",)), nets.setting_of(model)
    )
    found = flags(setting)
    assert (found["base_last"], found["base_conv"], found["out"]) == (True, False, True)
    base = nets.layer(model, "base")
    assert {v.path.split("/")[-2] for v in base.trainable_variables} == {"base_last"}


def test_without_names_all_layers_learn() -> None:
    model = nets.own()
    model.trainable = False
    setting = apply(core.SetTrainable(trainable=True), nets.setting_of(model, x=nets.EIGHT))
    assert all(flags(setting).values())


def test_a_rebuilt_model_keeps_what_was_frozen() -> None:
    changes = (core.SetTrainable(trainable=False, layers=("d0",)), core.InsertBatchNormalization())
    made = nets.change_all(*changes, setting=nets.setting_of(nets.mlp()))
    assert made.model.get_layer("d0").trainable is False
    assert made.model.get_layer("d1").trainable is True


def test_an_unknown_layer_is_said() -> None:
    with pytest.raises(core.CannotChange, match="the model has no layer named base"):
        apply(core.SetTrainable(trainable=True, layers=("base",)), nets.setting_of(nets.mlp()))
