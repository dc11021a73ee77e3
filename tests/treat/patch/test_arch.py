from dataclasses import replace

import pytest

from convalesce import core
from tests.treat.patch.scripts import diff, facts_of, layers_of, mended, refused, script

END = 'model.compile("adam", "mse")\nmodel.fit(x, y)\n'

LISTED = script("""
    import keras
    from keras import layers

    model = keras.Sequential([
        keras.Input((8, 8, 1)),
        layers.Conv2D(16, 3, activation="sigmoid"),  # edges
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="sigmoid"),
        layers.Dense(10, activation="softmax")
    ])
    """) + END  # fmt: skip

ADDED = script("""
    from keras.models import Sequential
    from keras.layers import Activation, Conv2D, Dense, Flatten

    model = Sequential()
    model.add(Conv2D(16, (3, 3), input_shape=(8, 8, 1)))
    model.add(Activation('sigmoid'))
    model.add(Flatten())
    model.add(Dense(64, 'sigmoid'))
    model.add(Dense(10))
    model.add(Activation('softmax'))
    """) + END.replace('"', "'")  # fmt: skip

CALLED = script("""
    import tensorflow as tf

    inputs = tf.keras.Input((8, 8, 1))
    h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(inputs)
    h = tf.keras.layers.Flatten()(h)
    h = tf.keras.layers.Dense(
        64,
        activation="sigmoid",  # squashed
    )(h)
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation="softmax")(h))
    """) + END  # fmt: skip

OWN = script("""
    from tensorflow import keras
    from tensorflow.keras import layers

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(16, 3, activation="sigmoid")
            self.flat = layers.Flatten()
            self.hidden = layers.Dense(64, activation="sigmoid")
            self.head = layers.Dense(10, activation="softmax")

        def call(self, inputs):
            x = self.conv(inputs)
            x = self.hidden(self.flat(x))
            return self.head(x)

    model = Net()
    """) + END  # fmt: skip

LOOPED = script("""
    import keras
    from keras import layers

    inputs = keras.Input((16,))
    h = inputs
    for _ in range(20):
        h = layers.Dense(64, activation="tanh")(h)
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    """) + END  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            LISTED,
            """
            -    layers.Conv2D(16, 3, activation="sigmoid"),  # edges
            +    layers.Conv2D(16, 3, activation="relu"),  # edges
            -    layers.Dense(64, activation="sigmoid"),
            +    layers.Dense(64, activation="relu"),
            """,
        ),
        (
            ADDED,
            """
            -model.add(Activation('sigmoid'))
            +model.add(Activation('relu'))
            -model.add(Dense(64, 'sigmoid'))
            +model.add(Dense(64, 'relu'))
            """,
        ),
        (
            CALLED,
            """
            -h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(inputs)
            +h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="relu", name="stem")(inputs)
            -    activation="sigmoid",  # squashed
            +    activation="relu",  # squashed
            """,
        ),
        (
            OWN,
            """
            -        self.conv = layers.Conv2D(16, 3, activation="sigmoid")
            +        self.conv = layers.Conv2D(16, 3, activation="relu")
            -        self.hidden = layers.Dense(64, activation="sigmoid")
            +        self.hidden = layers.Dense(64, activation="relu")
            """,
        ),
        (
            LOOPED,
            """
            -    h = layers.Dense(64, activation="tanh")(h)
            +    h = layers.Dense(64, activation="relu")(h)
            """,
        ),
    ],
)  # fmt: skip
def test_another_activation_in_all_hidden_layers(source: str, expected: str) -> None:
    assert mended(source, core.SetActivation("relu"), facts_of(source, turns=20)) == diff(expected)


def test_only_the_named_layer_gets_another_activation() -> None:
    facts = facts_of(LISTED)
    assert mended(LISTED, core.SetActivation("elu", ("dense",)), facts) == diff("""
        -    layers.Dense(64, activation="sigmoid"),
        +    layers.Dense(64, activation="elu"),
        """)


def test_a_layer_without_activation_gets_one() -> None:
    source = LISTED.replace('Dense(64, activation="sigmoid")', "Dense(64)")
    facts = facts_of(source)
    assert mended(source, core.SetActivation("relu", ("dense",)), facts) == diff("""
        -    layers.Dense(64),
        +    layers.Dense(64, activation="relu"),
        """)


