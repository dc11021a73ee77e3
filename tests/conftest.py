"""Options of the test suite."""

import os

import pytest

os.environ["CONVALESCE_MLFLOW"] = "0"  # scripts that tests run leave no process behind


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden reports")
