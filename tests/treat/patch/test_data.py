from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from convalesce import core
from convalesce.treat.patch import patch
from tests.treat.patch.scripts import diff, facts_of, mended, refused, script, split
from tests.treat.patch.test_arch import ADDED, CALLED, LISTED, LOOPED, OWN

ARRAYS = script("""
    import numpy as np
    import keras
    from keras import layers

    x, y = load()  # pixels
    x_train, y_train = x[:800], y[:800]
    x_val, y_val = x[800:], y[800:]
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(x_train, y_train, validation_data=(x_val, y_val))
    """)
SLICED = script("""
    import numpy as np
    import keras
    from keras import layers

    x, y = load()
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Dense(10)])
    model.compile("adam", "mse")
    h = model.fit(x[:800], y[:800], validation_data=(x[800:], y[800:])).history
    """)
SHARE = script("""
    import keras
    from keras import layers

    x, y = load()
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(x, y, validation_split=0.2)
    """)
PIPED = script("""
    import keras
    import tensorflow as tf

    x, y = load()
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(data, epochs=3)
    """)
OPAQUE = PIPED.replace("tf.data.Dataset.from_tensor_slices((x, y)).batch(32)", "pipeline()")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (LISTED, "+    layers.Rescaling(1 / 255),"),
        (
            ADDED,
            """
            -from keras.layers import Activation, Conv2D, Dense, Flatten
            +from keras.layers import Activation, Conv2D, Dense, Flatten, Rescaling
            -model.add(Conv2D(16, (3, 3), input_shape=(8, 8, 1)))
            +model.add(Rescaling(1 / 255, input_shape=(8, 8, 1)))
            +model.add(Conv2D(16, (3, 3)))
            """,
        ),
        (
            CALLED,
            """
            -h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(inputs)
            +h = tf.keras.layers.Rescaling(1 / 255)(inputs)
            +h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(h)
            """,
        ),
        (
            OWN,
            """
            +        self.rescale = layers.Rescaling(1 / 255)
            +        inputs = self.rescale(inputs)
            """,
        ),
    ],
)  # fmt: skip
def test_rescaling_in_front_of_the_model(source: str, expected: str) -> None:
    assert mended(source, core.Rescale(1 / 255), facts_of(source)) == diff(expected)


def test_rescaling_reaches_every_branch_that_reads_the_input() -> None:
    source = script("""
        import keras
        from keras import layers
        inputs = keras.Input((8, 8, 1))
        a = layers.Conv2D(8, 3)(inputs)
        b = layers.Conv2D(8, 5)(inputs)
        model = keras.Model(inputs, layers.Concatenate()([a, b]))
        model.compile("adam", "mse")
        model.fit(x, y)
        """)
    assert mended(source, core.Rescale(1 / 127.5, -1.0), facts_of(source)) == diff("""
        -a = layers.Conv2D(8, 3)(inputs)
        -b = layers.Conv2D(8, 5)(inputs)
        +rescaled = layers.Rescaling(1 / 127.5, offset=-1.0)(inputs)
        +a = layers.Conv2D(8, 3)(rescaled)
        +b = layers.Conv2D(8, 5)(rescaled)
        """)


def test_what_a_model_class_of_the_script_is_told_of_its_inputs_stays() -> None:
    source = script("""
        import keras
        from keras import layers
        class Net(keras.Model):
            pass
        class Scans(Net):
            pass
        inputs = keras.Input((8, 8, 1))
        h = inputs
        for width in (8, 16):
            h = layers.Conv2D(width, 3)(h)
        model = Scans(inputs, layers.Dense(1)(layers.Flatten()(h)))
        model.compile("adam", "mse")
        model.fit(x, y)
        """)
    assert mended(source, core.Rescale(1 / 255), facts_of(source, turns=2)) == diff("""
        -h = inputs
        +rescaled = layers.Rescaling(1 / 255)(inputs)
        +h = rescaled
        """)


def test_a_normalization_that_never_saw_data_is_adapted_where_it_stands() -> None:
    source = script("""
        import keras
        from keras import layers
        norm = layers.Normalization()
        model = keras.Sequential([keras.Input((9,)), norm, layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, y)
        """)
    facts = facts_of(source)
    assert facts.model is not None
    idle = tuple(
        replace(x, settings={"adapted": 0.0}) if x.kind == "Normalization" else x
        for x in facts.model.layers
    )
    facts = replace(facts, model=replace(facts.model, layers=idle))
    assert mended(source, core.Normalize(), facts) == "+norm.adapt(x)"


def test_rescaling_goes_behind_the_input_where_a_loop_builds_the_first_layer() -> None:
    assert mended(LOOPED, core.Rescale(1 / 255), facts_of(LOOPED, turns=20)) == diff("""
        -h = inputs
        +rescaled = layers.Rescaling(1 / 255)(inputs)
        +h = rescaled
        """)
    source = LOOPED.replace("inputs = keras", "x, y = load()\ninputs = keras")
    assert mended(source, core.Normalize(), facts_of(source, turns=20)) == diff("""
        +normalize = layers.Normalization()
        +normalize.adapt(x)
        -h = inputs
        +normalized = normalize(inputs)
        +h = normalized
        """)


@pytest.mark.parametrize(
    ("scale", "written"), [(0.5, "1 / 2"), (2.0, "2.0"), (0.37, "0.37"), (1e-3, "1 / 1000")]
)
def test_a_scale_is_written_as_people_write_it(scale: float, written: str) -> None:
    expected = f"+    layers.Rescaling({written}),"
    assert mended(LISTED, core.Rescale(scale), facts_of(LISTED)) == expected