def test_an_activation_layer_with_a_class_of_its_own_gives_way_to_another() -> None:
    source = ADDED.replace("Activation('sigmoid')", "ReLU(name='act')").replace(
        "Dense,", "Dense, ReLU,"
    )
    facts = facts_of(source)
    assert mended(source, core.SetActivation("leaky_relu", ("conv2d",)), facts) == diff("""
        -from keras.layers import Activation, Conv2D, Dense, ReLU, Flatten
        +from keras.layers import Activation, Conv2D, Dense, ReLU, Flatten, LeakyReLU
        -model.add(ReLU(name='act'))
        +model.add(LeakyReLU(name='act'))
        """)  # fmt: skip


def test_an_activation_behind_a_normalisation_is_found() -> None:
    source = ADDED.replace(
        "model.add(Activation('sigmoid'))\n",
        "model.add(BatchNormalization())\nmodel.add(Activation('sigmoid'))\n",
    )
    assert mended(source, core.SetActivation("relu", ("conv2d",)), facts_of(source)) == diff("""
        -model.add(Activation('sigmoid'))
        +model.add(Activation('relu'))
        """)


def test_one_layer_of_a_loop_can_not_be_changed_alone() -> None:
    facts = facts_of(LOOPED, turns=20)
    left = refused(LOOPED, core.SetActivation("relu", ("dense_3", "dense_4")), facts)
    assert left.reason == (
        "this line builds dense, dense_1, dense_2, dense_5 too, which shall stay"
    )
    assert (left.snippet, left.line) == ('activation="relu"', 7)


def test_two_calls_on_one_line_are_told_apart_by_their_order() -> None:
    source = script("""
        import keras
        from keras.layers import Dense
        model = keras.Sequential([Dense(64, "tanh"), Dense(32, "tanh"), Dense(10)])
        """) + END  # fmt: skip
    assert mended(source, core.SetActivation("relu", ("dense_1",)), facts_of(source)) == diff("""
        -model = keras.Sequential([Dense(64, "tanh"), Dense(32, "tanh"), Dense(10)])
        +model = keras.Sequential([Dense(64, "tanh"), Dense(32, "relu"), Dense(10)])
        """)


def test_an_inner_call_comes_before_the_outer_one_around_it() -> None:
    source = script("""
        import keras
        from keras.layers import Dense
        inputs = keras.Input((4,))
        model = keras.Model(inputs, Dense(10, "tanh")(Dense(64, "tanh")(inputs)))
        """) + END  # fmt: skip
    facts = facts_of(source, style="functional")
    assert mended(source, core.SetActivation("relu", ("dense",)), facts) == diff("""
        -model = keras.Model(inputs, Dense(10, "tanh")(Dense(64, "tanh")(inputs)))
        +model = keras.Model(inputs, Dense(10, "tanh")(Dense(64, "relu")(inputs)))
        """)


def test_a_layer_of_another_file_is_pointed_at() -> None:
    layers = (core.Layer(name="conv", path="conv", kind="Dense", site=core.Site("nets.py", 12)),)
    facts = facts_of(LISTED, layers=(*layers, *layers_of(LISTED)))
    left = refused(LISTED, core.SetActivation("relu", ("conv",)), facts)
    assert left.reason == "where conv is built is in nets.py, line 12"


@pytest.mark.parametrize(
    ("source", "change", "expected"),
    [
        (
            LISTED,
            core.SetOutputActivation("sigmoid", 1),
            """
            -    layers.Dense(10, activation="softmax")
            +    layers.Dense(1, activation="sigmoid")
            """,
        ),
        (
            LISTED,
            core.SetOutputActivation("linear"),
            """
            -    layers.Dense(10, activation="softmax")
            +    layers.Dense(10)
            """,
        ),
        (
            ADDED,
            core.SetOutputActivation("sigmoid", 3),
            """
            -model.add(Dense(10))
            -model.add(Activation('softmax'))
            +model.add(Dense(3))
            +model.add(Activation('sigmoid'))
            """,
        ),
        (
            CALLED,
            core.SetOutputActivation("sigmoid"),
            """
            -model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation="softmax")(h))
            +model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation="sigmoid")(h))
            """,
        ),
        (
            OWN,
            core.SetOutputActivation("softmax", 12),
            """
            -        self.head = layers.Dense(10, activation="softmax")
            +        self.head = layers.Dense(12, activation="softmax")
            """,
        ),
    ],
)  # fmt: skip
def test_another_output(source: str, change: core.Change, expected: str) -> None:
    assert mended(source, change, facts_of(source)) == diff(expected)


