"""Phrases and figures."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from convalesce import core
from convalesce.report import samples, words
from tests.report import examples


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (4.0, "4"),
        (12_500, "12,500"),
        (0.31, "0.31"),
        (0.00001234, "1.23e-5"),
        (3.2e9, "3.2e9"),
        (math.nan, "NaN"),
        (math.inf, "infinity"),
        (-math.inf, "-infinity"),
    ],
)
def test_figures_have_three_digits_and_no_noise(value: float, said: str) -> None:
    assert words.number(value) == said


@pytest.mark.parametrize(
    ("title", "inside"),
    [
        ("The loss is wrong", "the loss is wrong"),
        ("NaN or infinite values", "NaN or infinite values"),
        ("ReLU units that never fire", "ReLU units that never fire"),
        ("A thing", "a thing"),
        ("", ""),
    ],
)
def test_a_title_inside_a_sentence_keeps_only_meant_capitals(title: str, inside: str) -> None:
    assert words.uncapitalised(title) == inside


def test_fits_are_counted_from_one_and_drawn_together() -> None:
    assert words.fits([0]) == "fit 1"
    assert words.fits([3, 1, 0]) == "fits 1, 2, 4"
    assert words.fits(range(1, 20)) == "fits 2–20"


def test_text_of_scripts_loses_control_characters_and_is_cut() -> None:
    assert words.plain("a\x1b[2J\r\nb\u202ec\ud800") == "a[2J bc"
    assert len(words.plain("x" * 10_000)) == words.LONGEST


def test_paths_below_the_working_directory_are_relative() -> None:
    assert words.short(str(Path.cwd() / "nets" / "train.py")) == "nets/train.py"
    assert words.short("/elsewhere/train.py") == "/elsewhere/train.py"


@pytest.mark.parametrize(
    "file", ["missing.py", "\0", "\udcff.py", "<stdin>", "scripts", "a" * 9999]
)
def test_a_file_that_cannot_be_read_has_no_line(file: str) -> None:
    assert not words.source_line(core.Site(file, 1))


@pytest.mark.parametrize("line", [0, -1, 10**9])
def test_a_line_that_is_not_there_is_empty(line: int) -> None:
    assert not words.source_line(core.Site("train.py", line))


def test_a_module_on_the_search_path_is_not_taken_for_the_script() -> None:
    assert not words.source_line(core.Site("subprocess.py", 1))


def test_every_remark_is_said_once() -> None:
    assert words.remarks(examples.hostile()).count(words.plain(examples.NASTY)) == 1


def test_large_pictures_are_made_small() -> None:
    import base64
    import io

    import numpy as np
    from PIL import Image

    uri = samples.data_uri(np.zeros((500, 300, 1), np.uint8))
    with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as picture:
        assert max(picture.size) <= samples.LARGEST


def test_importing_the_report_loads_neither_rich_nor_jinja_nor_pillow_nor_tensorflow() -> None:
    heavy = "{'rich', 'jinja2', 'PIL', 'markdown_it', 'tensorflow', 'keras'}"
    code = f"import sys, convalesce.report; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
