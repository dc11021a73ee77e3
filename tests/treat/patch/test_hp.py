import pytest

from convalesce import core
from tests.treat.patch.scripts import diff, facts_of, mended, refused, script

HEAD = 'import keras\nmodel = keras.Sequential([keras.layers.Dense(10, name="d")])\n'
FIT = "model.fit(x, y, epochs=8)\n"
ADAM = core.Optimizer(name="Adam", learning_rate=0.02)


def compiled(compile_line: str, fit: str = FIT) -> str:
    return f"{HEAD}{compile_line}\n{fit}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("keras.optimizers.Adam(0.5)", "keras.optimizers.Adam(0.05)"),
        ("keras.optimizers.Adam(1e-2)", "keras.optimizers.Adam(1e-3)"),
        ("keras.optimizers.Adam(learning_rate=.5)", "keras.optimizers.Adam(learning_rate=0.05)"),
        ("keras.optimizers.Adam(1 / 10)", "keras.optimizers.Adam(0.01)"),
        ("keras.optimizers.Adam()", "keras.optimizers.Adam(learning_rate=0.0001)"),
        ("keras.optimizers.SGD(momentum=0.9)", "keras.optimizers.SGD(momentum=0.9, learning_rate=0.001)"),
        ('"adam"', "keras.optimizers.Adam(learning_rate=0.0001)"),
        ("'sgd'", "keras.optimizers.SGD(learning_rate=0.001)"),
        (
            "keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9))",
            "keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.01, 100, 0.9))",
        ),
        (
            "keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([9], [1.0, 0.5]))",
            "keras.optimizers.SGD(keras.optimizers.schedules.PiecewiseConstantDecay([9], [0.1, 0.05]))",
        ),
    ],
)  # fmt: skip
def test_a_tenth_of_the_rate_where_the_script_writes_it(line: str, expected: str) -> None:
    source = compiled(f'model.compile({line}, loss="mse")  # as in the paper')
    want = f'-model.compile({line}, loss="mse")  # as in the paper\n'
    want += f'+model.compile({expected}, loss="mse")  # as in the paper'
    assert mended(source, core.ScaleLearningRate(0.1), facts_of(source)) == want


def test_a_compile_without_an_optimizer_gets_the_one_that_was_in_force() -> None:
    source = compiled('model.compile(loss="mse")')
    assert mended(source, core.ScaleLearningRate(0.1), facts_of(source)) == diff("""
        -model.compile(loss="mse")
        +model.compile(loss="mse", optimizer=keras.optimizers.RMSprop(learning_rate=0.0001))
        """)


def test_a_constant_that_only_the_optimizer_reads_is_changed_where_it_is_defined() -> None:
    source = "LR = 0.1  # tuned\n" + compiled("model.compile(keras.optimizers.Adam(LR))")
    assert mended(source, core.SetLearningRate(0.003), facts_of(source)) == diff("""
        -LR = 0.1  # tuned
        +LR = 0.003  # tuned
        """)


def test_a_constant_that_others_read_too_stays_and_the_call_is_changed() -> None:
    source = "LR = 0.1\nprint(LR)\n" + compiled("model.compile(keras.optimizers.Adam(LR))")
    assert mended(source, core.SetLearningRate(0.003), facts_of(source)) == diff("""
        -model.compile(keras.optimizers.Adam(LR))
        +model.compile(keras.optimizers.Adam(0.003))
        """)


def test_a_rate_that_is_handed_to_a_function_is_changed_at_its_only_call() -> None:
    source = script("""
        from tensorflow import keras
        def build(width, rate=0.5):
            model = keras.Sequential([keras.layers.Dense(width)])
            opt = keras.optimizers.Adam(learning_rate=rate)
            model.compile(optimizer=opt, loss="mse")
            return model
        model = build(10, rate=0.2)
        model.fit(x, y)
        """)
    assert mended(source, core.ScaleLearningRate(0.1), facts_of(source)) == diff("""
        -model = build(10, rate=0.2)
        +model = build(10, rate=0.02)
        """)