def test_tokens_are_not_scaled() -> None:
    source = LISTED.replace('Conv2D(16, 3, activation="sigmoid")', "Embedding(99, 16)")
    left = refused(source, core.Rescale(1 / 255), facts_of(source))
    assert left.reason == "the model starts with Embedding, which takes no figures"


def test_normalisation_is_adapted_on_the_training_split_ahead_of_the_model() -> None:
    assert mended(ARRAYS, core.Normalize(), facts_of(ARRAYS)) == diff("""
        -model = keras.Sequential([keras.Input((8, 8, 1)), layers.Dense(10)])
        +normalize = layers.Normalization()
        +normalize.adapt(x_train)
        +model = keras.Sequential([keras.Input((8, 8, 1)), normalize, layers.Dense(10)])
        """)


def test_normalisation_is_not_adapted_on_the_rows_of_a_validation_split() -> None:
    result = mended(SHARE, core.Normalize(), facts_of(SHARE))
    assert "+normalize.adapt(x[:int(len(x) * (1 - 0.2))])" in result
    assert "+normalize.adapt(x[:800])" in mended(SLICED, core.Normalize(), facts_of(SLICED))


def test_normalisation_of_a_functional_model_is_a_call_of_its_own() -> None:
    source = CALLED.replace("\n\ninputs", "\nx, y = load()\ninputs")
    assert mended(source, core.Normalize(), facts_of(source)) == diff("""
        -h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(inputs)
        +normalize = tf.keras.layers.Normalization()
        +normalize.adapt(x)
        +h = normalize(inputs)
        +h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="stem")(h)
        """)


def test_a_model_that_a_function_builds_is_adapted_ahead_of_fit() -> None:
    source = script("""
        import keras
        from keras import layers

        def build():
            return keras.Sequential([layers.Dense(10, input_shape=(4,))])

        model = build()
        model.compile("adam", "mse")
        x, y = load()
        model.fit(x, y)
        """)
    assert mended(source, core.Normalize(), facts_of(source)) == diff("""
        -    return keras.Sequential([layers.Dense(10, input_shape=(4,))])
        +    return keras.Sequential([layers.Normalization(name="normalize", input_shape=(4,)), layers.Dense(10)])
        +model.get_layer("normalize").adapt(x)
        """)


def test_a_subclassed_model_is_adapted_by_its_attribute() -> None:
    assert mended(OWN, core.Normalize(), facts_of(OWN)) == diff("""
        +        self.normalize = layers.Normalization()
        +        inputs = self.normalize(inputs)
        +model.normalize.adapt(x)
        """)


def test_a_pipeline_is_adapted_on_without_its_labels() -> None:
    source = OPAQUE.replace("tf.keras", "keras")
    train = split(source="tf.data")
    assert mended(source, core.Normalize(), facts_of(source, train=train)) == diff("""
        -model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Dense(10)])
        +normalize = keras.layers.Normalization()
        +normalize.adapt(data.map(lambda x, y: x))
        +model = keras.Sequential([keras.Input((8, 8, 1)), normalize, keras.layers.Dense(10)])
        """)


def test_standardised_targets_come_back_in_their_own_units() -> None:
    source = ARRAYS + "p = model.predict(x_val)\nprint(abs(model.predict(x_val) - y_val).mean())\n"
    assert mended(source, core.StandardizeTargets(), facts_of(source)) == diff("""
        -model.fit(x_train, y_train, validation_data=(x_val, y_val))
        -p = model.predict(x_val)
        -print(abs(model.predict(x_val) - y_val).mean())
        +y_mean, y_std = y_train.mean(axis=0), y_train.std(axis=0)
        +model.fit(x_train, (y_train - y_mean) / y_std, validation_data=(x_val, (y_val - y_mean) / y_std))
        +p = model.predict(x_val) * y_std + y_mean
        +print(abs((model.predict(x_val) * y_std + y_mean) - y_val).mean())
        """)


def test_targets_in_a_pipeline_are_left_to_the_user() -> None:
    left = refused(PIPED, core.StandardizeTargets(), facts_of(PIPED))
    assert left.reason == "the targets go through a pipeline"
    assert "model.predict(x) * y_std + y_mean" in left.snippet


SICK = split(x={"nonfinite": 3, "nonfinite_rows": 3})