def test_a_width_that_a_constant_gives_is_changed_at_the_constant() -> None:
    source = LISTED.replace("Dense(10,", "Dense(CLASSES,").replace(
        "\n\nmodel", "\nCLASSES = 10\nmodel"
    )
    facts = facts_of(source)
    assert mended(source, core.SetOutputActivation("softmax", 12), facts) == diff("""
        -CLASSES = 10
        +CLASSES = 12
        """)  # fmt: skip


def test_another_initialiser() -> None:
    facts = facts_of(LISTED)
    assert mended(LISTED, core.SetInitializer("he_normal", ("conv2d",)), facts) == diff("""
        -    layers.Conv2D(16, 3, activation="sigmoid"),  # edges
        +    layers.Conv2D(16, 3, activation="sigmoid", kernel_initializer="he_normal"),  # edges
        """)


def test_a_loop_over_initialisers_is_changed_where_the_value_is_used() -> None:
    source = LOOPED.replace('activation="tanh"', "kernel_initializer=init").replace(
        "inputs =", 'init = "zeros"\ninputs ='
    )
    facts = facts_of(source, turns=20)
    assert mended(source, core.SetInitializer("he_normal"), facts) == diff("""
        -init = "zeros"
        +init = "he_normal"
        """)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            LISTED,
            """
            +    layers.BatchNormalization(),
            +    layers.BatchNormalization(),
            """,
        ),
        (
            ADDED,
            """
            -from keras.layers import Activation, Conv2D, Dense, Flatten
            +from keras.layers import Activation, BatchNormalization, Conv2D, Dense, Flatten
            +model.add(BatchNormalization())
            +model.add(BatchNormalization())
            """,
        ),
        (
            CALLED,
            """
            +h = tf.keras.layers.BatchNormalization()(h)
            +h = tf.keras.layers.BatchNormalization()(h)
            """,
        ),
        (
            OWN,
            """
            +        self.conv2d_norm = layers.BatchNormalization()
            +        self.dense_norm = layers.BatchNormalization()
            +        x = self.conv2d_norm(x)
            +        x = self.dense_norm(x)
            """,
        ),
        (
            LOOPED,
            """
            +    h = layers.BatchNormalization()(h)
            """,
        ),
    ],
)  # fmt: skip
def test_batch_normalisation_behind_every_hidden_layer(source: str, expected: str) -> None:
    facts = facts_of(source, turns=20)
    assert mended(source, core.InsertBatchNormalization(), facts) == diff(expected)


def test_batch_normalisation_comes_between_a_layer_and_its_activation_layer() -> None:
    result = mended(ADDED, core.InsertBatchNormalization(("conv2d",)), facts_of(ADDED))
    assert "+model.add(BatchNormalization())" in result
    source = script("""
        from keras.layers import Dense, Activation
        from keras import Sequential
        model = Sequential([Dense(64, input_shape=(4,)), Activation("relu"), Dense(1)])
        """) + END  # fmt: skip
    assert mended(source, core.InsertBatchNormalization(("dense",)), facts_of(source)) == diff("""
        -from keras.layers import Dense, Activation
        +from keras.layers import Dense, Activation, BatchNormalization
        -model = Sequential([Dense(64, input_shape=(4,)), Activation("relu"), Dense(1)])
        +model = Sequential([Dense(64, input_shape=(4,)), BatchNormalization(), Activation("relu"), Dense(1)])
        """)


def test_batch_normalisation_wraps_a_call_inside_another() -> None:
    source = script("""
        import keras
        from keras import layers
        inputs = keras.Input((4,))
        h = layers.Dropout(0.2)(layers.Dense(64)(inputs))
        model = keras.Model(inputs, layers.Dense(1)(h))
        """) + END  # fmt: skip
    assert mended(source, core.InsertBatchNormalization(("dense",)), facts_of(source)) == diff("""
        -h = layers.Dropout(0.2)(layers.Dense(64)(inputs))
        +h = layers.Dropout(0.2)(layers.BatchNormalization()(layers.Dense(64)(inputs)))
        """)