def test_a_rate_in_a_dictionary_of_settings_is_changed_there() -> None:
    source = 'CONFIG = {"lr": 0.1, "epochs": 8}\n' + compiled(
        'model.compile(keras.optimizers.Adam(CONFIG["lr"]))',
        'model.fit(x, y, epochs=CONFIG["epochs"])\n',
    )
    assert mended(source, core.ScaleLearningRate(0.1), facts_of(source)) == diff("""
        -CONFIG = {"lr": 0.1, "epochs": 8}
        +CONFIG = {"lr": 0.01, "epochs": 8}
        """)


def test_a_rate_that_only_the_run_knows_is_taken_from_the_record() -> None:
    source = compiled("model.compile(keras.optimizers.Adam(args.lr))")
    facts = facts_of(source, setup={"optimizer": ADAM})
    assert mended(source, core.ScaleLearningRate(0.1), facts) == diff("""
        -model.compile(keras.optimizers.Adam(args.lr))
        +model.compile(keras.optimizers.Adam(0.002))
        """)
    assert refused(source, core.ScaleLearningRate(0.1), facts_of(source)).line == 3


@pytest.mark.parametrize(
    ("imports", "expected"),
    [
        ("from tensorflow import keras", "keras.optimizers.SGD(learning_rate=0.003)"),
        ("import tensorflow as tf", "tf.keras.optimizers.SGD(learning_rate=0.003)"),
        ("from keras import layers, optimizers", "optimizers.SGD(learning_rate=0.003)"),
        ("from tensorflow.keras.optimizers import SGD", "SGD(learning_rate=0.003)"),
        ("import tensorflow as tf\nopts = tf.keras.optimizers", "opts.SGD(learning_rate=0.003)"),
    ],
)
def test_the_optimizer_is_named_as_the_script_names_such_things(
    imports: str, expected: str
) -> None:
    source = f"{imports}\nmodel = make()\nmodel.compile(optimizer='sgd')\nmodel.fit(x, y)\n"
    want = f"-model.compile(optimizer='sgd')\n+model.compile(optimizer={expected})"
    assert mended(source, core.SetLearningRate(0.003), facts_of(source)) == want


@pytest.mark.parametrize(
    ("imports", "went", "came"),
    [
        ("from keras.models import Sequential", "", "+from keras.optimizers import SGD\n"),
        ("from tensorflow.keras.models import Sequential", "", "+from tensorflow.keras.optimizers import SGD\n"),
        ("from keras.optimizers import Adam, RMSprop", "-from keras.optimizers import Adam, RMSprop\n", "+from keras.optimizers import Adam, RMSprop, SGD\n"),
    ],
)  # fmt: skip
def test_an_import_is_added_in_the_scripts_own_style(imports: str, went: str, came: str) -> None:
    source = f"{imports}\nmodel = make()\nmodel.compile('sgd')\nmodel.fit(x, y)\n"
    want = f"{went}{came}-model.compile('sgd')\n+model.compile(SGD(learning_rate=0.003))"
    assert mended(source, core.SetLearningRate(0.003), facts_of(source)) == want


def test_imports_on_lines_of_their_own_stay_so_and_in_order() -> None:
    source = script("""
        from keras.callbacks import (
            CSVLogger,  # for the plots
            TensorBoard,
        )
        model = make()
        model.compile("sgd")
        model.fit(x, y, validation_split=0.1, callbacks=[CSVLogger("log")])
        """)
    assert mended(source, core.StopEarly(3), facts_of(source)) == diff("""
        +    EarlyStopping,
        -model.fit(x, y, validation_split=0.1, callbacks=[CSVLogger("log")])
        +model.fit(x, y, validation_split=0.1, callbacks=[CSVLogger("log"), EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)])
        """)


def test_a_script_without_keras_in_sight_gets_the_import() -> None:
    source = "import os\nmodel = make()\nmodel.compile('sgd')\nmodel.fit(x, y)\n"
    assert mended(source, core.SetLearningRate(0.003), facts_of(source)) == diff("""
        +import keras
        -model.compile('sgd')
        +model.compile(keras.optimizers.SGD(learning_rate=0.003))
        """)