@pytest.mark.parametrize(
    ("source", "train", "expected"),
    [
        (
            ARRAYS,
            SICK,
            """
            +keep = np.isfinite(x_train).all(axis=(1, 2, 3))
            +x_train, y_train = x_train[keep], y_train[keep]
            """,
        ),
        (
            ARRAYS,
            split(y={"nonfinite": 3}),
            """
            +keep = np.isfinite(y_train).ravel()
            +x_train, y_train = x_train[keep], y_train[keep]
            """,
        ),
        (
            SLICED,
            split("continuous", x={"shape": (4,), "nonfinite": 3}, y={"shape": (2,), "nonfinite": 1}),
            """
            -h = model.fit(x[:800], y[:800], validation_data=(x[800:], y[800:])).history
            +x_train, y_train = x[:800], y[:800]
            +keep = np.isfinite(x_train).all(axis=1) & np.isfinite(y_train).all(axis=1)
            +x_train, y_train = x_train[keep], y_train[keep]
            +h = model.fit(x_train, y_train, validation_data=(x[800:], y[800:])).history
            """,
        ),
        (
            PIPED,
            SICK,
            """
            +import numpy as np
            +keep = np.isfinite(x).all(axis=(1, 2, 3))
            +x, y = x[keep], y[keep]
            """,
        ),
    ],
)  # fmt: skip
def test_rows_that_are_not_finite_are_dropped_from_training(
    source: str, train: core.Split, expected: str
) -> None:
    facts = facts_of(source, train=train)
    assert mended(source, core.DropNonfinite(), facts) == diff(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            ARRAYS,
            """
            +keep = np.isfinite(x_train).all(axis=(1, 2, 3))
            +x_train, y_train = x_train[keep], y_train[keep]
            +keep_2 = np.isfinite(x_val).all(axis=(1, 2, 3))
            +x_val, y_val = x_val[keep_2], y_val[keep_2]
            """,
        ),
        (
            SLICED,
            """
            +keep = np.isfinite(x).all(axis=(1, 2, 3))
            +x, y = x[keep], y[keep]
            """,
        ),
    ],
)
def test_validation_that_holds_nan_is_rid_of_it_as_well(source: str, expected: str) -> None:
    facts = facts_of(source, train=SICK, validation=SICK)
    assert mended(source, core.DropNonfinite(), facts) == diff(expected)


BATCHED = script("""
    import keras
    import numpy as np

    train, valid = Rows(0), Rows(1)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(train, validation_data=valid)
    """)


@pytest.mark.parametrize("source", ["PyDataset", "tf.data"])
def test_rows_with_nan_are_left_out_of_the_batches_of_a_dataset(source: str) -> None:
    sick = replace(SICK, source=source)
    facts = facts_of(BATCHED, train=sick, validation=sick)
    text = patch(BATCHED, [core.DropNonfinite()], facts).source
    x = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, np.inf], [4.0, 5.0]], "float32")

    class Rows:
        def __init__(self, *_: Any) -> None:
            pass

        def __len__(self) -> int:
            return 1

        def __getitem__(self, index: int) -> Any:
            return x, np.arange(4)

    scope: dict[str, Any] = {"keras": SimpleNamespace(utils=SimpleNamespace(PyDataset=object))}
    start = text.index("class" if source == "PyDataset" else "def finite")
    body = text[start : text.index("model.fit")]
    if source == "PyDataset":
        exec(body, scope | {"np": np, "train": Rows(), "valid": Rows()}, scope)  # noqa: S102
        for each in (scope["train"], scope["valid"]):
            kept, targets = each[0]
            assert len(each) == 1 and kept.tolist() == [[1, 2], [4, 5]]
            assert targets.tolist() == [0, 3]
    else:
        assert "tf.math.is_finite(tf.reshape(x," in body
        assert "train, valid = train.map(finite), valid.map(finite)" in body
        assert "import tensorflow as tf" in text


def test_a_dataset_most_of_whose_rows_hold_nan_is_left_to_the_person() -> None:
    sick = replace(split(x={"nonfinite": 60, "nonfinite_rows": 60}), source="PyDataset")
    left = refused(BATCHED, core.DropNonfinite(), facts_of(BATCHED, train=sick))
    assert "np.isfinite" in left.snippet


def test_arrays_of_another_scope_are_not_assigned_inside_a_function() -> None:
    source = script("""
        import numpy as np
        x, y = load()
        def main():
            model = build()
            model.compile("adam", "mse")
            model.fit(x, y)
        main()
        """)
    facts = facts_of(source, layers=(), train=SICK)
    assert mended(source, core.DropNonfinite(), facts) == diff("""
        -    model.fit(x, y)
        +    x_train, y_train = x, y
        +    keep = np.isfinite(x_train).all(axis=(1, 2, 3))
        +    x_train, y_train = x_train[keep], y_train[keep]
        +    model.fit(x_train, y_train)
        """)


def test_arrays_that_a_function_is_given_are_its_own() -> None:
    source = script("""
        import numpy as np
        def train(x, y):
            model = build()
            model.compile("adam", "mse")
            model.fit(x, y)
        train(*load())
        """)
    facts = facts_of(source, layers=(), train=SICK)
    assert mended(source, core.DropNonfinite(), facts) == diff("""
        +    keep = np.isfinite(x).all(axis=(1, 2, 3))
        +    x, y = x[keep], y[keep]
        """)


def test_rows_of_a_pandas_table_are_not_indexed_as_an_array() -> None:
    source = SHARE.replace("import keras\n", "import keras\nimport pandas as pd\n", 1)
    source = source.replace("x, y = load()", 'x = pd.read_csv("a")\ny = x.pop("b")')
    left = refused(source, core.Shuffle(), facts_of(source, train=split()))
    assert left.reason == "`x` may be a pandas table, whose rows go by iloc"
    assert left.snippet.startswith("order = ")
    source = source.replace('y = x.pop("b")', 'y = x.pop("b").values\nx = x.to_numpy()')
    assert "+x, y = x[order], y[order]" in mended(source, core.Shuffle(), facts_of(source))


def test_where_every_row_is_sick_a_mask_would_leave_nothing() -> None:
    train = split(x={"nonfinite": 300, "nonfinite_rows": 100})
    left = refused(ARRAYS, core.DropNonfinite(), facts_of(ARRAYS, train=train))
    assert left.reason.startswith("every row holds NaN")


