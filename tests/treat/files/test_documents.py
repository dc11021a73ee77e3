"""One value of a file of settings is replaced, and nothing else of its text."""

from __future__ import annotations

from typing import Any

import pytest

from convalesce.treat.files import documents

JSON = '{\n  "name": "a, b",\n  "train": {"lr": 0.5, "batch_size":32},\n  "l2": {"lr": 0.5}\n}\n'
TOML = """# lr = 0.5 was too high once
[first]
lr = 0.5

[train]
lr = 0.5  # per step
tags = ["lr", "sgd"]
filters = [1, 1]
schedule = {lr = 0.5, steps = 10}
"""
YAML = """# what we train with
optimizer: {name: sgd, lr: 0.5}
train:
  lr: 0.5   # too high?
  lr_decay: 0.5
  "epochs": 12
  bias: yes
"""
INI = """epochs = 12
[train]
Learning_Rate = 0.5
momentum: 0.9
; learning_rate = 0.5
[other]
learning_rate = 0.5
"""
PYTHON = """import math

LR: float = 0.5
WIDTHS = (1, 1)


class Train:
    lr = 0.5
    run = dict(lr=0.5)


def decay(lr=0.5):
    return lr
"""


@pytest.mark.parametrize(
    ("name", "text", "path", "new", "lines"),
    [
        ("c.json", JSON, ("train", "lr"), 0.05, ('"lr": 0.5, "batch', '"lr": 0.05, "batch')),
        ("c.json", JSON, ("l2", "lr"), 0.05, ('"l2": {"lr": 0.5}', '"l2": {"lr": 0.05}')),
        ("c.json", JSON, ("train", "batch_size"), 64, (":32}", ":64}")),
        ("c.toml", TOML, ("train", "lr"), 5e-05, ("lr = 0.5  # per", "lr = 0.00005  # per")),
        ("c.toml", TOML, ("train", "schedule", "lr"), 0.1, ("{lr = 0.5", "{lr = 0.1")),
        ("c.toml", TOML, ("train", "filters"), (16.0, 16.0), ("[1, 1]", "[16, 16]")),
        ("c.yaml", YAML, ("train", "lr"), 5e-05, ("  lr: 0.5   #", "  lr: 0.00005   #")),
        ("c.yml", YAML, ("optimizer", "lr"), 0.05, ("sgd, lr: 0.5}", "sgd, lr: 0.05}")),
        ("c.yml", YAML, ("train", "epochs"), 3, ('"epochs": 12', '"epochs": 3')),
        ("c.yml", YAML, ("train", "bias"), False, ("bias: yes", "bias: false")),
        (
            "c.ini",
            INI,
            ("train", "learning_rate"),
            0.05,
            ("Learning_Rate = 0.5", "Learning_Rate = 0.05"),
        ),
        ("c.cfg", INI, ("epochs",), 3, ("epochs = 12", "epochs = 3")),
        ("c.py", PYTHON, ("LR",), 0.05, ("LR: float = 0.5", "LR: float = 0.05")),
        ("c.py", PYTHON, ("Train", "lr"), 0.05, ("    lr = 0.5", "    lr = 0.05")),
        ("c.py", PYTHON, ("WIDTHS",), (2.0, 2.0), ("(1, 1)", "(2, 2)")),
        (".env", "A=1\nexport LR='0.5'\n", ("LR",), 0.05, ("LR='0.5'", "LR='0.05'")),
        ("c.csv", "key,value\nlr,0.5\nepochs,3\n", ("lr",), 0.05, ("lr,0.5", "lr,0.05")),
        ("c.csv", "lr,epochs,l2\n0.5,3,0.5\n", ("l2",), 0.05, ("0.5,3,0.5", "0.5,3,0.05")),
    ],
)
def test_a_value_is_replaced_where_it_stands(
    name: str, text: str, path: documents.Path, new: Any, lines: tuple[str, str]
) -> None:
    assert text.count(lines[0]) == 1
    assert documents.edited(name, text, path, new) == text.replace(*lines)


def test_what_cannot_be_replaced_alone_is_left() -> None:
    anchored = "base: &b\n  lr: 0.5\nrun: *b\n"
    assert documents.edited("c.yaml", anchored, ("run", "lr"), 0.05) is None
    listed = "filters:\n  - 1\n  - 1\n"
    assert documents.edited("c.yaml", listed, ("filters",), (2.0, 2.0)) is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", "{"),
        ("c.toml", "= 3"),
        ("c.yaml", "a: ["),
        ("data.csv", "1,2,3\n4,5,6\n7,8,9\n"),
        ("notes.txt", "lr = 1"),
        ("c.py", "def"),
        ("c.json", "3"),
    ],
)
def test_what_is_no_file_of_settings_says_nothing(name: str, text: str) -> None:
    assert documents.parse(name, text) is None


def test_every_value_is_found_with_its_keys() -> None:
    found = dict(documents.leaves(documents.parse("c.toml", TOML)))
    assert found["first", "lr"] == found["train", "schedule", "lr"] == 0.5
    assert found["train", "filters"] == [1, 1]