def test_a_function_that_sets_the_rate_is_left_to_the_user() -> None:
    source = compiled(
        "model.compile('sgd')",
        "model.fit(x, y, callbacks=[keras.callbacks.LearningRateScheduler(rate)])\n",
    )
    left = refused(source, core.ScaleLearningRate(0.1), facts_of(source))
    assert left.reason == "a function of the script sets the rate at each epoch"
    assert left.line == 4


def test_a_range_test_has_nothing_to_write_before_it_ran() -> None:
    source = compiled("model.compile('sgd')")
    left = refused(source, core.FindLearningRate(), facts_of(source))
    assert left.reason == "the rate is known only after the range test"


def test_a_warm_up_is_a_line_from_nought_to_the_rate() -> None:
    source = compiled("model.compile(keras.optimizers.Adam(LR), 'mse')")
    assert mended(source, core.WarmUp(500), facts_of(source)) == diff("""
        -model.compile(keras.optimizers.Adam(LR), 'mse')
        +schedule = keras.optimizers.schedules.PolynomialDecay(0.0, decay_steps=500, end_learning_rate=LR)
        +model.compile(keras.optimizers.Adam(schedule), 'mse')
        """)


def test_a_warm_up_does_not_throw_a_schedule_away() -> None:
    line = "model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 100)))"
    left = refused(compiled(line), core.WarmUp(500), facts_of(compiled(line)))
    assert left.reason == "the rate follows CosineDecay, which a warm-up would replace"


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        (
            "cosine",
            "model.compile('adam')",
            """
            -model.compile('adam')
            +schedule = keras.optimizers.schedules.CosineDecay(0.001, decay_steps=8 * 75)
            +model.compile(keras.optimizers.Adam(learning_rate=schedule))
            """,
        ),
        (
            "constant",
            "model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 100)))",
            """
            -model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 100)))
            +model.compile(keras.optimizers.SGD(0.1))
            """,
        ),
        (
            "plateau",
            "model.compile('adam')",
            """
            -model.fit(x, y, epochs=8)
            +model.fit(x, y, epochs=8, callbacks=[keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.3, patience=2)])
            """,
        ),
    ],
)  # fmt: skip
def test_a_schedule_is_written(name: str, line: str, expected: str) -> None:
    source = compiled(line)
    assert mended(source, core.SetSchedule(name), facts_of(source)) == diff(expected)


def test_a_schedule_is_replaced_where_it_is_defined() -> None:
    source = compiled(
        "decay = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)\n"
        "model.compile(keras.optimizers.SGD(decay))"
    )
    assert mended(source, core.SetSchedule("cosine"), facts_of(source)) == diff("""
        -decay = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
        +decay = keras.optimizers.schedules.CosineDecay(0.1, decay_steps=8 * 75)
        """)


def test_a_plateau_callback_takes_the_place_of_a_schedule_which_would_not_let_it_set_the_rate() -> (
    None
):
    source = compiled(
        "model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)))",
        "model.fit(x, y, validation_data=(a, b), callbacks=[log])\n",
    )
    assert mended(source, core.SetSchedule("plateau"), facts_of(source)) == diff("""
        -model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 9)))
        -model.fit(x, y, validation_data=(a, b), callbacks=[log])
        +model.compile(keras.optimizers.SGD(0.1))
        +model.fit(x, y, validation_data=(a, b), callbacks=[log, keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.3, patience=2)])
        """)


def test_a_constant_rate_takes_out_what_lowers_it() -> None:
    source = compiled(
        "model.compile('adam')",
        script("""
            model.fit(x, y, callbacks=[
                keras.callbacks.CSVLogger("log"),  # kept
                keras.callbacks.ReduceLROnPlateau(factor=0.05),
            ])
            """),
    )
    assert mended(source, core.SetSchedule("constant"), facts_of(source)) == diff("""
        -    keras.callbacks.ReduceLROnPlateau(factor=0.05),
        """)