def test_data_that_the_script_does_not_show_are_left_to_the_user() -> None:
    left = refused(OPAQUE, core.DropNonfinite(), facts_of(OPAQUE, train=SICK))
    assert left.reason == "`data` isn't made of arrays that the script shows"
    assert "np.isfinite" in left.snippet


def test_stand_ins_for_no_reading_are_dropped() -> None:
    facts = facts_of(ARRAYS, train=split("continuous"))
    assert mended(ARRAYS, core.DropRows(-999.0), facts) == diff("""
        +keep = y_train != -999
        +x_train, y_train = x_train[keep], y_train[keep]
        """)


def test_labels_that_slipped_go_back_to_their_rows() -> None:
    assert mended(ARRAYS, core.ShiftLabels(2, 100, 160), facts_of(ARRAYS)) == diff("""
        +x_train = np.delete(x_train, np.s_[158:160], axis=0)
        +y_train = np.delete(y_train, np.s_[100:102], axis=0)
        """)
    assert mended(ARRAYS, core.ShiftLabels(-1, 100, 160), facts_of(ARRAYS)) == diff("""
        +x_train = np.delete(x_train, np.s_[100:101], axis=0)
        +y_train = np.delete(y_train, np.s_[159:160], axis=0)
        """)


def test_rows_with_the_labels_of_others_are_left_out() -> None:
    assert mended(ARRAYS, core.LeaveOut(100, 160), facts_of(ARRAYS)) == diff("""
        +x_train = np.delete(x_train, np.s_[100:160], axis=0)
        +y_train = np.delete(y_train, np.s_[100:160], axis=0)
        """)


def test_copies_of_validation_are_dropped_from_training() -> None:
    assert mended(ARRAYS, core.Deduplicate(), facts_of(ARRAYS)) == diff("""
        +held_out = {row.tobytes() for row in np.asarray(x_val, x_train.dtype)}
        +keep = np.array([row.tobytes() not in held_out for row in x_train])
        +x_train, y_train = x_train[keep], y_train[keep]
        """)


def test_a_validation_split_is_written_out_before_copies_are_dropped() -> None:
    assert mended(SHARE, core.Deduplicate(), facts_of(SHARE)) == diff("""
        +import numpy as np
        -model.fit(x, y, validation_split=0.2)
        +cut = int(len(x) * (1 - 0.2))
        +x_train, y_train = x[:cut], y[:cut]
        +x_val, y_val = x[cut:], y[cut:]
        +held_out = {row.tobytes() for row in np.asarray(x_val, x_train.dtype)}
        +keep = np.array([row.tobytes() not in held_out for row in x_train])
        +x_train, y_train = x_train[keep], y_train[keep]
        +model.fit(x_train, y_train, validation_data=(x_val, y_val))
        """)


@pytest.mark.parametrize(
    ("train", "labels"),
    [
        (split(), "y_train"),
        (split("one_hot", y={"shape": (2,)}), "y_train.argmax(axis=1)"),
        (split("binary", y={"shape": (1,), "dtype": "float32"}), "y_train.ravel().astype(int)"),
    ],
)
def test_class_weights_are_counted_from_the_labels(train: core.Split, labels: str) -> None:
    facts = facts_of(ARRAYS, train=train)
    assert mended(ARRAYS, core.WeightClasses(), facts) == diff(f"""
        -model.fit(x_train, y_train, validation_data=(x_val, y_val))
        +counts = np.bincount({labels})
        +class_weight = {{c: counts.sum() / (len(counts) * max(n, 1)) for c, n in enumerate(counts)}}
        +model.fit(x_train, y_train, validation_data=(x_val, y_val), class_weight=class_weight)
        """)


def test_class_weights_are_figures_where_only_the_scan_saw_the_labels() -> None:
    facts = facts_of(OPAQUE, train=split(source="tf.data"))
    assert mended(OPAQUE, core.WeightClasses(), facts) == diff("""
        -model.fit(data, epochs=3)
        +model.fit(data, epochs=3, class_weight={0: 0.5556, 1: 5.0})
        """)


def test_masks_have_no_class_weights() -> None:
    facts = facts_of(ARRAYS, train=split("mask_binary", y={"shape": (8, 8, 1)}))
    left = refused(ARRAYS, core.WeightClasses(), facts)
    assert left.reason == "the targets are not one class an example (mask_binary)"


def test_rare_classes_are_drawn_again_right_in_front_of_fit() -> None:
    facts = facts_of(ARRAYS, train=split())
    result = mended(ARRAYS, core.Oversample("random", 0.5), facts)
    assert result == diff("""
        +rng, labels = np.random.default_rng(0), y_train
        +counts = np.bincount(labels)
        +wanted = int(0.5 * counts.max())
        +extra = [
        +    rng.choice(np.flatnonzero(labels == c), max(wanted - n, 0))
        +    for c, n in enumerate(counts)
        +    if n
        +]
        +rows = np.concatenate([np.arange(len(labels)), *extra])
        +x_train, y_train = x_train[rows], y_train[rows]
        """)


def test_smote_never_touches_the_rows_of_a_validation_split() -> None:
    facts = facts_of(SHARE, train=split())
    lines = mended(SHARE, core.Oversample("smote"), facts).splitlines()
    assert "+from sklearn.neighbors import NearestNeighbors" in lines
    assert "+x_train, y_train = smote(x_train, y_train, y_train)" in lines
    assert lines[-1] == "+model.fit(x_train, y_train, validation_data=(x_val, y_val))"