def test_a_layer_that_is_normalised_already_is_left_alone() -> None:
    source = LISTED.replace("  # edges\n", "  # edges\n    layers.BatchNormalization(),\n")
    facts = facts_of(source)
    assert mended(source, core.InsertBatchNormalization(("conv2d",)), facts) == ""


def test_a_layer_that_is_used_twice_is_left_to_the_user() -> None:
    source = OWN.replace("x = self.conv(inputs)", "x = self.conv(self.conv(inputs))")
    left = refused(source, core.InsertBatchNormalization(("conv2d",)), facts_of(source))
    assert left.reason == "`self.conv` is used at 2 places"
    assert left.line == 7


def test_a_list_of_layers_that_a_comprehension_makes_is_left_to_the_user() -> None:
    source = script("""
        import keras
        from keras import layers
        stack = [layers.Dense(64) for _ in range(4)]
        model = keras.Sequential([*stack, layers.Dense(10)])
        """) + END  # fmt: skip
    facts = facts_of(source, turns=4)
    left = refused(source, core.InsertBatchNormalization(), facts)
    assert left.reason == "it is open where `layers.Dense(64)` goes into the model"
    assert left.line == 3


def test_half_the_width() -> None:
    source = LISTED.replace("Dense(64,", "Dense(WIDE,").replace("\n\nmodel", "\nWIDE = 64\nmodel")
    assert mended(source, core.ScaleWidth(0.5), facts_of(source)) == diff("""
        -WIDE = 64
        +WIDE = 32
        -    layers.Conv2D(16, 3, activation="sigmoid"),  # edges
        +    layers.Conv2D(8, 3, activation="sigmoid"),  # edges
        """)


def test_a_constant_that_all_hidden_layers_read_is_changed_once() -> None:
    source = ADDED.replace("Conv2D(16", "Conv2D(W").replace("Dense(64", "Dense(W")
    source = source.replace("model = Seq", "W = 16\nmodel = Seq")
    assert mended(source, core.ScaleWidth(4.0), facts_of(source)) == diff("""
        -W = 16
        +W = 64
        """)


def test_a_constant_that_others_read_too_is_left_and_each_layer_changed() -> None:
    source = ADDED.replace("Conv2D(16", "Conv2D(W").replace("Dense(64", "Dense(W")
    source = source.replace("model = Seq", "W = 16\nprint(W)\nmodel = Seq")
    assert mended(source, core.ScaleWidth(4.0), facts_of(source)) == diff("""
        -model.add(Conv2D(W, (3, 3), input_shape=(8, 8, 1)))
        +model.add(Conv2D(64, (3, 3), input_shape=(8, 8, 1)))
        -model.add(Dense(W, 'sigmoid'))
        +model.add(Dense(64, 'sigmoid'))
        """)


GIVEN = script("""
    import argparse
    import json
    import keras
    from keras import layers

    def build(widths, wide):
        net = keras.Sequential([keras.Input((8,))])
        for width in widths:
            net.add(layers.Dense(width, "relu"))
        net.add(layers.Dense(wide + 2, "relu"))
        net.add(layers.Dense(10, "softmax"))
        return net

    parser = argparse.ArgumentParser()
    parser.add_argument("--hidden", type=int, nargs="+", default=[5])
    args = parser.parse_args()
    model = build(args.hidden, int(args.hidden[0]))
    """) + END  # fmt: skip


@pytest.mark.parametrize(
    ("factor", "width", "wide"),
    [(4.0, "width * 4", "(wide + 2) * 4"),
     (0.5, "max(1, round(width * 0.5))", "max(1, round((wide + 2) * 0.5))")],
)  # fmt: skip
def test_a_width_that_the_command_line_or_a_caller_gives_is_multiplied(
    factor: float, width: str, wide: str
) -> None:
    assert mended(GIVEN, core.ScaleWidth(factor), facts_of(GIVEN)) == diff(f"""
        -        net.add(layers.Dense(width, "relu"))
        -    net.add(layers.Dense(wide + 2, "relu"))
        +        net.add(layers.Dense({width}, "relu"))
        +    net.add(layers.Dense({wide}, "relu"))
        """)


