"""Reading a model: layers in the order of calls, geometry, weights at the start, outputs."""

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import layers, ops  # noqa: E402

from convalesce.observe.model import first_kinds, read_model  # noqa: E402


def small() -> Any:
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.RandomRotation(0.2),
            layers.Conv2D(8, 3, strides=2, activation="relu", kernel_regularizer="l2"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10),
            layers.Softmax(),
        ]
    )


def test_layers_come_in_the_order_of_calls_with_shapes_and_activations() -> None:
    found = read_model(small())
    assert found.style == "sequential"
    assert [x.kind for x in found.layers][1:4] == ["Conv2D", "MaxPooling2D", "BatchNormalization"]
    conv = found.layers[1]
    assert (conv.input_shape, conv.output_shape) == ((28, 28, 1), (13, 13, 8))
    assert conv.activation == "relu"
    assert conv.l2 == pytest.approx(0.01)
    assert found.layers[6].rate == pytest.approx(0.3)
    assert found.layers[0].settings["factor_1"] == pytest.approx(0.2)
    assert found.parameters == 2890 + 80 + 32


def test_the_receptive_field_grows_by_kernel_and_stride() -> None:
    fields = {x.kind: x.receptive_field for x in read_model(small()).layers}
    assert fields["Conv2D"] == 3
    assert fields["MaxPooling2D"] == 5
    assert fields["Dense"] is None


def test_a_separate_softmax_layer_is_the_activation_of_the_output() -> None:
    (output,) = read_model(small()).outputs
    assert (output.activation, output.width) == ("softmax", 10)


def test_a_linear_last_layer_is_a_linear_output() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    assert read_model(model).outputs[0].activation == "linear"


def test_operations_between_the_layers_of_a_subclassed_model_are_seen() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.conv = layers.Conv2D(4, 3, padding="same")

        def call(self, x: Any) -> Any:
            return ops.relu(self.conv(x) + x)

    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.block = layers.Conv2D(4, 3, activation="tanh"), Block()
            self.pool, self.head = layers.GlobalAveragePooling2D(), layers.Dense(3)

        def call(self, x: Any) -> Any:
            return ops.softmax(self.head(ops.stop_gradient(self.pool(self.block(self.stem(x))))))

    model = Net()
    model(np.zeros((1, 8, 8, 1), "float32"))
    found = read_model(model, keras.KerasTensor((None, 8, 8, 1)))
    assert found.style == "subclassed"
    kinds = [x.kind for x in found.layers]
    assert kinds == [
        "Conv2D",
        "Conv2D",
        "AddV2",
        "relu",
        "GlobalAveragePooling2D",
        "stop_gradient",
        "Dense",
        "softmax",
    ]
    assert found.skips == 1
    assert found.outputs[0].activation == "softmax"


def test_a_nested_model_is_opened() -> None:
    base = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(4, 3), layers.Flatten()])
    inputs = keras.Input((8, 8, 1))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(base(inputs)))
    assert [x.kind for x in read_model(model).layers] == ["Conv2D", "Flatten", "Dense"]
    assert read_model(model).outputs[0].activation == "sigmoid"


def test_fresh_weights_are_told_from_loaded_ones() -> None:
    model = small()
    assert not read_model(model).weights_loaded
    dense = model.layers[-2]
    dense.set_weights([w + 0.1 for w in dense.get_weights()])
    assert read_model(model).weights_loaded


def test_equal_columns_of_a_kernel_are_counted() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, kernel_initializer="ones")])
    (dense,) = read_model(model).layers
    assert dense.kernel_columns_equal == pytest.approx(0.75)
    assert dense.kernel_std == 0.0
    assert dense.initializer == "Ones"


def test_every_output_of_a_model_is_listed() -> None:
    inputs = keras.Input((6,))
    model = keras.Model(inputs, [layers.Dense(2)(inputs), layers.Dense(1, "sigmoid")(inputs)])
    assert [(o.width, o.activation) for o in read_model(model).outputs] == [
        (2, "linear"),
        (1, "sigmoid"),
    ]


def test_the_layer_that_reads_each_input_is_named() -> None:
    words, numbers = keras.Input((5,), dtype="int32"), keras.Input((3,))
    both = layers.Concatenate()([layers.Flatten()(layers.Embedding(9, 2)(words)), numbers])
    model = keras.Model([words, numbers], layers.Dense(1)(both))
    assert first_kinds(model) == ["Embedding", "Concatenate"]


def test_a_normalization_tells_whether_it_was_adapted() -> None:
    idle, shown = layers.Normalization(), layers.Normalization()
    given = layers.Normalization(mean=3.0, variance=2.0)
    shown.adapt(np.arange(12.0).reshape(3, 4))
    for layer, adapted in ((idle, 0.0), (shown, 1.0), (given, None)):
        model = keras.Sequential([keras.Input((4,)), layer, layers.Dense(1)])
        assert read_model(model).layers[0].settings.get("adapted") == adapted


def test_outputs_by_key_have_its_name_and_the_layer_that_makes_them() -> None:
    class TwoHeads(keras.Model):  # type: ignore[misc]  # Keras ships no types
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(4, activation="relu")
            self.share = layers.Dense(1, activation="sigmoid", name="share_head")
            self.amount = layers.Dense(1, activation="relu", name="amount_head")

        def call(self, x: Any) -> Any:
            h = self.inner(x)
            return {"share": self.share(h), "amount": self.amount(h)}

    found = []

    class Reads(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, logs: Any = None) -> None:
            found.extend(read_model(self.model, keras.KerasTensor((None, 3))).outputs)

    model = TwoHeads()
    model.compile("sgd", {"share": "mse", "amount": "mse"})
    y = {"share": np.zeros((8, 1)), "amount": np.zeros((8, 1))}
    model.fit(np.zeros((8, 3)), y, verbose=0, callbacks=[Reads()])
    shown = [(o.name, o.layer, o.activation) for o in found]
    assert shown == [("amount", "amount_head", "relu"), ("share", "share_head", "sigmoid")]