@pytest.mark.parametrize(
    "change", [core.Oversample("random"), core.Deduplicate(), core.DropNonfinite()], ids=str
)
def test_arrays_that_a_pipeline_splits_later_are_not_touched(change: core.Change) -> None:
    source = PIPED.replace(".batch(32)", ".take(800).batch(32)")
    left = refused(source, change, facts_of(source, train=split()))
    assert left.reason == "`take` leaves only part of the arrays for training"
    assert left.snippet


def test_an_endless_pipeline_is_nothing_to_adapt_to() -> None:
    source = OPAQUE.replace("pipeline()", "pipeline().repeat()")
    left = refused(source, core.Normalize(), facts_of(source, train=split(source="tf.data")))
    assert left.reason == "the pipeline has no end to adapt to"


def test_a_pipeline_that_mixes_everything_is_left_alone() -> None:
    source = PIPED.replace(".batch(32)", ".shuffle(100).batch(32)")
    left = refused(source, core.Shuffle(), facts_of(source, train=split()))
    assert left.reason == "the pipeline shuffles all its examples already"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            LISTED,
            '+    layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),\n+    layers.RandomZoom(0.1, fill_mode="nearest"),\n+    layers.RandomRotation(0.025, fill_mode="nearest"),',
        ),
        (
            CALLED.replace("stem", "s"),
            """
            -h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="s")(inputs)
            +h = tf.keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")(inputs)
            +h = tf.keras.layers.RandomZoom(0.1, fill_mode="nearest")(h)
            +h = tf.keras.layers.RandomRotation(0.025, fill_mode="nearest")(h)
            +h = tf.keras.layers.Conv2D(16, 3, padding="same", activation="sigmoid", name="s")(h)
            """,
        ),
        (
            OWN,
            """
            +        self.augment = layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")
            +        self.augment_2 = layers.RandomZoom(0.1, fill_mode="nearest")
            +        self.augment_3 = layers.RandomRotation(0.025, fill_mode="nearest")
            +        inputs = self.augment(inputs)
            +        inputs = self.augment_2(inputs)
            +        inputs = self.augment_3(inputs)
            """,
        ),
    ],
)
def test_mild_transforms_of_pictures(source: str, expected: str) -> None:
    assert mended(source, core.Augment(0.1), facts_of(source)) == diff(expected)


def test_tables_get_noise_in_their_own_units() -> None:
    facts = facts_of(LISTED, train=split(x={"kind": "tabular", "shape": (4,), "std": (2.0, 4.0)}))
    assert mended(LISTED, core.Augment(0.1), facts) == "+    layers.GaussianNoise(0.3),"


@pytest.mark.parametrize(
    ("written", "factor", "expected"),
    [
        ("RandomRotation(0.5)", 0.1, "RandomRotation(0.05)"),
        ("RandomZoom((-0.5, 0.5), seed=1)", 0.5, "RandomZoom((-0.25, 0.25), seed=1)"),
        ("RandomTranslation(WIDE, 0.4)", 0.5, "RandomTranslation(WIDE, 0.2)"),
    ],
)
def test_narrower_ranges(written: str, factor: float, expected: str) -> None:
    source = LISTED.replace('Conv2D(16, 3, activation="sigmoid")', written)
    source = source.replace("\n\nmodel", "\nWIDE = 0.0\nmodel")
    kind = written.partition("(")[0]
    name = {"RandomRotation": "random_rotation", "RandomZoom": "random_zoom"}.get(kind)
    change = core.ScaleAugmentation(name or "random_translation", factor)
    want = f"-    layers.{written},  # edges\n+    layers.{expected},  # edges"
    assert mended(source, change, facts_of(source)) == want


GENERATED = script("""
    import keras
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    x, y = load()
    drawn = ImageDataGenerator(rescale=1 / 255, rotation_range=180, zoom_range=[0.2, 1.8],
                               vertical_flip=True)  # on the fly
    plain = ImageDataGenerator(rescale=1 / 255)
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Dense(10)])
    model.compile("adam", "mse")
    model.fit(drawn.flow(x, y), validation_data=plain.flow(x, y))
    """)


@pytest.mark.parametrize(
    ("name", "factor", "before", "after"),
    [
        ("rotation_range", 0.05, "rotation_range=180", "rotation_range=9"),
        ("zoom_range", 0.5, "zoom_range=[0.2, 1.8]", "zoom_range=[0.6, 1.4]"),
        ("rotation_range", 0.0, " rotation_range=180,", ""),
    ],
)
def test_narrower_ranges_of_an_image_generator(
    name: str, factor: float, before: str, after: str
) -> None:
    found = mended(GENERATED, core.ScaleAugmentation(name, factor), facts_of(GENERATED))
    line = next(n for n in GENERATED.splitlines() if before in n)
    assert found == f"-{line}\n+{line.replace(before, after)}"


def test_an_image_generator_is_left_where_two_are_given_the_range() -> None:
    source = GENERATED.replace(
        "plain = ImageDataGenerator(", "plain = ImageDataGenerator(rotation_range=3, "
    )
    left = refused(source, core.ScaleAugmentation("rotation_range", 0.3), facts_of(source))
    assert left.reason == "not one ImageDataGenerator alone is given rotation_range"


def test_a_flip_is_taken_out() -> None:
    source = LISTED.replace("layers.Flatten()", 'layers.RandomFlip("vertical")')
    change = core.ScaleAugmentation("random_flip", 0.0)
    assert mended(source, change, facts_of(source)) == '-    layers.RandomFlip("vertical"),'


