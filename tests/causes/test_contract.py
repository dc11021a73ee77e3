"""What every cause file owes, checked for all of them at once."""

import dataclasses
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convalesce import core
from convalesce.causes import all_causes
from convalesce.core import (
    Cause,
    Change,
    Crash,
    Evidence,
    Series,
    Signal,
    Signals,
    Trial,
)
from convalesce.core.signal import UnrecordedSignal

SECTIONS = ("Symptom", "Why it happens", "How it is confirmed", "Remedy", "Sources")
VOCABULARY = tomllib.loads((Path(__file__).parent / "vocabulary.toml").read_text())
IDS = {f"{family}.{name}" for family, names in VOCABULARY.items() for name in names}

every_cause = pytest.mark.parametrize("cause", all_causes().values(), ids=lambda c: c.id)


def test_the_causes_are_those_of_the_vocabulary() -> None:
    assert set(all_causes()) == IDS


@every_cause
def test_the_title_is_that_of_the_vocabulary(cause: Cause) -> None:
    family, name = cause.id.split(".")
    assert cause.title == VOCABULARY[family][name]["title"]


@every_cause
def test_page_has_every_section_once_and_in_order(cause: Cause) -> None:
    assert tuple(re.findall(r"^## (.+)$", cause.page or "", re.MULTILINE)) == SECTIONS


@every_cause
def test_sick_records_give_evidence_and_healthy_ones_none(cause: Cause) -> None:
    assert cause.sick
    assert cause.healthy
    for signals in cause.sick:
        assert all(need in signals for need in cause.needs)
        evidence = cause.ask(signals)
        assert isinstance(evidence, Evidence)
        assert evidence.says
        assert evidence.readings
        assert 0 <= evidence.strength <= 1
        assert isinstance(cause.probe(evidence), Trial)
        changes = cause.remedies(evidence)
        assert changes
        assert all(isinstance(change, Change) for change in changes)
    for signals in cause.healthy:
        assert all(need in signals for need in cause.needs)
        assert cause.ask(signals) is None


@every_cause
def test_every_declared_signal_is_really_read(cause: Cause) -> None:
    read: set[Signal[Any]] = set()

    class Spy(dict[Signal[Any], Any]):
        def __contains__(self, key: object) -> bool:
            read.add(key)  # type: ignore[arg-type]
            return super().__contains__(key)

    for signals in cause.sick + cause.healthy:
        shown = signals.only(cause.needs, cause.wants)
        cause.symptom(Signals(Spy(shown.recorded), shown.wanted))
    assert read == {*cause.needs, *cause.wants}


@every_cause
def test_a_symptom_does_not_read_what_it_did_not_declare(cause: Cause) -> None:
    for signals in cause.sick:
        for need in cause.needs:
            cut = signals.only(set(cause.needs) - {need}, cause.wants)
            with pytest.raises(UnrecordedSignal, match=f"`{need.name}`"):
                cause.symptom(cut)


@every_cause
def test_limits_state_their_unit_and_source(cause: Cause) -> None:
    for signals in cause.sick:
        evidence = cause.ask(signals)
        assert evidence is not None
        for reading in evidence.readings:
            assert reading.limit.unit
            assert reading.limit.source
            assert reading.signal in {*cause.needs, *cause.wants}


@every_cause
def test_mimics_are_other_causes(cause: Cause) -> None:
    assert cause.id not in cause.mimics
    assert set(cause.mimics) <= IDS


@every_cause
def test_crashes_are_recognised_and_others_are_not(cause: Cause) -> None:
    assert bool(cause.crash) == bool(cause.sick_crashes)
    for crash in cause.sick_crashes:
        assert cause.crash is not None
        assert isinstance(cause.crash(crash), Evidence)
    if cause.crash is not None:
        stranger = Crash(exception="KeyError", message="'learning_rate'", phase="other")
        assert cause.crash(stranger) is None


def test_import_does_not_load_tensorflow() -> None:
    code = "import sys, convalesce.diagnose; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_that_check_can_fail() -> None:
    code = "import sys, keras, convalesce.diagnose; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1


def test_an_undeclared_signal_is_named_with_the_cure() -> None:
    with pytest.raises(UnrecordedSignal, match="Add it to the cause's `needs`"):
        Signals({})[core.LOSS]


NUMBERS = (0.0, 1.0, -1.0, 1e-30, 1e30, float("nan"), float("inf"), float("-inf"))
WHOLE = (0, 1, -1, 7, 10**9)


def spoiled(value: Any, chance: random.Random, share: float) -> Any:  # noqa: PLR0911 - one a kind
    """The same kind of value with some of its numbers and parts replaced by others.

    Types are kept: a number stays a number, a tuple may lose its parts, a series its steps.
    """
    hit = chance.random() < share
    if isinstance(value, Series):
        values = value.values.copy()
        values[
            np.asarray([chance.random() < share for _ in range(values.size)], bool).reshape(
                values.shape
            )
        ] = chance.choice(NUMBERS)
        keep = chance.randrange(len(value) + 1) if hit else len(value)
        return Series(value.steps[:keep], values[:keep], value.labels)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {
            f.name: spoiled(getattr(value, f.name), chance, share)
            for f in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return () if hit else tuple(spoiled(part, chance, share) for part in value)
    if isinstance(value, dict):
        return {} if hit else {k: spoiled(v, chance, share) for k, v in value.items()}
    if isinstance(value, bool):
        return value != hit
    if isinstance(value, float):
        return chance.choice(NUMBERS) if hit else value
    return chance.choice(WHOLE) if isinstance(value, int) and hit else value


@every_cause
@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.02, 0.1, 0.5, 1.0]))
def test_a_symptom_survives_any_record(cause: Cause, seed: int, share: float) -> None:
    """Evidence or None, never an exception, whatever the numbers are."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    record = chance.choice(cause.sick + cause.healthy)
    kept = {
        signal: spoiled(value, chance, share)
        for signal, value in record.recorded.items()
        if signal in cause.needs or chance.random() > share
    }
    evidence = cause.ask(Signals(kept))
    if evidence is not None:
        assert 0 <= evidence.strength <= 1
        cause.probe(evidence)
        cause.remedies(evidence)


@every_cause
@settings(max_examples=50, deadline=None)
@given(
    message=st.text(max_size=200),
    exception=st.sampled_from(["ValueError", "InvalidArgumentError", "TypeError", "KeyError"]),
)
def test_a_crash_recogniser_survives_any_message(
    cause: Cause, message: str, exception: str
) -> None:
    if cause.crash is not None:
        evidence = cause.crash(Crash(exception=exception, message=message, phase="fit"))
        assert evidence is None or isinstance(evidence, Evidence)
