from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.surgery import Edit, free_name, rebuilt
from convalesce.observe import sites
from tests.lab.apply import nets

layers = keras.layers
POWER = 3


def powers(x: Any) -> Any:
    return x**POWER


def with_own_parts() -> Any:
    """A function of the user's own as activation, and a Lambda that closes over a value."""
    scale = 0.25
    return keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(
                4,
                activation=powers,
                kernel_initializer=lambda s, dtype=None: keras.ops.ones(s),
                name="d",
            ),
            layers.Lambda(lambda x: x * scale, name="scaled"),
            layers.Dense(3, activation="softmax", name="out"),
        ]
    )


@pytest.mark.parametrize(
    "make", [nets.cnn, nets.unet, nets.resnet, nets.nested, nets.twins, nets.words, with_own_parts]
)
def test_a_copy_answers_as_the_model_does_and_shares_nothing_with_it(
    make: Callable[[], Any],
) -> None:
    setting = nets.setting_of(make())
    made = rebuilt(setting, {})
    assert type(made.model) is type(setting.model)
    kept = {id(layer) for layer in setting.model._flatten_layers()}
    assert not kept & {id(layer) for layer in made.model._flatten_layers()}
    before, after = nets.answers(setting), nets.answers(made)
    for a, b in zip(keras.tree.flatten(before), keras.tree.flatten(after), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_the_user_s_model_is_as_before() -> None:
    model = nets.resnet()
    nodes = [len(layer._inbound_nodes) for layer in model.layers]
    weights = [v.numpy() for v in model.variables]
    rebuilt(nets.setting_of(model), {nets.layer(model, "a"): Edit(config={"filters": 4})})
    assert [len(layer._inbound_nodes) for layer in model.layers] == nodes
    assert all(np.array_equal(v.numpy(), w) for v, w in zip(model.variables, weights, strict=True))


def test_layers_behind_a_changed_width_are_drawn_anew_and_others_keep_their_weights() -> None:
    model = nets.mlp()
    made = rebuilt(
        nets.setting_of(model), {nets.layer(model, "d1"): Edit(config={"units": 5})}
    ).model
    assert made.get_layer("d1").kernel.shape == (8, 5)
    assert made.get_layer("d2").kernel.shape == (5, 8)
    assert nets.same_weights(made.get_layer("d0"), model.get_layer("d0"))
    assert nets.same_weights(made.get_layer("out"), model.get_layer("out"))


def test_an_activation_that_is_a_layer_is_copied_and_fits_another_width() -> None:
    given = {"activation": layers.PReLU(name="slope"), "name": "d"}
    model = keras.Sequential([keras.Input((8,)), layers.Dense(8, **given), layers.Dense(3)])
    model(np.zeros((1, 8)))
    nets.layer(model, "d").activation.alpha.assign([0.5] * 8)
    copy = nets.layer(rebuilt(nets.setting_of(model), {}).model, "d")
    assert copy.activation is not nets.layer(model, "d").activation
    assert copy.activation.alpha.numpy().tolist() == [0.5] * 8
    made = rebuilt(nets.setting_of(model), {nets.layer(model, "d"): Edit(config={"units": 4})})
    assert nets.layer(made.model, "d").activation.alpha.shape == (4,)
    assert nets.answers(made).shape == (8, 3)


def test_what_is_drawn_depends_on_the_layer_and_the_seed_alone() -> None:
    model = nets.mlp()
    one, other = nets.layer(model, "d1"), nets.layer(model, "d0")
    wide = {one: Edit(config={"units": 5})}

    def drawn(edits: dict[Any, Edit], seed: int = 0) -> Any:
        made = rebuilt(nets.setting_of(model, seed=seed), edits).model
        return made.get_layer("d1").kernel.numpy()

    first = drawn(wide)
    make = lambda: layers.Dense(8, name="more")  # noqa: E731
    np.testing.assert_array_equal(first, drawn({**wide, other: Edit(before=(make,))}))
    assert not np.array_equal(first, drawn(wide, seed=1))


def test_a_second_surgery_works_on_the_copy() -> None:
    model = nets.cnn()
    setting = rebuilt(nets.setting_of(model), {nets.layer(model, "p0"): Edit(gone=True)})
    made = rebuilt(
        setting,
        {setting.model.get_layer("r1"): Edit(after=(lambda: layers.Dropout(0.5, name="new"),))},
    )
    assert [x.name for x in made.model.layers] == [
        "c0",
        "c1",
        "n1",
        "r1",
        "new",
        "flat",
        "d",
        "out",
    ]
    assert nets.same_weights(made.model.get_layer("c1"), model.get_layer("c1"))
    assert np.isfinite(nets.trains(made))


def test_precision_is_kept() -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        inner = [
            layers.Dense(8, activation="relu", name="d"),
            layers.Dense(8, activation="relu", name="e"),
        ]
        model = keras.Sequential(
            [keras.Input((8,)), *inner, layers.Dense(3, "softmax", dtype="float32", name="out")]
        )
    finally:
        keras.mixed_precision.set_global_policy("float32")
    setting = nets.change_all(
        core.InsertBatchNormalization(),
        core.AddResidual(),
        core.SetDropout(0.2),
        setting=nets.setting_of(model),
    )
    made = {
        x.name: x.dtype_policy.name for x in setting.model.layers if "Input" not in type(x).__name__
    }
    assert made.pop("out") == made.pop("out_dropout") == "float32"
    assert set(made.values()) == {"mixed_float16"}
    nets.trains(setting)


def test_what_learns_is_kept_in_nested_models_too() -> None:
    model = nets.nested()
    base = nets.layer(model, "base")
    base.trainable = False
    nets.layer(model, "base_last").trainable = True
    made = rebuilt(nets.setting_of(model), {}).model
    flags = {x.name: x.trainable for x in made._flatten_layers()}
    assert flags["base"] is False and flags["base_conv"] is False
    assert flags["base_last"] is True and flags["out"] is True


class Doubling(keras.Model):
    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), "own": self.twice * 2}


