import numpy as np
import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_kernels_are_drawn_when_training_begins_and_biases_stay() -> None:
    model = nets.mlp()
    setting = apply(core.SetInitializer("he_normal"), nets.setting_of(model))
    before = {layer.name: layer.get_weights() for layer in model.layers}
    (begin,) = setting.begins
    begin(model)
    for name in ("d0", "d1", "d2"):
        kernel, bias = model.get_layer(name).get_weights()
        assert not np.array_equal(kernel, before[name][0])
        assert np.array_equal(bias, before[name][1])
        assert 0.25 < kernel.std() < 0.8  # sqrt(2 / 8) is 0.5
    assert np.array_equal(model.get_layer("out").get_weights()[0], before["out"][0])


def test_the_same_kernels_are_drawn_each_time_and_layers_differ() -> None:
    model = nets.mlp()
    (begin,) = apply(core.SetInitializer("he_normal"), nets.setting_of(model)).begins
    begin(model)
    first = [model.get_layer(n).get_weights()[0] for n in ("d0", "d1")]
    begin(model)
    again = [model.get_layer(n).get_weights()[0] for n in ("d0", "d1")]
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])


def test_it_holds_for_a_model_that_is_rebuilt_afterwards() -> None:
    changes = (core.SetInitializer("zeros", ("d1",)), core.ScaleWidth(2.0))
    setting = nets.change_all(*changes, setting=nets.setting_of(nets.mlp()))
    setting.begins[0](setting.model)
    kernel = setting.model.get_layer("d1").kernel.numpy()
    assert kernel.shape == (16, 16)
    assert not kernel.any()


def test_layers_of_a_subclassed_model_and_inside_wrappers_are_reached() -> None:
    own = nets.own()
    (begin,) = apply(core.SetInitializer("zeros"), nets.setting_of(own, x=nets.EIGHT)).begins
    begin(own)
    assert not own.first.kernel.numpy().any()
    assert own.last.kernel.numpy().any()
    words = nets.words()
    (begin,) = apply(core.SetInitializer("zeros", ("both",)), nets.setting_of(words)).begins
    begin(words)
    inner = words.get_layer("both")
    assert not inner.forward_layer.cell.kernel.numpy().any()
    assert inner.forward_layer.cell.recurrent_kernel.numpy().any()


def test_layers_without_a_kernel_are_said() -> None:
    with pytest.raises(core.CannotChange, match="flat: no layer with a kernel"):
        apply(core.SetInitializer("he_normal", ("flat",)), nets.setting_of(nets.cnn()))


def test_the_matrices_of_a_layer_of_ones_own_are_drawn_where_it_is_named() -> None:
    import keras

    class Mixer(keras.layers.Layer):
        def build(self, shape: tuple[int, ...]) -> None:
            self.down = self.add_weight(shape=(shape[-1], 3), initializer="zeros", name="down")
            self.up = self.add_weight(shape=(3, 8), initializer="zeros", name="up")
            self.bias = self.add_weight(shape=(8,), initializer="zeros", name="bias")

        def call(self, x: object) -> object:
            return keras.ops.matmul(keras.ops.matmul(x, self.down), self.up) + self.bias

    mixer = Mixer(name="mixer")
    model = keras.Sequential([keras.Input((8,)), mixer, keras.layers.Dense(3)])
    (begin,) = apply(core.SetInitializer("he_normal", ("mixer",)), nets.setting_of(model)).begins
    begin(model)
    assert mixer.down.numpy().any() and mixer.up.numpy().any()
    assert not mixer.bias.numpy().any()
