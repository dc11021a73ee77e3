import pytest

from convalesce import core
from tests.treat.patch.scripts import diff, facts_of, mended, refused, script
from tests.treat.patch.test_arch import ADDED, CALLED, LISTED, OWN

FIT = "model.fit(x, y, validation_data=(a, b))"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LISTED, "+    layers.Dropout(0.5),"),
        (
            ADDED,
            """
            -from keras.layers import Activation, Conv2D, Dense, Flatten
            +from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten
            +model.add(Dropout(0.5))
            """,
        ),
        (CALLED, "+h = tf.keras.layers.Dropout(0.5)(h)"),
        (
            OWN,
            """
            +        self.dropout = layers.Dropout(0.5)
            +        x = self.dropout(x)
            """,
        ),
    ],
)
def test_dropout_in_front_of_the_last_layer(source: str, expected: str) -> None:
    assert mended(source, core.SetDropout(0.5), facts_of(source)) == diff(expected)


def test_a_variable_that_is_read_again_keeps_its_value() -> None:
    source = CALLED.replace("model.compile", "print(h)\nmodel.compile")
    assert mended(source, core.SetDropout(0.5), facts_of(source)) == diff("""
        -model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation="softmax")(h))
        +model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation="softmax")(tf.keras.layers.Dropout(0.5)(h)))
        """)


def test_the_output_of_a_functional_model_gets_a_line_for_its_dropout() -> None:
    source = CALLED.replace(
        'model = tf.keras.Model(inputs, tf.keras.layers.Dense(10, activation="softmax")(h))',
        'outputs = tf.keras.layers.Dense(10, activation="softmax")(h)\n'
        "model = tf.keras.Model(inputs, outputs)",
    )
    assert mended(source, core.SetDropout(0.5), facts_of(source)) == diff("""
        +h = tf.keras.layers.Dropout(0.5)(h)
        """)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Dropout(0.9)", "Dropout(0.4)"),
        ("Dropout(rate=0.9)", "Dropout(rate=0.4)"),
        ("SpatialDropout2D(.9, name='d')", "SpatialDropout2D(0.4, name='d')"),
    ],
)
def test_another_rate_where_there_is_dropout(written: str, expected: str) -> None:
    source = LISTED.replace("layers.Flatten()", f"layers.{written}")
    want = f"-    layers.{written},\n+    layers.{expected},"
    assert mended(source, core.SetDropout(0.4), facts_of(source)) == want


def test_a_rate_that_several_layers_share_is_changed_once_when_all_are_meant() -> None:
    source = LISTED.replace("layers.Flatten()", "layers.Dropout(RATE)").replace(
        "\n\nmodel", "\nRATE = 0.95\nmodel"
    )
    assert mended(source, core.SetDropout(0.0), facts_of(source)) == diff("""
        -RATE = 0.95
        +RATE = 0.0
        """)


def test_no_dropout_is_no_edit_where_there_is_none() -> None:
    assert mended(LISTED, core.SetDropout(0.0), facts_of(LISTED)) == ""


@pytest.mark.parametrize(
    ("written", "change", "expected"),
    [
        ("keras.regularizers.l2(0.5)", core.SetWeightPenalty(l2=1e-4), "keras.regularizers.l2(0.0001)"),
        ("keras.regularizers.L2(5e-1)", core.SetWeightPenalty(l2=1e-4), "keras.regularizers.L2(0.0001)"),
        ("keras.regularizers.L1L2(0.1, 0.1)", core.SetWeightPenalty(l1=1e-5), "keras.regularizers.L1(1e-5)"),
        ('"l2"', core.SetWeightPenalty(l1=1e-3, l2=1e-4), "keras.regularizers.L1L2(l1=0.001, l2=0.0001)"),
    ],
)  # fmt: skip
def test_another_penalty_where_there_is_one(
    written: str, change: core.Change, expected: str
) -> None:
    source = LISTED.replace("Dense(64,", f"Dense(64, kernel_regularizer={written},")
    want = (
        f'-    layers.Dense(64, kernel_regularizer={written}, activation="sigmoid"),\n'
        f'+    layers.Dense(64, kernel_regularizer={expected}, activation="sigmoid"),'
    )
    assert mended(source, change, facts_of(source)) == want