def test_the_only_callback_goes_and_what_follows_the_list_stays() -> None:
    source = compiled(
        "model.compile('adam')",
        "slower = keras.callbacks.ReduceLROnPlateau(factor=0.05)\n"
        "h = model.fit(x, y, callbacks=[slower], verbose=2).history\n",
    )
    assert mended(source, core.SetSchedule("constant"), facts_of(source)) == diff("""
        -h = model.fit(x, y, callbacks=[slower], verbose=2).history
        +h = model.fit(x, y, callbacks=[], verbose=2).history
        """)


def test_without_the_number_of_steps_there_is_no_cosine() -> None:
    source = compiled("model.compile('adam')")
    left = refused(
        source, core.SetSchedule("cosine"), facts_of(source, setup={"steps_per_epoch": None})
    )
    assert left.reason == "the number of steps is not known"
    assert "CosineDecay(0.001, decay_steps=…)" in left.snippet


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("'sgd'", "'adam'"),
        ("keras.optimizers.SGD(0.1, momentum=0.9)", "keras.optimizers.Adam()"),
        ("keras.optimizers.SGD(0.1, clipnorm=1.0)", "keras.optimizers.Adam(clipnorm=1.0)"),
    ],
)
def test_another_optimizer_starts_from_its_own_rate_and_keeps_the_clipping(
    line: str, expected: str
) -> None:
    source = compiled(f"model.compile({line}, 'mse')")
    want = f"-model.compile({line}, 'mse')\n+model.compile({expected}, 'mse')"
    assert mended(source, core.SetOptimizer("Adam"), facts_of(source)) == want


def test_the_optimizer_of_a_from_import_is_imported_beside_it() -> None:
    source = script("""
        from keras.optimizers import SGD
        model = make()
        sgd = SGD(0.1)
        model.compile(optimizer=sgd)
        model.fit(x, y)
        """)
    assert mended(source, core.SetOptimizer("Adam"), facts_of(source)) == diff("""
        -from keras.optimizers import SGD
        +from keras.optimizers import Adam, SGD
        -sgd = SGD(0.1)
        +sgd = Adam()
        """)


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (core.SetMomentum(0.9), "'sgd'", "keras.optimizers.SGD(momentum=0.9)"),
        (core.SetMomentum(0.9), "keras.optimizers.SGD(0.1, 0.99)", "keras.optimizers.SGD(0.1, 0.9)"),
        (core.SetMomentum(0.9), "keras.optimizers.Adam(beta_1=0.5)", "keras.optimizers.Adam(beta_1=0.9)"),
        (core.ClipGradients(1.0), "'adam'", "keras.optimizers.Adam(global_clipnorm=1.0)"),
        (core.ClipGradients(1.0), "keras.optimizers.SGD(0.1)", "keras.optimizers.SGD(0.1, global_clipnorm=1.0)"),
        (core.ClipGradients(1.0), "keras.optimizers.SGD(clipvalue=9.0)", "keras.optimizers.SGD(global_clipnorm=1.0)"),
        (core.SetWeightDecay(0.004), "keras.optimizers.AdamW(2e-3, weight_decay=10.0)", "keras.optimizers.AdamW(2e-3, weight_decay=0.004)"),
        (core.SetWeightDecay(0.0), "keras.optimizers.AdamW(2e-3, 1e1)", "keras.optimizers.AdamW(2e-3, 0.0)"),
        (core.SetWeightDecay(0.004), "'adamw'", "keras.optimizers.AdamW(weight_decay=0.004)"),
    ],
)  # fmt: skip
def test_a_setting_of_the_optimizer(change: core.Change, line: str, expected: str) -> None:
    source = compiled(f"model.compile({line}, 'mse')")
    want = f"-model.compile({line}, 'mse')\n+model.compile({expected}, 'mse')"
    assert mended(source, change, facts_of(source)) == want


