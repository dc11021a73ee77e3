import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce import core
from convalesce.treat import patch as package
from convalesce.treat.patch import Facts, patch
from convalesce.treat.patch.source.patching import writer
from tests.treat.patch import test_data
from tests.treat.patch.scripts import changed, diff, facts_of, script, split
from tests.treat.patch.test_arch import ADDED, CALLED, LISTED, LOOPED, OWN

VALUES = {
    "factor": 0.5,
    "changes": (core.SetMomentum(0.9), core.Shuffle()),
    "scale": 0.5,
    "rate": 0.3,
    "steps": 100,
    "name": "Adam",
    "value": 0.9,
    "norm": 1.0,
    "size": 64,
    "epochs": 40,
    "activation": "relu",
    "initializer": "he_normal",
    "strides": 2,
    "trainable": True,
    "layers": (),
    "layer": "random_zoom",
    "sentinel": -999.0,
    "how": "take 1 off each: they run from 1 to 5",
    "where": "feature 2",
    "times": 3.0,
    "by": 1,
    "start": 4,
    "stop": 8,
}
NAMES = {
    "SetLoss": "mean_squared_error",
    "SetMetric": "accuracy",
    "SetSchedule": "cosine",
    "DropCallback": "EarlyStopping",
}


def kinds(of: type[core.Change] = core.Change) -> Iterator[type[core.Change]]:
    for kind in of.__subclasses__():
        if kind.__module__.startswith("convalesce.core."):
            yield kind
            yield from kinds(kind)


def one(kind: type[core.Change]) -> core.Change:
    """A change of a kind, with plain values for what it must be given."""
    values = {
        name: -1 if kind is core.ChangeDepth else VALUES[name]
        for name, field in kind.__dataclass_fields__.items()
        if field.default is field.default_factory
    }
    if kind.__name__ in NAMES:
        values["name"] = NAMES[kind.__name__]
    return kind(**values)


CHANGES = [one(kind) for kind in sorted(kinds(), key=lambda k: k.__name__)]
SOURCES = {
    "listed": LISTED,
    "added": ADDED,
    "called": CALLED,
    "own": OWN,
    "looped": LOOPED,
    "arrays": test_data.ARRAYS,
    "sliced": test_data.SLICED,
    "share": test_data.SHARE,
    "piped": test_data.PIPED,
    "opaque": test_data.OPAQUE,
    "table": test_data.TABLE,
}
# Comments that go with the layer that they are about.
TAKEN = {core.ChangeDepth: {"# squashed", "# edges"}}
# Said again, they say the same; the others multiply, take out or add.
SETTLED = (
    core.SetLearningRate,
    core.SetMomentum,
    core.SetOptimizer,
    core.SetEpochs,
    core.SetLoss,
    core.SetMetric,
    core.ClipGradients,
    core.SetActivation,
    core.SetOutputActivation,
    core.SetInitializer,
    core.SetDropout,
    core.SetWeightDecay,
    core.SetWeightPenalty,
    core.SetStrides,
    core.SetTrainable,
    core.StopEarly,
    core.DropCallback,
    core.DropClassWeights,
    core.DropClipping,
    core.DropNormalization,
    core.PoolGlobally,
    core.InsertBatchNormalization,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: type(c).__name__)
def test_every_change_has_a_writer_that_edits_or_says_why_not(change: core.Change) -> None:
    assert callable(writer(change).write)
    for source in SOURCES.values():
        facts = facts_of(source, turns=20, train=split(), validation=split(y={"minimum": 1.0}))
        result = patch(source, [change], facts)
        assert len(result.made) + len(result.left) == 1
        compile(result.source, "train.py", "exec")
        for comment in set(re.findall(r"#.*", source)) - TAKEN.get(type(change), set()):
            assert comment in result.source
        for left in result.left:
            assert left.reason
            assert left.line is None or 1 <= left.line <= source.count("\n") + 1
            assert result.source == source