def test_transforms_of_a_pipeline_are_left_to_the_user() -> None:
    change = core.ScaleAugmentation("the transforms of the data pipeline", 0.3)
    left = refused(LISTED, change, facts_of(LISTED))
    assert left.reason == "the transforms are the user's own code"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            SHARE,
            """
            +import numpy as np
            +order = np.random.default_rng(0).permutation(len(x))
            +x, y = x[order], y[order]
            """,
        ),
        (
            SLICED,
            """
            +order = np.random.default_rng(0).permutation(len(x))
            +x, y = x[order], y[order]
            """,
        ),
        (
            ARRAYS,
            """
            +order = np.random.default_rng(0).permutation(len(x))
            +x, y = x[order], y[order]
            """,
        ),
        (
            ARRAYS.replace("x_train, y_train, v", "x_train, y_train, shuffle=False, v"),
            """
            -model.fit(x_train, y_train, shuffle=False, validation_data=(x_val, y_val))
            +model.fit(x_train, y_train, shuffle=True, validation_data=(x_val, y_val))
            """,
        ),
        (
            PIPED,
            """
            -data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
            +data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(32)
            """,
        ),
        (
            PIPED.replace(".batch(32)", ".shuffle(50).batch(32)"),
            """
            -data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(50).batch(32)
            +data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x)).batch(32)
            """,
        ),
        (
            OPAQUE.replace("pipeline()", 'keras.utils.image_dataset_from_directory("d", shuffle=False)'),
            """
            -data = keras.utils.image_dataset_from_directory("d", shuffle=False)
            +data = keras.utils.image_dataset_from_directory("d", shuffle=True)
            """,
        ),
    ],
)  # fmt: skip
def test_examples_are_shuffled_before_they_are_split_and_batched(
    source: str, expected: str
) -> None:
    assert mended(source, core.Shuffle(), facts_of(source, train=split())) == diff(expected)


def test_a_shuffle_that_fit_makes_already_is_not_made_twice() -> None:
    source = ARRAYS.replace("x[:800], y[:800]", "load()").replace("x[800:], y[800:]", "load()")
    left = refused(source, core.Shuffle(), facts_of(source))
    assert left.reason.startswith("fit shuffles the arrays already")


SPLIT = "from sklearn.model_selection import train_test_split"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            SHARE,
            f"""
            +{SPLIT}
            -model.fit(x, y, validation_split=0.2)
            +x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, stratify=y, random_state=0)
            +model.fit(x_train, y_train, validation_data=(x_val, y_val))
            """,
        ),
        (
            SLICED,
            f"""
            +{SPLIT}
            -h = model.fit(x[:800], y[:800], validation_data=(x[800:], y[800:])).history
            +x_train, x_val, y_train, y_val = train_test_split(x, y, train_size=800, stratify=y, random_state=0)
            +h = model.fit(x_train, y_train, validation_data=(x_val, y_val)).history
            """,
        ),
        (
            ARRAYS,
            f"""
            +{SPLIT}
            -x_train, y_train = x[:800], y[:800]
            -x_val, y_val = x[800:], y[800:]
            +x_train, x_val, y_train, y_val = train_test_split(x, y, train_size=800, stratify=y, random_state=0)
            """,
        ),
        (
            ARRAYS.replace("x_train, y_train = x[:800], y[:800]\nx_val, y_val = x[800:], y[800:]",
                           "x_train, x_val, y_train, y_val = train_test_split(x, y, shuffle=False)")
            .replace("import keras\n", f"import keras\n{SPLIT}\n", 1),
            """
            -x_train, x_val, y_train, y_val = train_test_split(x, y, shuffle=False)
            +x_train, x_val, y_train, y_val = train_test_split(x, y, stratify=y)
            """,
        ),
    ],
)  # fmt: skip
def test_a_stratified_split_takes_the_place_of_the_one_that_is_there(
    source: str, expected: str
) -> None:
    assert mended(source, core.Resplit(), facts_of(source, train=split())) == diff(expected)


def test_figures_are_split_at_random_without_strata() -> None:
    result = mended(SHARE, core.Resplit(), facts_of(SHARE, train=split("continuous", counts=())))
    assert "train_test_split(x, y, test_size=0.2, random_state=0)" in result


COPIED = core.Across(role="validation", duplicates=core.Duplicates(exact=40))


def test_a_split_behind_which_copies_stay_on_both_sides_is_left_to_the_person() -> None:
    facts = facts_of(SHARE, train=split(), validation=split())
    left = refused(SHARE, core.Resplit(), replace(facts, across=COPIED))
    assert left.reason.startswith("40 rows of validation also stand in training")
    assert "resample and augment x_train" in left.snippet


RESAMPLED = script("""
    import keras
    from sklearn.utils import shuffle

    x, y = load()
    STEP
    SPLIT
    model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x_train, y_train, validation_data=(x_val, y_val))
    """)