def test_comments_inside_what_is_replaced_move_ahead_of_the_line() -> None:
    source = compiled(
        "model.compile(keras.optimizers.SGD(\n    0.1,  # from the paper\n    nesterov=True,\n))"
    )
    assert mended(source, core.SetOptimizer("Adam"), facts_of(source)) == diff("""
        -model.compile(keras.optimizers.SGD(
        -    0.1,  # from the paper
        -    nesterov=True,
        -))
        +# from the paper
        +model.compile(keras.optimizers.Adam())
        """)


def test_an_optimizer_without_momentum_says_so() -> None:
    source = compiled("model.compile('adagrad')")
    assert refused(source, core.SetMomentum(0.9), facts_of(source)).reason == (
        "Adagrad has no momentum"
    )


@pytest.mark.parametrize(
    ("fit", "expected"),
    [
        ("model.fit(x, y, batch_size=8)", "model.fit(x, y, batch_size=32)"),
        ("model.fit(x, y, 8, 5)", "model.fit(x, y, 32, 5)"),
    ],
)
def test_a_larger_batch_takes_the_rate_along(fit: str, expected: str) -> None:
    source = compiled("model.compile(keras.optimizers.SGD(0.1))", f"{fit}\n")
    assert mended(source, core.SetBatchSize(32), facts_of(source)) == diff(f"""
        -model.compile(keras.optimizers.SGD(0.1))
        -{fit}
        +model.compile(keras.optimizers.SGD(0.4))
        +{expected}
        """)


def test_an_adaptive_optimizer_gets_the_root_of_it() -> None:
    source = compiled("model.compile('adam')", "model.fit(x, y, batch_size=8)\n")
    assert mended(source, core.SetBatchSize(32), facts_of(source)) == diff("""
        -model.compile('adam')
        -model.fit(x, y, batch_size=8)
        +model.compile(keras.optimizers.Adam(learning_rate=0.002))
        +model.fit(x, y, batch_size=32)
        """)


def test_sgd_comes_with_momentum() -> None:
    source = compiled("model.compile('adam')")
    assert mended(source, core.SetOptimizer("SGD"), facts_of(source)) == diff("""
        -model.compile('adam')
        +model.compile(keras.optimizers.SGD(momentum=0.9))
        """)


def test_the_default_batch_is_said_once_it_is_another() -> None:
    source = compiled("model.compile(keras.optimizers.SGD(0.1))")
    assert mended(source, core.SetBatchSize(64), facts_of(source)) == diff("""
        -model.compile(keras.optimizers.SGD(0.1))
        -model.fit(x, y, epochs=8)
        +model.compile(keras.optimizers.SGD(0.2))
        +model.fit(x, y, epochs=8, batch_size=64)
        """)


def test_a_pipelines_batch_is_changed_where_it_is_cut() -> None:
    source = script("""
        import keras, tensorflow as tf
        BATCH = 4
        data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(1000)
        data = data.batch(BATCH).prefetch(2)
        model = make()
        model.compile(keras.optimizers.SGD(0.1))
        model.fit(data, epochs=3)
        """)
    assert mended(source, core.SetBatchSize(32), facts_of(source)) == diff("""
        -BATCH = 4
        +BATCH = 32
        -model.compile(keras.optimizers.SGD(0.1))
        +model.compile(keras.optimizers.SGD(0.4))
        """)


