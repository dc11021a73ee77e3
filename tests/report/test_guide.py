"""The page of a cause says what its values say."""

import re

import pytest

from convalesce import core, report
from convalesce.causes import all_causes
from convalesce.report.guide import index

every_cause = pytest.mark.parametrize("cause", all_causes().values(), ids=lambda c: c.id)


@every_cause
def test_a_page_has_the_causes_words_limits_and_remedies(cause: core.Cause) -> None:
    page = report.to_markdown(cause)
    assert page.startswith(f"# `{cause.id}`: {cause.title}\n")
    headings = ["Symptom", "Why it happens", "How it is confirmed", "Remedy", "Sources"]
    assert re.findall(r"^## (.+)$", page, re.MULTILINE) == [*headings, "At a glance", "Limits"]
    evidence = cause.ask(cause.sick[0])
    assert evidence is not None
    for reading in evidence.readings:
        assert " ".join(reading.limit.source.split()).replace("|", "\\|") in page
    for change in cause.remedies(evidence):
        assert " ".join(str(change).split()) in page
    for line in page.partition("## At a glance")[2].splitlines():
        cells = len(re.findall(r"(?<!\\)\|", line))
        assert cells in {0, 3, 4}


@every_cause
def test_links_of_a_page_lead_to_pages_that_are_there(cause: core.Cause) -> None:
    linked = re.findall(r"\]\(([a-z_.]+)\.md\)", report.to_markdown(cause))
    assert set(linked) <= set(all_causes())


def test_the_list_names_every_cause_once() -> None:
    text = index(all_causes().values())
    assert sorted(re.findall(r"\]\((.+)\.md\)", text)) == sorted(all_causes())
    assert f"The {len(all_causes())} root causes" in text