@pytest.mark.parametrize("read", ["json.load(open('net.json'))", "settings()"])
def test_a_width_that_a_file_gives_is_left_to_the_file(read: str) -> None:
    loads = "def settings():\n    return json.loads(open('net.json').read())\n\nparser ="
    source = GIVEN.replace("parser =", loads, 1).replace("build(args.hidden", f"build({read}['n']")
    left = refused(source, core.ScaleWidth(4.0), facts_of(source))
    assert left.reason == "the width of dense is not a number in the script"


def test_an_activation_that_all_layers_read_from_a_constant_is_changed_there() -> None:
    source = ADDED.replace("model = Seq", "act = 'sigmoid'\nmodel = Seq")
    source = source.replace("Activation('sigmoid')", "Activation(act)").replace(
        "64, 'sigmoid'", "64, act"
    )
    layers = [replace(x, activation=x.activation or "sigmoid") for x in layers_of(source)]
    layers = [replace(x, activation="sigmoid") if x.name == "dense" else x for x in layers]
    assert mended(source, core.SetActivation("relu"), facts_of(source, layers=layers)) == diff("""
        -act = 'sigmoid'
        +act = 'relu'
        """)


def test_a_width_that_another_layer_asks_for_stays() -> None:
    source = LISTED.replace("layers.Flatten()", "layers.Reshape((144,))")
    left = refused(source, core.ScaleWidth(0.5), facts_of(source))
    assert left.reason == "reshape (Reshape) asks for a width that would no longer fit"


@pytest.mark.parametrize(
    ("written", "strides", "expected"),
    [
        ("Conv2D(16, 5, 5)", 1, "Conv2D(16, 5)"),
        ("Conv2D(16, 5, 5)", 2, "Conv2D(16, 5, 2)"),
        ('Conv2D(16, 3, strides=4, padding="same")', 2, 'Conv2D(16, 3, strides=2, padding="same")'),
        ('Conv2D(16, 3, strides=4, padding="same")', 1, 'Conv2D(16, 3, padding="same")'),
        ('Conv2D(16, 3, padding="same")', 2, 'Conv2D(16, 3, padding="same", strides=2)'),
        ("MaxPooling2D(4, strides=4)", 2, "MaxPooling2D(2)"),
    ],
)
def test_other_strides(written: str, strides: int, expected: str) -> None:
    source = LISTED.replace('Conv2D(16, 3, activation="sigmoid")', written)
    name = "conv2d" if "Conv" in written else "max_pooling2d"
    want = f"-    layers.{written},  # edges\n+    layers.{expected},  # edges"
    assert mended(source, core.SetStrides(strides, (name,)), facts_of(source)) == want


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LISTED, "-    layers.MaxPooling2D(),"),
        (
            ADDED.replace("model.add(Flatten())", "model.add(MaxPooling2D(2, 2))\nmodel.add(Flatten())"),
            "-model.add(MaxPooling2D(2, 2))",
        ),
        (
            CALLED.replace("h = tf.keras.layers.Flatten", "h = tf.keras.layers.MaxPooling2D()(h)\nh = tf.keras.layers.Flatten"),
            "-h = tf.keras.layers.MaxPooling2D()(h)",
        ),
        (
            OWN.replace("self.flat = ", "self.pool = layers.MaxPooling2D()\n        self.flat = ").replace("self.flat(x)", "self.flat(self.pool(x))"),
            "-        self.pool = layers.MaxPooling2D()\n-        x = self.hidden(self.flat(self.pool(x)))\n+        x = self.hidden(self.flat(x))",
        ),
    ],
)  # fmt: skip
def test_a_pooling_of_stride_one_is_taken_out(source: str, expected: str) -> None:
    change = core.SetStrides(1, ("max_pooling2d",))
    assert mended(source, change, facts_of(source)) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LISTED, "-    layers.Flatten(),\n+    layers.GlobalAveragePooling2D(),"),
        (
            ADDED,
            ("-from keras.layers import Activation, Conv2D, Dense, Flatten\n"
            "+from keras.layers import Activation, Conv2D, Dense, Flatten, GlobalAveragePooling2D\n"
            "-model.add(Flatten())\n+model.add(GlobalAveragePooling2D())"),
        ),
        (OWN, "-        self.flat = layers.Flatten()\n+        self.flat = layers.GlobalAveragePooling2D()"),
    ],
)  # fmt: skip
def test_global_pooling_in_the_place_of_flatten(source: str, expected: str) -> None:
    assert mended(source, core.PoolGlobally(), facts_of(source)) == expected


