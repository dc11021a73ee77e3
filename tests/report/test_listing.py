import io
import math
from typing import Any

from rich.console import Console

from convalesce.report import listing
from convalesce.report.listing import Row


def printed(show: Any, *args: Any, width: int = 100) -> str:
    out = io.StringIO()
    show(*args, Console(file=out, width=width, color_system=None))
    return out.getvalue()


def test_many_causes_are_counted() -> None:
    row = Row(
        id="x",
        status="finished",
        verdict="",
        causes=("hp.a", "hp.b", "hp.c", "hp.d", "hp.e"),
        epochs=3,
        metric=math.nan,
    )
    told = printed(listing.show_many, [row], "val_loss")
    assert "hp.a, hp.b, hp.c +2" in told and "hp.d" not in told
    assert told.splitlines()[1].split()[:5] == ["x", "finished", "–", "3", "–"]


def test_an_id_is_never_folded() -> None:
    name = "20260301-120000-a-rather-long-name-of-a-script"
    row = Row(id=name, status="running", verdict="", causes=("hp.a",), epochs=0, metric=0.5)
    assert name in printed(listing.show_many, [row], "val_loss", width=80)


def test_facts_without_a_value_are_left_out_and_control_characters_too() -> None:
    told = printed(listing.show_one, [("script", "a\x1b[31mb"), ("parent", "")], None)
    assert "a[31mb" in told and "\x1b" not in told and "parent" not in told


def test_a_stored_report_is_shown_with_place_and_remedies() -> None:
    document = {
        "verdict": "unhealthy",
        "headline": "labels are wrong",
        "findings": [
            {
                "rank": 1,
                "severity": "error",
                "verdict": "confirmed",
                "cause": "data.labels",
                "title": "Labels are wrong",
                "says": "row 3 holds 11",
                "where": {"file": "train.py", "line": 7},
                "remedies": [{"change": "repair the labels"}],
            }
        ],
    }
    told = printed(listing.show_one, [], document)
    assert "unhealthy: labels are wrong" in told
    assert "1  error  data.labels\n   row 3 holds 11\n   at train.py:7\n" in told
    assert "   try: repair the labels" in told