def test_every_writer_is_named_for_a_change() -> None:
    names = {re.sub(r"(?<=.)(?=[A-Z])", "_", k.__name__).lower() for k in kinds()}
    files = {p.stem for p in Path(package.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == names


def test_a_change_without_a_writer_is_an_error_that_names_the_module() -> None:
    class PaintItBlack(core.Change):
        pass

    with pytest.raises(LookupError, match="no writer for PaintItBlack: expected a module `paint_"):
        patch("x = 1\n", [PaintItBlack()], Facts())


@pytest.mark.parametrize("change", [c for c in CHANGES if isinstance(c, SETTLED)], ids=str)
@pytest.mark.parametrize("name", ["listed", "own", "share"])
def test_what_is_set_stays_set(change: core.Change, name: str) -> None:
    once = patch(SOURCES[name], [change], facts_of(SOURCES[name], turns=20)).source
    again = patch(once, [change], facts_of(once, turns=20))
    assert again.source == once


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(sorted(SOURCES)), st.lists(st.sampled_from(CHANGES), max_size=4))
def test_any_changes_in_a_row_leave_python_with_the_users_comments(
    name: str, changes: list[core.Change]
) -> None:
    source = SOURCES[name]
    facts = facts_of(source, turns=20, train=split())
    result = patch(source, changes, facts)
    compile(result.source, "train.py", "exec")
    told = [*result.made, *(left.change for left in result.left)]
    assert sorted(told, key=str) == sorted(changes, key=str)
    gone = {comment for change in changes for comment in TAKEN.get(type(change), set())}
    assert all(comment in result.source for comment in {*re.findall(r"#.*", source)} - gone)


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(["listed", "added", "called", "arrays"]),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from(CHANGES),
)
def test_line_endings_are_the_files_own(name: str, ending: str, change: core.Change) -> None:
    source = SOURCES[name].replace("\n", ending)
    result = patch(source, [change], facts_of(SOURCES[name], train=split()))
    plain = patch(SOURCES[name], [change], facts_of(SOURCES[name], train=split()))
    assert result.source == plain.source.replace("\n", ending)


def test_later_changes_find_their_lines_after_earlier_ones_moved_them() -> None:
    source = test_data.ARRAYS
    changes = [
        core.Shuffle(),
        core.Normalize(),
        core.InsertBatchNormalization(("dense",)),
        core.SetOutputActivation("softmax", 12),
        core.SetLearningRate(0.01),
        core.WeightClasses(),
        core.SetEpochs(20),
    ]
    result = patch(source, changes, facts_of(source, train=split()))
    assert not result.left
    assert changed(result) == diff("""
        +order = np.random.default_rng(0).permutation(len(x))
        +x, y = x[order], y[order]
        -model = keras.Sequential([keras.Input((8, 8, 1)), layers.Dense(10)])
        -model.compile("adam", "mse")
        -model.fit(x_train, y_train, validation_data=(x_val, y_val))
        +normalize = layers.Normalization()
        +normalize.adapt(x_train)
        +model = keras.Sequential([keras.Input((8, 8, 1)), normalize, layers.Dense(12, activation="softmax"), layers.BatchNormalization()])
        +model.compile(keras.optimizers.Adam(learning_rate=0.01), "mse")
        +counts = np.bincount(y_train)
        +class_weight = {c: counts.sum() / (len(counts) * max(n, 1)) for c, n in enumerate(counts)}
        +model.fit(x_train, y_train, validation_data=(x_val, y_val), class_weight=class_weight, epochs=20, callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, restore_best_weights=True)])
        """)  # fmt: skip


def test_what_is_left_names_the_line_of_the_script_that_ran() -> None:
    source = test_data.SHARE
    changes = [core.Shuffle(), core.RepairLabels("look at them")]
    (left,) = patch(source, changes, facts_of(source)).left
    assert left.line == 7


def test_a_script_that_is_no_python_is_left_as_it_is() -> None:
    result = patch("def (:\n", [core.SetLearningRate(0.1)], Facts())
    assert result.source == "def (:\n"
    assert result.left[0].reason.startswith("the script can't be parsed")
    assert result.diff("train.py") == ""


def test_the_diff_is_one_that_git_applies(tmp_path: Path) -> None:
    source = script("""
        import keras
        model = build()
        model.compile("sgd")
        model.fit(x, y)""").rstrip("\n")  # fmt: skip
    result = patch(source, [core.SetEpochs(3)], facts_of(source))
    (tmp_path / "train.py").write_text(source)
    (tmp_path / "it.diff").write_text(result.diff("train.py"))
    subprocess.run(["git", "apply", "it.diff"], cwd=tmp_path, check=True)  # noqa: S607
    assert (tmp_path / "train.py").read_text() == result.source


def test_the_package_is_imported_without_libcst() -> None:
    code = "import sys, convalesce.treat.patch; sys.exit('libcst' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    code = code.replace("import sys,", "import sys, convalesce.treat.patch.source.patching,")
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


def test_facts_are_taken_from_the_record_of_a_fit() -> None:
    model = core.Model(name="m", style="sequential", layers=(), outputs=())
    fit = core.Fit(index=0, signals=core.record({core.MODEL: model}))
    assert Facts.of(fit, "train.py") == Facts(file="train.py", model=model)


@pytest.mark.parametrize(
    ("file", "site", "holds"),
    [
        ("train.py", "train.py", True),
        ("", "anything.py", True),
        ("/home/me/train.py", "train.py", True),
        ("train.py", "/home/me/train.py", True),
        ("a/train.py", "b/train.py", False),
        ("train.py", "nets.py", False),
    ],
)
def test_a_site_is_in_the_script_or_in_another_file(file: str, site: str, *, holds: bool) -> None:
    assert Facts(file=file).holds(core.Site(site, 1)) is holds
