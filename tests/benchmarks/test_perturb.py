"""Perturbed copies keep the fault, stay sound Python, and say what was left alone."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import libcst as cst
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.diagnosis import perturb
from benchmarks.diagnosis.perturb import (
    Draw,
    Refused,
    Rewrite,
    batches,
    datasets,
    functional,
    names,
    seeds,
    widths,
)

ROOT = Path(__file__).parents[2]
NO_CAUSE = Draw(3, frozenset())

SCRIPT = '''\
"""Digits."""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(10)
rng = np.random.default_rng(10)
x, y = make(900, rng)

# A small net.
model = keras.Sequential([
    keras.Input((8, 8, 1)),
    layers.Conv2D(24, 3, activation="relu", name="first"),
    layers.Flatten(),
    layers.Dense(40, activation="relu"),
    layers.Dense(10, activation="softmax"),
], name="digits")
model.compile("adam", "sparse_categorical_crossentropy")
h = model.fit(x[:800], y[:800], batch_size=32, epochs=3, validation_data=(x[800:], y[800:]))
'''


def rewritten(rewrite: Rewrite, script: str, draw: Draw = NO_CAUSE) -> str:
    made = rewrite(cst.parse_module(script), draw)
    assert not isinstance(made, Refused), made.reason
    ast.parse(made.code)
    return made.code


def refusal(rewrite: Rewrite, script: str, draw: Draw = NO_CAUSE) -> str:
    made = rewrite(cst.parse_module(script), draw)
    assert isinstance(made, Refused), made.code
    return made.reason


def test_equal_seeds_stay_equal_and_nothing_else_moves() -> None:
    made = rewritten(seeds, SCRIPT)
    [one, two] = re.findall(r"(?:seed|rng)\((\d+)\)", made)
    assert one == two != "10"
    assert made.replace(one, "10") == SCRIPT


def test_a_random_state_is_a_seed() -> None:
    assert "random_state=7" not in rewritten(seeds, "split(x, random_state=7)\n")


def test_a_script_without_a_written_seed_keeps_its_seeds() -> None:
    assert refusal(seeds, "default_rng(args.seed)\n") == "no seed is written as a number"


def test_a_layer_is_renamed_when_its_name_stands_nowhere_else() -> None:
    made = rewritten(names, SCRIPT)
    assert '"first"' not in made
    assert made.count("part_") == 2


@pytest.mark.parametrize(
    "use", ['model.get_layer("first")', 'print(f"first {loss}")', 'h["val_first_mae"]']
)
def test_a_name_that_is_used_elsewhere_stays(use: str) -> None:
    made = rewritten(names, SCRIPT + use + "\n")
    assert 'name="first"' in made
    assert 'name="digits"' not in made


def test_metrics_keep_their_names() -> None:
    script = 'model.compile(metrics=[keras.metrics.Recall(name="recall")])\n'
    assert refusal(names, script) == "no layer has a name that stands nowhere else"


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_widths_stay_even_and_within_a_quarter_and_the_output_keeps_its_own(seed: int) -> None:
    made = rewritten(widths, SCRIPT, Draw(seed, frozenset()))
    [conv] = re.findall(r"Conv2D\((\d+),", made)
    hidden, output = re.findall(r"Dense\((\d+),", made)
    for new, old in ((int(conv), 24), (int(hidden), 40)):
        assert new % 2 == 0
        assert 0 < abs(new - old) <= old / 4
    assert output == "10"


def test_an_output_with_a_hidden_activation_keeps_its_width() -> None:
    script = (
        "inputs = keras.Input((4,))\n"
        'h = Dense(20, activation="relu")(inputs)\n'
        'out = Dense(12, activation="relu")(h)\n'
        "model = keras.Model(inputs, out)\n"
    )
    made = rewritten(widths, script)
    assert "Dense(12," in made
    assert "Dense(20," not in made


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("h = layers.Add()([a, b])", "Add ties the widths to each other"),
        ("h = layers.GroupNormalization(4)(a)", "GroupNormalization ties the widths to each other"),
        ("a = layers.ReLU()(b)\nc = a + b", "a sum of tensors ties the widths to each other"),
        (
            "class Step(Layer):\n    def call(self, x):\n        return x + self.conv(x)",
            "a sum of tensors ties the widths to each other",
        ),
    ],
)
def test_widths_that_must_agree_are_left_alone(line: str, reason: str) -> None:
    assert refusal(widths, f"{SCRIPT}{line}\n") == reason


def test_the_fault_itself_is_never_rewritten() -> None:
    shallow, large = (Draw(3, frozenset({c})) for c in ("arch.too_shallow", "hp.batch_large"))
    assert refusal(widths, SCRIPT, shallow) == "the fault is the capacity"
    assert refusal(batches, SCRIPT, large) == "the fault is the batch size"


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_a_batch_is_three_quarters_to_one_and_a_half_of_what_it_was(seed: int) -> None:
    [size] = re.findall(r"batch_size=(\d+)", rewritten(batches, SCRIPT, Draw(seed, frozenset())))
    assert 24 <= int(size) <= 48
    assert int(size) != 32


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("rate = keras.optimizers.schedules.CosineDecay(0.1, 500)", "a schedule counts the steps"),
        ("m.fit(stream, steps_per_epoch=5)", "the steps of an epoch are counted"),
    ],
)
def test_batches_stay_where_steps_are_counted(line: str, reason: str) -> None:
    assert refusal(batches, f"{SCRIPT}{line}\n") == reason


def test_a_batch_of_two_has_no_neighbour() -> None:
    reason = "no batch size of 4 or more is written as a number"
    assert refusal(batches, "m.fit(x, y, batch_size=2)\n") == reason


def test_a_sequential_is_called_layer_by_layer() -> None:
    made = rewritten(functional, SCRIPT)
    assert "Sequential" not in made
    assert "# A small net.\ninputs = keras.Input((8, 8, 1))\n" in made
    assert 'h_ = layers.Dense(10, activation="softmax")(h_)\n' in made, "h is the history's name"
    assert 'model = keras.Model(inputs, h_, name="digits")\n' in made


def test_layers_added_one_after_another_are_called_too() -> None:
    script = "net = Sequential()\nnet.add(Input((3,)))\nnet.add(Dense(1))\nnet.compile()\n"
    made = rewritten(functional, script)
    assert made == (
        "inputs = Input((3,))\nh = Dense(1)(inputs)\n"
        "from keras import Model\nnet = Model(inputs, h)\nnet.compile()\n"
    )


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("x = 1\n", "no Sequential in the script"),
        ("m = Sequential([Dense(3)])\n", "a Sequential does not begin with an Input"),
        ("m = Sequential([*layers])\n", "a list of layers is unpacked"),
        ("m = Sequential(stack)\n", "a Sequential is given a list that is made elsewhere"),
        (
            "m = Sequential([Input((3,))])\nfor w in ws:\n    m.add(Dense(w))\n",
            "layers are added in a loop, or later",
        ),
        (
            "def build():\n    return Sequential([Input((3,))])\n",
            "a Sequential is built inside a function, class or expression",
        ),
        ("m = Sequential([Input((3,))])\nm.layers[0]\n", "the script reaches into model.layers"),
    ],
)
def test_a_sequential_that_cannot_be_followed_is_left(script: str, reason: str) -> None:
    assert refusal(functional, script) == reason


def test_arrays_become_shuffled_data_sets_of_the_same_batch() -> None:
    made = rewritten(datasets, SCRIPT)
    slices = "tf.data.Dataset.from_tensor_slices"
    assert made.startswith('"""Digits."""\n\nimport keras\nimport tensorflow as tf\n')
    wrapped = f"{slices}((x[:800], y[:800])).shuffle(len(x[:800])).batch(32)"
    assert f"model.fit({wrapped}, epochs=3," in made
    assert f"validation_data={slices}((x[800:], y[800:])).batch(32))" in made
    assert "batch_size" not in made


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("m.fit(data, epochs=2)", "fit takes something else than x and y"),
        ("m.fit(x, y, validation_split=0.2)", "fit is given validation_split"),
        ("m.fit(x, y, shuffle=False)", "fit is given shuffle"),
        ("m.fit(x, y, validation_data=held)", "validation_data is no pair written out"),
        ("m.fit({'a': x}, y)", "the inputs are a dict"),
        ("m.predict(x)", "no call of fit takes arrays"),
    ],
)
def test_a_fit_on_something_else_is_left(call: str, reason: str) -> None:
    assert refusal(datasets, f"import keras\n{call}\n") == reason


def test_what_one_script_of_a_case_refuses_no_script_gets() -> None:
    scripts = {"train.py": SCRIPT, "fixed.py": SCRIPT.replace("batch_size=32", "batch_size=size")}
    made, applied, refused = perturb.perturb(
        scripts, NO_CAUSE, {"batches": batches, "seeds": seeds}
    )
    assert applied == ["seeds"]
    assert refused == {"batches": "no batch size of 4 or more is written as a number (fixed.py)"}
    assert "batch_size=32" in made["train.py"]


def test_both_scripts_of_a_case_are_rewritten_alike() -> None:
    scripts = {"train.py": SCRIPT, "fixed.py": SCRIPT.replace('"adam"', '"nadam"')}
    made, _, _ = perturb.perturb(scripts, NO_CAUSE, perturb.REWRITES)
    assert made["fixed.py"] == made["train.py"].replace('"adam"', '"nadam"')


def write_case(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "fixed.py").write_text(SCRIPT)
    (folder / "label.toml").write_text('causes = ["hp.lr_high"]\n')


def test_the_command_writes_copies_with_label_and_record(tmp_path: Path) -> None:
    write_case(tmp_path / "cases" / "a")
    command = [sys.executable, str(ROOT / "benchmarks/diagnosis/perturb.py"), "--seed", "5"]
    command += ["--out", str(tmp_path / "out"), str(tmp_path / "cases")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout == "a~5: seeds, names, widths, batches, functional, datasets\n"
    copy = tmp_path / "out" / "a~5"
    assert (copy / "label.toml").read_text() == 'causes = ["hp.lr_high"]\n'
    record = json.loads((copy / "perturbed.json").read_text())
    assert record["refused"] == {}
    assert (copy / "train.py").read_text() != SCRIPT


def test_each_writes_one_copy_a_rewrite(tmp_path: Path) -> None:
    write_case(tmp_path / "cases" / "a")
    asked = ["--each", "--only", "seeds,batches", "--out", str(tmp_path / "out")]
    assert perturb.main([*asked, str(tmp_path / "cases")]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a~1-seeds", "a~1-batches"}


def test_an_unknown_rewrite_is_named_with_those_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        perturb.main(["--only", "colours", "--out", str(tmp_path), str(tmp_path)])
    assert "no rewrite is called colours: there are seeds, names, widths" in capsys.readouterr().err