def test_strides_go_to_as_many_convolutions_as_the_map_allows() -> None:
    source = ADDED.replace(
        "model.add(Flatten())",
        "model.add(Conv2D(8, 3))\nmodel.add(Conv2D(8, 5))\nmodel.add(Flatten())",
    )
    facts = facts_of(source, shape=(16, 16, 8))
    assert mended(source, core.SetStrides(2), facts) == diff("""
        -model.add(Conv2D(16, (3, 3), input_shape=(8, 8, 1)))
        +model.add(Conv2D(16, (3, 3), input_shape=(8, 8, 1), strides=2))
        -model.add(Conv2D(8, 3))
        +model.add(Conv2D(8, 3, strides=2))
        """)


def test_a_loop_of_layers_turns_less_often() -> None:
    facts = facts_of(LOOPED, turns=20, shape=(64,))
    assert mended(LOOPED, core.ChangeDepth(-12), facts) == diff("""
        -for _ in range(20):
        +for _ in range(8):
        """)


def test_the_depth_that_a_constant_gives_is_changed_there() -> None:
    source = LOOPED.replace("range(20)", "range(DEPTH)").replace("inputs =", "DEPTH = 20\ninputs =")
    facts = facts_of(source, turns=20, shape=(64,))
    assert mended(source, core.ChangeDepth(-12), facts) == diff("""
        -DEPTH = 20
        +DEPTH = 8
        """)


@pytest.mark.parametrize(
    ("source", "layers", "expected"),
    [
        (LISTED, 1, '+    layers.Dense(64, activation="sigmoid"),'),
        (ADDED, 2, "+model.add(Dense(64, 'sigmoid'))\n+model.add(Dense(64, 'sigmoid'))"),
        (LISTED, -1, '-    layers.Dense(64, activation="sigmoid"),'),
        (
            CALLED,
            -1,
            '-h = tf.keras.layers.Dense(\n-    64,\n-    activation="sigmoid",  # squashed\n-)(h)',
        ),
    ],
)
def test_a_hidden_layer_more_or_fewer(source: str, layers: int, expected: str) -> None:
    facts = facts_of(source)
    if layers < 0 and source is CALLED:  # its comment goes with the layer
        source = source.replace("  # squashed", "")
        expected = expected.replace("  # squashed", "")
    assert mended(source, core.ChangeDepth(layers), facts) == expected


def test_no_more_layers_go_than_keep_the_shape() -> None:
    source = LISTED
    layers = tuple(
        layer if layer.kind != "Dense" else core.Layer(name=layer.name, path=layer.path, kind="Dense")
        for layer in layers_of(source)
    )  # fmt: skip
    left = refused(source, core.ChangeDepth(-3), facts_of(source, layers=layers))
    assert left.reason == "only 1 layers keep the shape and can go without others"


PAIRED = script("""
    import keras
    from keras import layers

    inputs = keras.Input((16,))
    h = layers.Dense(64)(inputs)
    h = layers.Dense(64, activation="tanh")(h)  # first
    h = layers.Dense(64, activation="tanh")(h)
    h = layers.BatchNormalization()(h)
    h = layers.Dense(64, activation="tanh")(h)
    h = layers.Dense(64, activation="tanh")(h)
    model = keras.Model(inputs, layers.Dense(10)(h))
    """) + END  # fmt: skip


def test_shortcuts_around_pairs_of_functional_code() -> None:
    facts = facts_of(PAIRED, style="functional", shape=(64,))
    assert mended(PAIRED, core.AddResidual(), facts) == diff("""
        +shortcut = h
        +h = layers.Add()([h, shortcut])
        +shortcut = h
        +h = layers.Add()([h, shortcut])
        """)


def test_shortcuts_inside_a_loop_of_two_layers() -> None:
    source = LOOPED.replace(
        "(h)\nmodel", '(h)\n    h = layers.Dense(64, activation="tanh")(h)\nmodel'
    )  # fmt: skip
    facts = facts_of(source, style="functional", turns=1, shape=(64,))
    assert mended(source, core.AddResidual(), facts) == diff("""
        +    shortcut = h
        +    h = layers.Add()([h, shortcut])
        """)


