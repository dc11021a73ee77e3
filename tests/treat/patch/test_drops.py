"""Parts of a script that are taken out of it."""

import pytest

from convalesce import core
from tests.treat.patch.scripts import diff, facts_of, mended, refused, script
from tests.treat.patch.test_arch import LISTED

BY_CALL = script("""
    import keras
    from keras import layers

    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(16, 3, use_bias=False)(inputs)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    y = layers.BatchNormalization(name="last")(x)
    model = keras.Model(inputs, layers.Dense(10)(layers.Flatten()(y)))
    model.compile("adam", "mse")
    model.fit(x, y)
    """)  # fmt: skip


def test_normalisation_goes_and_the_bias_that_it_stood_for_comes_back() -> None:
    assert mended(BY_CALL, core.DropNormalization(), facts_of(BY_CALL)) == diff("""
        -x = layers.Conv2D(16, 3, use_bias=False)(inputs)
        -x = layers.BatchNormalization()(x)
        +x = layers.Conv2D(16, 3)(inputs)
        -y = layers.BatchNormalization(name="last")(x)
        +y = x
        """)


def test_normalisation_goes_out_of_a_list_of_layers() -> None:
    more = "    layers.BatchNormalization(),\n    layers.Flatten(),"
    source = LISTED.replace("    layers.Flatten(),", more)
    want = "-    layers.BatchNormalization(),"
    assert mended(source, core.DropNormalization(), facts_of(source)) == want
    assert mended(LISTED, core.DropNormalization(), facts_of(LISTED)) == ""


def test_the_named_ones_go_alone() -> None:
    facts = facts_of(BY_CALL)
    assert mended(BY_CALL, core.DropNormalization(("last",)), facts) == diff("""
        -y = layers.BatchNormalization(name="last")(x)
        +y = x
        """)


def test_class_weights_go() -> None:
    fit = "model.fit(x, y, class_weight={0: 1, 1: 4}, epochs=3)"
    source = LISTED.replace("model.fit(x, y)", fit)
    assert mended(source, core.DropClassWeights(), facts_of(source)) == diff("""
        -model.fit(x, y, class_weight={0: 1, 1: 4}, epochs=3)
        +model.fit(x, y, epochs=3)
        """)


@pytest.mark.parametrize("bound", ["clipnorm=1.0", "global_clipnorm=1.0", "clipvalue=0.5"])
def test_clipping_goes(bound: str) -> None:
    source = LISTED.replace('"adam"', f"keras.optimizers.Adam(1e-3, {bound})")
    want = (
        f'-model.compile(keras.optimizers.Adam(1e-3, {bound}), "mse")\n'
        '+model.compile(keras.optimizers.Adam(1e-3), "mse")'
    )
    assert mended(source, core.DropClipping(), facts_of(source)) == want


def test_a_callback_goes_out_of_the_list_where_it_stands() -> None:
    source = LISTED.replace(
        "model.fit(x, y)",
        script("""
            stop = keras.callbacks.EarlyStopping(patience=2)
            told = [
                stop,
                keras.callbacks.ReduceLROnPlateau(),
            ]
            model.fit(x, y, callbacks=told)"""),
    )
    stopped = mended(source, core.DropCallback("EarlyStopping"), facts_of(source))
    assert stopped == "-    stop,"
    plateau = mended(source, core.DropCallback("ReduceLROnPlateau"), facts_of(source))
    assert plateau == "-    keras.callbacks.ReduceLROnPlateau(),"


def test_callbacks_that_a_function_makes_are_left_to_the_user() -> None:
    source = LISTED.replace("model.fit(x, y)", "model.fit(x, y, callbacks=made())")
    left = refused(source, core.DropCallback("EarlyStopping"), facts_of(source))
    assert left.reason == "it is open which callbacks `made()` are"


@pytest.mark.parametrize(
    ("written", "change", "expected"),
    [
        (
            "'sgd'",
            core.SetMomentum(0.9, nesterov=True),
            "keras.optimizers.SGD(momentum=0.9, nesterov=True)",
        ),
        (
            "keras.optimizers.SGD(0.1, momentum=0.8, nesterov=True)",
            core.SetMomentum(0.8, nesterov=False),
            "keras.optimizers.SGD(0.1, momentum=0.8, nesterov=False)",
        ),
    ],
)
def test_momentum_after_nesterov(written: str, change: core.Change, expected: str) -> None:
    source = LISTED.replace('"adam"', written)
    want = f'-model.compile({written}, "mse")\n+model.compile({expected}, "mse")'
    assert mended(source, change, facts_of(source)) == want


def test_only_sgd_has_momentum_after_nesterov() -> None:
    left = refused(LISTED, core.SetMomentum(0.9, nesterov=True), facts_of(LISTED))
    assert left.reason == "Adam has no momentum after Nesterov"


def test_another_optimizer_is_handed_the_schedule_where_it_shall_be() -> None:
    decay = "keras.optimizers.schedules.CosineDecay(0.1, 100)"
    source = LISTED.replace('"adam"', f"keras.optimizers.SGD({decay}, momentum=0.9)")
    change = core.SetOptimizer("Adam", scheduled=True)
    want = (
        f'-model.compile(keras.optimizers.SGD({decay}, momentum=0.9), "mse")\n'
        f'+model.compile(keras.optimizers.Adam(learning_rate={decay}), "mse")'
    )
    assert mended(source, change, facts_of(source)) == want
    plain = mended(source, core.SetOptimizer("Adam"), facts_of(source))
    assert plain.endswith('+model.compile(keras.optimizers.Adam(), "mse")')
