"""Labelled cases and the groups that they are in."""

from pathlib import Path

import pytest

from benchmarks.diagnosis.cases import find_cases
from tests.benchmarks.diagnosis.made import case

SEEN, HELD_OUT = "case_1", "case_0"  # by the first digit of the hash of their names


def test_each_case_is_in_one_group() -> None:
    assert case(SEEN).group == "calibration"
    assert case(HELD_OUT).group == "held out"
    assert case(SEEN, unseen=True).group == case(HELD_OUT, unseen=True).group == "unseen"


def test_the_family_is_that_of_the_first_fault() -> None:
    assert case(causes=["hp.lr_high", "data.labels"]).family == "hp"
    assert case(all=[["data.labels"], ["hp.lr_high"]]).family == "data"
    assert case(causes=[]).family == "healthy"


def test_a_folder_without_a_case_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"holds no case: no label\.toml in it or one below"
    ):
        find_cases([tmp_path])
