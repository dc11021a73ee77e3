import os
import subprocess
import sys

import pytest

from convalesce.track import process


def test_this_process_is_there() -> None:
    assert process.gone(process.this()) is False


def test_a_process_that_ended_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    there = {**process.this(), "pid": child.pid, "born": process._born(child.pid)}
    assert process.gone(there) is False
    child.communicate(b"\n")
    assert process.gone(there) is True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_another_process_with_the_same_number_is_not_the_run() -> None:
    assert process.gone({**process.this(), "born": "1"}) is True


def test_a_process_of_another_machine_cannot_be_told() -> None:
    assert process.gone({**process.this(), "host": "elsewhere"}) is None
    assert process.gone({}) is None


def test_without_its_birth_a_process_is_looked_up_by_number() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert process.gone({**process.this(), "born": None}) is False
    assert process.gone({**process.this(), "born": None, "pid": child.pid}) is True
    assert os.getpid() == process.this()["pid"]