def test_a_sequential_model_has_no_room_for_shortcuts() -> None:
    left = refused(LISTED, core.AddResidual(), facts_of(LISTED))
    assert left.reason == "a Sequential model has no branches; write it as a function"
    assert "layers.Add()([h, shortcut])" in left.snippet


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("base.trainable = False", "base.trainable = True"),
        ("for layer in base.layers[:-4]:\n    layer.trainable = False", "    layer.trainable = True"),
    ],
)  # fmt: skip
def test_a_flag_that_freezes_is_turned(line: str, expected: str) -> None:
    source = LISTED.replace("model = ", f"base = load()\n{line}\nmodel = ")
    went = line.rpartition("\n")[2]
    assert mended(source, core.SetTrainable(trainable=True), facts_of(source)) == (
        f"-{went}\n+{expected}"
    )


def test_a_layer_is_frozen_where_it_is_built() -> None:
    facts = facts_of(CALLED)
    change = core.SetTrainable(trainable=False, layers=("stem",))
    assert mended(CALLED, change, facts) == diff("""
        -h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(inputs)
        +h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem", trainable=False)(inputs)
        """)


def test_a_frozen_layer_is_freed_where_it_is_built() -> None:
    source = CALLED.replace('name="stem"', 'name="stem", trainable=False')
    change = core.SetTrainable(trainable=True, layers=("stem",))
    assert "trainable=True" in mended(source, change, facts_of(source)).rpartition("\n")[2]


def test_a_flag_that_also_freezes_others_is_left_to_the_user() -> None:
    source = LISTED.replace("model.compile", "model.trainable = False\nmodel.compile")
    layers = [replace(x, trainable=False) for x in layers_of(source)]
    change = core.SetTrainable(trainable=True, layers=("dense",))
    left = refused(source, change, facts_of(source, layers=layers))
    assert left.reason.startswith("this line also freezes conv2d, max_pooling2d, flatten, dense_1")


def test_a_pretrained_base_is_frozen_behind_the_line_that_builds_it() -> None:
    source = script("""
        import keras
        base = keras.applications.MobileNetV2(
            include_top=False,
        )
        model = keras.Sequential([base, keras.layers.Dense(2)])
        """) + END  # fmt: skip
    site = core.Site("train.py", 2)
    inner = [
        core.Layer(name=f"b{i}", path=f"m/b{i}", kind="Conv2D", parameters=9, site=site)
        for i in range(3)
    ]
    facts = facts_of(source, layers=[*inner, *layers_of(source)])
    change = core.SetTrainable(trainable=False, layers=("b0", "b1", "b2"))
    assert mended(source, change, facts) == "+base.trainable = False"


@pytest.mark.parametrize("learns", [(), ("b1",)])
def test_a_base_that_was_saved_frozen_is_freed_behind_the_line_that_loads_it(
    learns: tuple[str, ...],
) -> None:
    source = script("""
        import keras
        base = keras.models.load_model("base.keras", compile=False)
        model = keras.Sequential([base, keras.layers.Dense(2)])
        """) + END  # fmt: skip
    site = core.Site("train.py", 2)
    names = ("b0", "b1", "b2")
    inner = [
        core.Layer(
            name=n, path=f"m/{n}", kind="Conv2D", parameters=9, site=site, trainable=n in learns
        )
        for n in names
    ]
    facts = facts_of(source, layers=[*inner, *layers_of(source)])
    meant = tuple(n for n in names if n not in learns)
    assert mended(source, core.SetTrainable(trainable=True, layers=meant), facts) == diff("""
        +for layer in base.layers:
        +    layer.trainable = True
        """)
    # One of two frozen layers: the flag of the whole would free both.
    assert refused(source, core.SetTrainable(trainable=True, layers=meant[:1]), facts)


def test_where_nothing_freezes_there_is_nothing_to_turn() -> None:
    left = refused(LISTED, core.SetTrainable(trainable=True, layers=("dense",)), facts_of(LISTED))
    assert left.reason == "the script doesn't say that the layers are frozen"
    assert left.snippet.startswith("layer.trainable = True")


def test_a_pretrained_base_is_the_users_choice() -> None:
    left = refused(LISTED, core.Transfer(), facts_of(LISTED))
    assert "input_shape=(8, 8, 1)" in left.snippet and "Dense(10" in left.snippet
    compile(left.snippet, "snippet", "exec")
