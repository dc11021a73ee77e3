import libcst as cst
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convalesce.treat.patch import Facts
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.names import numpy, spell
from convalesce.treat.patch.source.script import Script, read
from convalesce.treat.patch.source.values import follow, number, source_of, written


def argument(text: str) -> tuple[Script, cst.BaseExpression]:
    """A script, and the argument of its call of `f`."""
    script = read(text, Facts())
    call = next(c for c in script.of(cst.Call) if script.code(c.func) == "f")
    return script, call.args[0].value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("f(0.1)", 0.1),
        ("f(-1e-3)", -1e-3),
        ("f(1_000)", 1000.0),
        ("f(2 ** -2)", 0.25),
        ("f(1 / 0)", None),
        ("f((-8) ** 0.5)", None),
        ("A = 2\nB = A * 3\nf(B)", 6.0),
        ("A, B = 2, 3\nf(B)", 3.0),
        ("A: float = 0.5\nf(A)", 0.5),
        ("A = 1\nA = 2\nf(A)", None),
        ("A = A\nf(A)", None),
        ("for a in (1, 2):\n    f(a)", None),
        ("def g(a, b=4):\n    f(b)\ng(1)", 4.0),
        ("def g(a, b=4):\n    f(a)\ng(1)\ng(2)", None),
        ("def g(a):\n    f(a)\ng(*x)", None),
        ("C = {'a': 3}\nf(C['a'])", 3.0),
        ("C = {'a': 3}\nC.update(x)\nf(C['a'])", None),
        ("f('text')", None),
        ("f(g())", None),
    ],
)
def test_a_number_is_read_through_names(text: str, value: float | None) -> None:
    script, expression = argument(text)
    assert number(script, expression) == value


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A = 2\nf(A)", "2"),
        ("A = 2\nprint(A)\nf(A)", "A"),
        ("A = 2\nB = A\nf(B)", "2"),
        ("A = 2\nB = A\nprint(A)\nf(B)", "A"),
        ("if x:\n    A = 2\nelse:\n    A = 3\nf(A)", "A"),
        ("C = {'a': 3, 'b': 4}\nprint(C['b'])\nf(C['a'])", "3"),
        ("C = {'a': 3}\nprint(C['a'])\nf(C['a'])", "C['a']"),
    ],
)
def test_a_value_is_changed_where_no_one_else_is_hit(text: str, place: str) -> None:
    script, expression = argument(text)
    assert script.code(source_of(script, expression)) == place


def test_a_name_is_followed_whoever_else_reads_it() -> None:
    script, expression = argument("A = g()\nprint(A)\nf(A)")
    assert script.code(follow(script, expression)) == "g()"


@given(st.floats(1e-12, 1e12))
def test_a_number_is_written_to_four_digits(value: float) -> None:
    assert float(written(value)) == pytest.approx(value, rel=5e-4)
    assert float(written(value, "1e-3")) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [
        (0.001, "", "0.001"),
        (0.001, "1e-2", "1e-3"),
        (0.00015, "", "0.00015"),
        (0.00001, "", "1e-5"),
        (2.5e-5, "", "2.5e-5"),
        (0.1 * 0.3, "", "0.03"),
        (0.0, "", "0.0"),
        (1e7, "", "1e7"),
    ],
)
def test_numbers_look_as_people_write_them(value: float, like: str, text: str) -> None:
    assert written(value, like) == text


@pytest.mark.parametrize(
    ("imports", "symbol", "text"),
    [
        ("import keras", "keras.layers.Dropout", "keras.layers.Dropout"),
        ("import tensorflow.keras as K", "keras.layers.Dropout", "K.layers.Dropout"),
        ("from tensorflow.keras import layers as L", "keras.layers.Dropout", "L.Dropout"),
        ("from keras.layers import Dropout as Drop", "keras.layers.Dropout", "Drop"),
        ("from keras.layers import *", "keras.layers.Dropout", "Dropout"),
        ("import tensorflow as tf\nlayers = tf.keras.layers", "keras.layers.Dropout", "layers.Dropout"),
        ("import sklearn.utils", "sklearn.utils.resample", "resample"),
    ],
)  # fmt: skip
def test_a_name_is_spelled_as_it_was_imported(imports: str, symbol: str, text: str) -> None:
    draft = Draft(read(f"{imports}\nf(1)\n", Facts()))
    assert spell(draft, symbol) == text


def test_an_import_that_is_shadowed_is_not_used() -> None:
    draft = Draft(read("from keras import layers\ndef f(layers):\n    pass\n", Facts()))
    assert spell(draft, "keras.layers.Dropout") == "Dropout"
    (splice,) = draft.splices
    assert splice.text == "\nfrom keras.layers import Dropout"


def test_the_same_import_is_added_once() -> None:
    draft = Draft(read('"""What it does."""\nx = 1\n', Facts()))
    assert numpy(draft) == numpy(draft) == "np"
    (splice,) = draft.splices
    assert (splice.start, splice.text) == (20, "import numpy as np\n")