@pytest.mark.parametrize(
    ("step", "split_", "expected"),
    [
        (
            "x, y = oversample(x, y)",
            "cut = int(0.8 * len(x))\nx_train, y_train, x_val, y_val = x[:cut], y[:cut], x[cut:], y[cut:]",
            """
            -x, y = oversample(x, y)
            +x_train, y_train = oversample(x_train, y_train)
            """,
        ),
        (
            "x_more, y_more = SMOTE(k_neighbors=3).fit_resample(x, y)\nx_more, y_more = shuffle(x_more, y_more)",
            "x_train, x_val, y_train, y_val = train_test_split(x_more, y_more, test_size=0.2)",
            """
            -x_more, y_more = SMOTE(k_neighbors=3).fit_resample(x, y)
            -x_more, y_more = shuffle(x_more, y_more)
            -x_train, x_val, y_train, y_val = train_test_split(x_more, y_more, test_size=0.2)
            +x, y = shuffle(x, y)
            +x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2)
            +x_train, y_train = SMOTE(k_neighbors=3).fit_resample(x_train, y_train)
            """,
        ),
    ],
)  # fmt: skip
def test_what_multiplies_examples_moves_behind_the_split(
    step: str, split_: str, expected: str
) -> None:
    source = RESAMPLED.replace("STEP", step).replace("SPLIT", split_)
    facts = facts_of(source, train=split(), validation=split())
    assert mended(source, core.Resplit(), replace(facts, across=COPIED)) == diff(expected)


@pytest.mark.parametrize("step", ["x, y = shuffle(x, y)", "x = copies(x)", "x, y = load(2)"])
def test_copies_that_no_step_of_the_script_shows_are_left_to_the_person(step: str) -> None:
    cut = "x_train, y_train, x_val, y_val = x[:9], y[:9], x[9:], y[9:]"
    source = RESAMPLED.replace("STEP", step).replace("SPLIT", cut)
    facts = facts_of(source, train=split(), validation=split())
    left = refused(source, core.Resplit(), replace(facts, across=COPIED))
    assert left.reason.startswith("40 rows of validation")


def test_resampling_ahead_of_the_split_has_to_move_by_hand() -> None:
    source = SHARE.replace("x, y = load()\n", "x, y = load()\nx, y = SMOTE().fit_resample(x, y)\n")
    left = refused(source, core.Resplit(), facts_of(source, train=split()))
    assert (left.reason, left.line) == ("`fit_resample` comes before the split", 5)


TABLE = script("""
    import numpy as np
    import keras

    x_train, y_train, x_val, y_val = load()
    model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(x_train, y_train, validation_data=(x_val, y_val))
    print(model.evaluate(x_val, y_val))
    """)


@pytest.mark.parametrize("pairs", [False, True])
def test_a_telltale_column_leaves_every_split_and_the_input_is_narrower(
    pairs: bool,  # noqa: FBT001 - a parameter
) -> None:
    bound = "(x_train, y_train), (x_val, y_val) =" if pairs else "x_train, y_train, x_val, y_val ="
    source = TABLE.replace("x_train, y_train, x_val, y_val =", bound)
    facts = facts_of(source, inputs=((9,),))
    assert mended(source, core.DropFeature("feature 5"), facts) == diff("""
        -model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1)])
        +x_train, x_val = np.delete(x_train, 5, axis=1), np.delete(x_val, 5, axis=1)
        +model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
        """)


def test_a_telltale_pixel_is_no_column() -> None:
    left = refused(TABLE, core.DropFeature("pixel (2, 3), channel 0"), facts_of(TABLE))
    assert left.reason == "pixel (2, 3), channel 0 is no column of a table"


def test_a_step_that_validation_misses_is_repeated_for_it() -> None:
    source = TABLE.replace("load()\n", "load()\nx_train = x_train / 255.0  # to 0 … 1\n", 1)
    assert mended(source, core.UnifyPreprocessing(), facts_of(source)) == ("+x_val = x_val / 255.0")


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (
            "x_train = (x_train - mean) / std\nx_val = x_val / 255.0\n",
            "-x_val = x_val / 255.0\n+x_val = (x_val - mean) / std",
        ),
        ("x_val = x_val[..., ::-1]\n", "-x_val = x_val[..., ::-1]"),
        (
            "x_train = x_train / 255\nx_val = x_val / 255\nx_train = np.sqrt(x_train)\n",
            "+x_val = np.sqrt(x_val)",
        ),
    ],
)
def test_validation_goes_through_the_steps_of_training_and_no_others(
    steps: str, expected: str
) -> None:
    source = TABLE.replace("load()\n", f"load()\n{steps}", 1)
    assert mended(source, core.UnifyPreprocessing(), facts_of(source)) == expected


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (
            "x_train = to_db(power)\nx_val = loud / loud.max()\n",
            "-x_val = loud / loud.max()\n+x_val = to_db(loud)",
        ),
        (
            "x_train = to_db(power(sound))\nloud = power(sound_val)\nx_val = loud / loud.max()\n",
            "-x_val = loud / loud.max()\n+x_val = to_db(loud)",
        ),
    ],
)
def test_validation_is_made_from_its_source_as_training_is(made: str, expected: str) -> None:
    source = TABLE.replace("x_train, y_train, x_val, y_val = load()\n", made)
    assert mended(source, core.UnifyPreprocessing(), facts_of(source)) == expected


TWINS = script("""
    import keras
    import tensorflow as tf

    train = TRAIN
    valid = VALID
    model = keras.Sequential([keras.Input((9,)), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(train, validation_data=valid)
    """)