def test_more_epochs_come_with_early_stopping_where_there_is_validation() -> None:
    source = "EPOCHS = 3\n" + compiled(
        "model.compile('sgd')", "model.fit(x, y, epochs=EPOCHS, validation_split=0.2)\n"
    )
    assert mended(source, core.SetEpochs(30), facts_of(source)) == diff("""
        -EPOCHS = 3
        +EPOCHS = 30
        -model.fit(x, y, epochs=EPOCHS, validation_split=0.2)
        +model.fit(x, y, epochs=EPOCHS, validation_split=0.2, callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)])
        """)


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        (
            'EarlyStopping(monitor="val_loss", min_delta=0.2, patience=1)',
            'EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)',
        ),
        (
            'EarlyStopping("val_loss", mode="max", patience=8, restore_best_weights=True)',
            'EarlyStopping("val_loss", patience=8, restore_best_weights=True)',
        ),
        (
            'EarlyStopping("val_loss", 0.5, 2, baseline=0.3)',
            'EarlyStopping("val_loss", 0, 5, restore_best_weights=True)',
        ),
        (
            'EarlyStopping("val_accuracy", mode="max", patience=9)',
            'EarlyStopping("val_accuracy", mode="max", patience=9, restore_best_weights=True)',
        ),
    ],
)
def test_an_early_stopping_that_is_there_waits_for_what_gets_better(
    stop: str, expected: str
) -> None:
    fit = f"model.fit(x, y, epochs=4, validation_split=0.2, callbacks=[keras.callbacks.{stop}])\n"
    source = compiled("model.compile('sgd')", fit)
    longer = fit.replace("epochs=4", "epochs=30").replace(stop, expected)
    assert mended(source, core.SetEpochs(30), facts_of(source)) == f"-{fit}+{longer}".strip()


def test_fewer_epochs_are_only_a_number() -> None:
    source = compiled("model.compile('sgd')", "model.fit(x, y, None, 80, validation_split=0.2)\n")
    assert mended(source, core.SetEpochs(12), facts_of(source)) == diff("""
        -model.fit(x, y, None, 80, validation_split=0.2)
        +model.fit(x, y, None, 12, validation_split=0.2)
        """)


@pytest.mark.parametrize(
    ("change", "line", "expected"),
    [
        (core.SetLoss("binary_crossentropy", from_logits=False), 'loss="mse"', 'loss="binary_crossentropy"'),
        (core.SetLoss("mean_squared_error"), 'loss="mae"', 'loss="mse"'),
        (core.SetLoss("mean_squared_error"), 'loss="hinge"', 'loss="mean_squared_error"'),
        (core.SetLoss("dice"), 'loss="mse"', "loss=keras.losses.Dice()"),
        (
            core.SetLoss("sparse_categorical_crossentropy", from_logits=True),
            'loss="sparse_categorical_crossentropy"',
            "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
        ),
        (
            core.SetLoss("sparse_categorical_crossentropy", from_logits=False),
            "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)",
            "loss=keras.losses.SparseCategoricalCrossentropy(from_logits=False)",
        ),
        (
            core.SetLoss("categorical_crossentropy", from_logits=True),
            "loss=keras.losses.BinaryCrossentropy(from_logits=True)",
            "loss=keras.losses.CategoricalCrossentropy(from_logits=True)",
        ),
        (core.SetLoss("mean_squared_error"), "", 'loss="mean_squared_error"'),
    ],
)  # fmt: skip
def test_another_loss(change: core.Change, line: str, expected: str) -> None:
    source = compiled(f'model.compile("sgd"{", " * bool(line)}{line})')
    want = f'-model.compile("sgd"{", " * bool(line)}{line})\n+model.compile("sgd", {expected})'
    assert mended(source, change, facts_of(source)) == want


def test_a_loss_that_is_only_described_is_left_to_the_user() -> None:
    source = compiled("model.compile('sgd', 'mse')")
    left = refused(source, core.SetLoss("that returns its value"), facts_of(source))
    assert left.reason == "use a loss that returns its value"
    assert left.line == 3


def test_the_loss_of_a_named_output_is_written_where_it_stands() -> None:
    source = compiled("model.compile('sgd', loss={'a': 'mse', 'b': 'mse'})")
    assert mended(source, core.SetLoss("huber", output="b"), facts_of(source)) == diff("""
        -model.compile('sgd', loss={'a': 'mse', 'b': 'mse'})
        +model.compile('sgd', loss={'a': 'mse', 'b': 'huber'})
        """)
    plain = compiled("model.compile('sgd', 'mse')")
    assert (
        "several outputs"
        in refused(plain, core.SetLoss("huber", output="b"), facts_of(plain)).reason
    )