def test_one_penalty_object_for_several_layers_is_changed_once() -> None:
    source = LISTED.replace("16, 3,", "16, 3, kernel_regularizer=decay,")
    source = source.replace("Dense(64,", "Dense(64, kernel_regularizer=decay,")
    source = source.replace("\n\nmodel", "\ndecay = keras.regularizers.l2(0.3)\nmodel")
    assert mended(source, core.SetWeightPenalty(l2=1e-4), facts_of(source)) == diff("""
        -decay = keras.regularizers.l2(0.3)
        +decay = keras.regularizers.l2(0.0001)
        """)


def test_no_penalty_takes_the_argument_out() -> None:
    source = LISTED.replace("Dense(64,", "Dense(64, kernel_regularizer=keras.regularizers.l2(1.0),")
    assert mended(source, core.SetWeightPenalty(), facts_of(source)) == diff("""
        -    layers.Dense(64, kernel_regularizer=keras.regularizers.l2(1.0), activation="sigmoid"),
        +    layers.Dense(64, activation="sigmoid"),
        """)


def test_a_penalty_on_every_kernel_where_there_is_none() -> None:
    source = script("""
        from keras.layers import Dense
        from keras import Sequential, regularizers
        model = Sequential([Dense(64, input_shape=(4,)), Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y)
        """)
    assert mended(source, core.SetWeightPenalty(l2=1e-4), facts_of(source)) == diff("""
        -model = Sequential([Dense(64, input_shape=(4,)), Dense(1)])
        +model = Sequential([Dense(64, input_shape=(4,), kernel_regularizer=regularizers.L2(0.0001)), Dense(1, kernel_regularizer=regularizers.L2(0.0001))])
        """)


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        (FIT, f"{FIT[:-1]}, callbacks=[{{}}])"),
        (f"{FIT[:-1]}, callbacks=None)", f"{FIT[:-1]}, callbacks=[{{}}])"),
        (f"{FIT[:-1]}, callbacks=[log])", f"{FIT[:-1]}, callbacks=[log, {{}}])"),
        (f"{FIT[:-1]}, callbacks=logs())", f"{FIT[:-1]}, callbacks=[logs(), {{}}])"),
        (f"{FIT[:-1]}, callbacks=logs)", f"{FIT[:-1]}, callbacks=[*logs, {{}}])"),
    ],
)
def test_early_stopping_joins_the_callbacks(fit: str, expected: str) -> None:
    source = LISTED.replace("model.fit(x, y)", fit)
    stop = (
        'keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True)'
    )
    want = f"-{fit}\n+{expected.format(stop)}"
    assert mended(source, core.StopEarly(4), facts_of(source)) == want


def test_a_list_of_callbacks_is_added_to_where_it_stands() -> None:
    source = LISTED.replace(
        "model.fit(x, y)",
        script("""
            callbacks = [
                keras.callbacks.TerminateOnNaN(),  # just in case
            ]
            model.fit(x, y, validation_split=0.1, callbacks=callbacks)"""),
    )
    assert mended(source, core.StopEarly(4), facts_of(source)) == diff("""
        +    keras.callbacks.EarlyStopping(monitor="val_loss", patience=4, restore_best_weights=True),
        """)


def test_early_stopping_that_is_there_is_set_right() -> None:
    source = LISTED.replace(
        "model.fit(x, y)",
        "stop = keras.callbacks.EarlyStopping(min_delta=0.2, patience=1)\n"
        "model.fit(x, y, validation_split=0.1, callbacks=[stop])",
    )
    assert mended(source, core.StopEarly(5), facts_of(source)) == diff("""
        -stop = keras.callbacks.EarlyStopping(min_delta=0.2, patience=1)
        +stop = keras.callbacks.EarlyStopping(patience=5, restore_best_weights=True)
        """)


def test_early_stopping_on_another_figure_forgets_which_way_was_better() -> None:
    source = LISTED.replace(
        "model.fit(x, y)",
        'stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max", patience=2)\n'
        "model.fit(x, y, validation_split=0.1, callbacks=[stop])",
    )
    assert mended(source, core.StopEarly(5), facts_of(source)) == diff("""
        -stop = keras.callbacks.EarlyStopping(monitor="val_accuracy", mode="max", patience=2)
        +stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)
        """)


def test_without_validation_there_is_nothing_to_stop_by() -> None:
    left = refused(LISTED, core.StopEarly(4), facts_of(LISTED))
    assert left.reason == "fit is given no validation data to stop by"
    assert left.line == LISTED.count("\n")
    assert "validation_split=0.2" in left.snippet