@pytest.mark.parametrize(
    ("train", "valid", "expected"),
    [
        (
            "tf.data.Dataset.from_tensor_slices((x, y)).map(prepare).shuffle(99).batch(8)",
            "tf.data.Dataset.from_tensor_slices((xv / 255.0, yv)).batch(8)",
            "tf.data.Dataset.from_tensor_slices((xv, yv)).map(prepare).batch(8)",
        ),
        (
            "Clips(waves, kinds, 25, top=1.0, shuffle=True)",
            "Clips(held, labels, 50)",
            "Clips(held, labels, 50, top=1.0)",
        ),
        (
            "load('train', size=24)",
            "load('valid', size=28)",
            "load('valid', size=24)",
        ),
    ],
)
def test_what_builds_validation_is_told_what_training_is(
    train: str, valid: str, expected: str
) -> None:
    source = TWINS.replace("TRAIN", train).replace("VALID", valid)
    want = f"-valid = {valid}\n+valid = {expected}"
    assert mended(source, core.UnifyPreprocessing(), facts_of(source)) == want


@pytest.mark.parametrize(
    ("train", "valid"),
    [
        (
            "tf.data.Dataset.from_tensor_slices((x, y)).map(random_turns).batch(8)",
            "tf.data.Dataset.from_tensor_slices((xv, yv)).batch(8)",
        ),
        ("Clips(waves, 25, top=1.0, low=3)", "Clips(held, 50)"),
        ("Clips(waves, 25, shuffle=True)", "Clips(held, 50)"),
        ("Clips(waves, 25, top=1.0)", "Others(held, 50)"),
    ],
)
def test_which_of_several_differences_it_is_is_left_open(train: str, valid: str) -> None:
    source = TWINS.replace("TRAIN", train).replace("VALID", valid)
    left = refused(source, core.UnifyPreprocessing(), facts_of(source))
    assert "no step is seen" in left.reason


def test_a_scaler_is_not_fitted_anew_on_validation() -> None:
    source = TABLE.replace(
        "load()\n",
        "load()\nx_train = scaler.fit_transform(x_train)\nx_val = scaler.fit_transform(x_val)\n",
        1,
    )
    assert mended(source, core.UnifyPreprocessing(), facts_of(source)) == diff("""
        -x_val = scaler.fit_transform(x_val)
        +x_val = scaler.transform(x_val)
        """)


def test_a_step_with_the_training_splits_own_figures_is_not_copied() -> None:
    step = "x_train = (x_train - x_train.mean()) / x_train.std()\n"
    source = TABLE.replace("load()\n", f"load()\n{step}", 1)
    left = refused(source, core.UnifyPreprocessing(), facts_of(source))
    assert left.reason == "the step takes figures from the training split itself"


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("take 1 off each: they run from 1 to 5", "+y_train, y_val = y_train - 1, y_val - 1"),
        ("add 2 to each: they run from -2 to 3", "+y_train, y_val = y_train + 2, y_val + 2"),
        ("divide the targets by 255: they reach 255", "+y_train, y_val = y_train / 255, y_val / 255"),
        (
            "write the two classes as 0 and 1 (they are -1 and 1)",
            '+y_train, y_val = (y_train == 1).astype("float32"), (y_val == 1).astype("float32")',
        ),
        (
            "number the classes 0 to 4: they run from 3 to 70",
            ("+classes = np.unique(y_train)\n"
            "+y_train, y_val = np.searchsorted(classes, y_train), np.searchsorted(classes, y_val)"),
        ),
        ("number the classes of both splits from 0", "+y_val = y_val - 1"),
    ],
)  # fmt: skip
def test_labels_are_written_in_the_form_that_is_asked_for(how: str, expected: str) -> None:
    train, validation = split(), split(y={"minimum": 1.0})
    facts = facts_of(TABLE, train=train, validation=validation)
    assert mended(TABLE, core.RepairLabels(how), facts) == expected


def test_labels_that_must_be_looked_at_are_left_to_the_user() -> None:
    left = refused(TABLE, core.RepairLabels("look through the named examples"), facts_of(TABLE))
    assert left.reason == "which labels are right is not in the script"
    assert (left.snippet, left.line) == ("# look through the named examples", 7)


def test_more_data_is_nothing_that_a_script_can_say() -> None:
    left = refused(TABLE, core.CollectData(3.0), facts_of(TABLE))
    assert left.reason == "about 3 times the examples have to be collected"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("plain = ImageDataGenerator()", "plain = ImageDataGenerator(rescale=1 / 255)"),
        (
            "plain = ImageDataGenerator(rescale=1 / 127)",
            "plain = ImageDataGenerator(rescale=1 / 255)",
        ),
        (
            "plain = ImageDataGenerator(rescale=1 / 255, samplewise_center=True)",
            "plain = ImageDataGenerator(rescale=1 / 255)",
        ),
    ],
)
def test_both_image_generators_make_the_steps_of_training(before: str, after: str) -> None:
    source = GENERATED.replace("plain = ImageDataGenerator(rescale=1 / 255)", before)
    assert mended(source, core.UnifyPreprocessing(), facts_of(source)) == f"-{before}\n+{after}"


def test_a_generator_that_is_fitted_to_its_data_is_left_to_the_user() -> None:
    source = GENERATED.replace("vertical_flip=True", "featurewise_center=True")
    left = refused(source, core.UnifyPreprocessing(), facts_of(source))
    assert left.reason.startswith("featurewise_center takes figures of the data")


def test_a_generator_that_keeps_the_order_is_told_to_shuffle() -> None:
    source = GENERATED.replace("drawn.flow(x, y)", "drawn.flow(x, y, shuffle=False)")
    found = mended(source, core.Shuffle(), facts_of(source))
    assert "+model.fit(drawn.flow(x, y, shuffle=True)" in found