def test_a_loss_for_each_output_is_left_to_the_user() -> None:
    source = compiled("model.compile('sgd', loss={'a': 'mse', 'b': 'mse'})")
    left = refused(source, core.SetLoss("huber"), facts_of(source))
    assert left.reason == "there is a loss for each output"


def test_another_metric_is_read_by_its_name_and_callbacks_follow_the_loss() -> None:
    source = compiled(
        'model.compile("sgd", "bce", metrics=["binary_accuracy"])',
        script("""
            stop = keras.callbacks.EarlyStopping(monitor="val_binary_accuracy", mode="max")
            h = model.fit(x, y, validation_data=(a, b), callbacks=[stop]).history
            print(f"{h['val_binary_accuracy'][-1]:.3f}", h["loss"], "binary_accuracy is wrong")
            """),
    )
    assert mended(source, core.SetMetric("categorical_accuracy"), facts_of(source)) == diff("""
        -model.compile("sgd", "bce", metrics=["binary_accuracy"])
        -stop = keras.callbacks.EarlyStopping(monitor="val_binary_accuracy", mode="max")
        +model.compile("sgd", "bce", metrics=["categorical_accuracy"])
        +stop = keras.callbacks.EarlyStopping(monitor="val_loss", mode="min")
        -print(f"{h['val_binary_accuracy'][-1]:.3f}", h["loss"], "binary_accuracy is wrong")
        +print(f"{h['val_categorical_accuracy'][-1]:.3f}", h["loss"], "binary_accuracy is wrong")
        """)


def test_where_an_error_takes_the_place_of_a_score_a_callback_waits_for_the_loss() -> None:
    source = compiled(
        'model.compile("sgd", "mse", metrics=["accuracy"])',
        'stop = keras.callbacks.EarlyStopping("val_accuracy", mode="max")\n'
        "model.fit(x, y, validation_data=(a, b), callbacks=[stop])\n",
    )
    assert mended(source, core.SetMetric("mean_absolute_error"), facts_of(source)) == diff("""
        -model.compile("sgd", "mse", metrics=["accuracy"])
        -stop = keras.callbacks.EarlyStopping("val_accuracy", mode="max")
        +model.compile("sgd", "mse", metrics=["mae"])
        +stop = keras.callbacks.EarlyStopping("val_loss", mode="min")
        """)


def test_a_metric_that_needs_a_class_is_made() -> None:
    source = compiled('model.compile("sgd", "bce", metrics=["mean_io_u"])')
    assert mended(source, core.SetMetric("binary_io_u"), facts_of(source)) == diff("""
        -model.compile("sgd", "bce", metrics=["mean_io_u"])
        +model.compile("sgd", "bce", metrics=[keras.metrics.BinaryIoU(target_class_ids=[1])])
        """)


def test_a_choice_of_metrics_is_left_to_the_user() -> None:
    source = compiled('model.compile("sgd", metrics=["accuracy"])')
    left = refused(source, core.SetMetric("BinaryIoU, recall or AUC"), facts_of(source))
    assert left.reason == "choose one: BinaryIoU, recall or AUC"
    assert "keras.metrics.Recall()" in left.snippet


def test_compile_keywords_on_lines_of_their_own_get_another_such_line() -> None:
    source = compiled(
        script("""
            model.compile(
                loss="mse",  # in degrees
                metrics=["mae"]
            )
            """)
    )
    assert mended(source, core.SetLearningRate(0.1), facts_of(source)) == diff("""
        -    metrics=["mae"]
        +    metrics=["mae"],
        +    optimizer=keras.optimizers.RMSprop(learning_rate=0.1)
        """)


def test_settings_hidden_behind_stars_are_not_guessed_at() -> None:
    source = compiled("model.compile(**settings)")
    left = refused(source, core.SetLearningRate(0.1), facts_of(source))
    assert left.reason == "`**settings` may hold optimizer"


def test_the_learning_rate_reads_as_a_sentence() -> None:
    assert str(core.SetLearningRate(0.003)) == "set the learning rate to 0.003"