class Counting(keras.Model):
    def __init__(self, wide: int) -> None:
        x = keras.Input((8,))
        super().__init__(x, layers.Dense(wide)(x))


def test_a_functional_model_keeps_its_own_train_step() -> None:
    x = keras.Input((8,), name="in")
    model = Doubling(x, layers.Dense(3, activation="softmax", name="out")(x))
    model.twice = 4
    made = rebuilt(nets.setting_of(model), {}).model
    made.compile("sgd", "mse")
    logs = made.train_on_batch(np.zeros((4, 8)), np.zeros((4, 3)), return_dict=True)
    assert logs["own"] == 8


def test_a_model_that_makes_its_own_layers_is_not_made_anew() -> None:
    with pytest.raises(core.CannotChange, match="Counting makes its own layers"):
        rebuilt(nets.setting_of(Counting(3)), {})


class Secretive(keras.layers.Layer):
    def __init__(self, *, how: Any) -> None:
        super().__init__(name="secret")
        self.how = how

    def call(self, x: Any) -> Any:
        return self.how(x)


def test_a_layer_without_a_configuration_is_named() -> None:
    model = keras.Sequential([keras.Input((8,)), Secretive(how=lambda x: x), layers.Dense(3)])
    with pytest.raises(
        core.CannotChange, match="Secretive secret can't be made anew from its conf"
    ):
        rebuilt(nets.setting_of(model), {})


def test_layers_that_do_not_fit_together_are_said() -> None:
    model = nets.resnet()
    with pytest.raises(core.CannotChange, match="do not fit together so: Inputs have incompatible"):
        rebuilt(nets.setting_of(model), {nets.layer(model, "b"): Edit(config={"filters": 5})})


def test_an_output_keeps_its_shape() -> None:
    model = nets.mlp()
    with pytest.raises(core.CannotChange, match=r"shape \[\(4,\)\], not \[\(3,\)\]"):
        rebuilt(nets.setting_of(model), {nets.layer(model, "out"): Edit(config={"units": 4})})


def test_more_weights_than_can_be_tried_are_not_allocated() -> None:
    model = nets.mlp(2)
    wide = {nets.layer(model, name): Edit(config={"units": 60_000}) for name in ("d0", "d1")}
    with pytest.raises(core.CannotChange, match=r"d1 would have 3.6e\+09 weights, too many"):
        rebuilt(nets.setting_of(model), wide)


def test_weights_that_were_loaded_are_not_given_up() -> None:
    model = nets.mlp()
    model.get_layer("d1").bias.assign([1.0] * 8)
    with pytest.raises(core.CannotChange, match="the weights of d1 were loaded or trained before"):
        rebuilt(nets.setting_of(model), {nets.layer(model, "d0"): Edit(config={"units": 4})})


class Block(keras.layers.Layer):
    """Calls what it holds itself."""

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.inner = layers.Dense(8, activation="sigmoid", name="inner")

    def build(self, shape: Any) -> None:
        self.inner.build(shape)

    def call(self, x: Any) -> Any:
        return self.inner(x)


def test_inside_of_a_layer_of_the_user_s_own_only_what_needs_no_new_layer_can_change() -> None:
    head = layers.Dense(3, activation="softmax", name="out")
    model = keras.Sequential([keras.Input((8,)), Block(name="block"), head])
    setting = nets.setting_of(model)
    made = rebuilt(
        setting, {nets.layer(model, "out"): Edit(before=(lambda: layers.ReLU(name="r"),))}
    )
    assert nets.same_weights(nets.layer(made.model, "inner"), nets.layer(model, "inner"))
    changed = nets.change_all(core.SetActivation("relu"), setting=setting)
    assert [owner.name for owner, _, _ in changed.edits] == ["inner"]
    with pytest.raises(core.CannotChange, match="inner: inside of a layer whose own code calls"):
        nets.change_all(core.InsertBatchNormalization(("inner",)), setting=setting)


def test_a_copy_stands_where_the_user_built_the_original() -> None:
    model = nets.mlp()
    noted = sites.note(nets.layer(model, "d0"))
    made = rebuilt(nets.setting_of(model), {}).model
    assert noted is not None
    assert sites.site_of(nets.layer(made, "d0")) == noted


def test_a_free_name_is_found() -> None:
    model = nets.mlp()
    assert free_name(model, "d") == "d"
    assert free_name(model, "d0") == "d0_2"
