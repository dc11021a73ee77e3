"""The page stands alone, escapes whatever it is handed, and stays small."""

import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from convalesce import core, report
from tests.report import examples

every_example = pytest.mark.parametrize("name", examples.ALL)
VOID = {"meta", "img", "br", "hr", "link", "input"}
MEGABYTE = 1_000_000


class Reader(HTMLParser):
    """Elements, links and text of a page; tags must close in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text += data


@every_example
def test_a_page_is_well_formed_loads_nothing_and_runs_nothing(name: str) -> None:
    html = report.to_html(examples.ALL[name]())
    read = Reader(html)
    assert "script" not in read.tags
    assert "link" not in read.tags
    assert "url(" not in html
    assert "@import" not in html
    for _, attribute, value in read.attributes:
        assert not attribute.startswith("on")
        if attribute in {"src", "srcset", "data"}:
            assert value.startswith("data:image/png;base64,")
        if attribute in {"href", "action"}:
            assert value.startswith(("https://", "#"))
    assert len(html.encode()) < MEGABYTE


@every_example
def test_a_fragment_is_well_formed_and_styles_nothing_outside_it(name: str) -> None:
    fragment = report.to_notebook(examples.ALL[name]())
    read = Reader(fragment)
    assert {"html", "body", "head", "script"}.isdisjoint(read.tags)
    css = re.sub(r"@media[^{]*\{", "", fragment.partition("</style>")[0])
    for selectors in re.findall(r"([^{}]+)\{[^{}]*\}", css.removeprefix("<style>")):
        for selector in selectors.split(","):
            assert selector.strip().startswith(".cv"), selector


def test_names_labels_and_messages_cannot_become_markup() -> None:
    for html in (
        report.to_html(examples.hostile()),
        report.to_notebook(examples.hostile()),
    ):
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert "\x1b" not in html
        assert Reader(html).text.count("<script>alert('x')</script>") > 10


def test_a_page_of_a_cause_cannot_bring_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    from convalesce.report import words

    page = "<script>x</script>\n\n[a](javascript:x) ![b](http://example.org/b.png)"
    monkeypatch.setattr(words, "page_of", lambda _: page)
    read = Reader(report.to_html(examples.unhealthy()))
    assert "script" not in read.tags
    assert not [v for _, a, v in read.attributes if a in {"href", "src"} and "javascript" in v]


def test_the_verdict_comes_before_findings_and_findings_before_curves() -> None:
    text = Reader(report.to_html(examples.unhealthy())).text
    order = ["unhealthy:", "Findings", "largest label: 4 against 1", "loss per epoch"]
    order += ["Gradient norm by variable", "recall, validation", "What was not asked", "Cost:"]
    places = [text.index(part, text.index("unhealthy:") + 1) for part in order[1:]]
    assert places == sorted(places)


def test_decisive_epochs_are_marked() -> None:
    text = Reader(report.to_html(examples.unhealthy())).text
    assert "best val_loss: epoch 6, restored" in text
    assert "rate cut to 0.01" in text
    assert "early stopping" in text


def test_the_first_value_that_is_not_finite_is_named() -> None:
    text = Reader(report.to_html(examples.lost())).text
    assert "First non-finite: gradient in conv2d/kernel, at step 20 (epoch 2, batch 1)" in text
    assert "mae per epoch: never finite" in text


def test_examples_that_a_finding_names_stand_beside_it() -> None:
    html = report.to_html(examples.unhealthy())
    article = html.split("<article")[2]
    assert "train row 7, label 3" in article
    assert "validation row 12, label 3" in article
    assert article.count("data:image/png") == 3


def test_fits_with_findings_are_open_and_all_are_listed() -> None:
    html = report.to_html(examples.folds())
    opened = re.findall(r'<details class="fit" open>\s*<summary>Fit (\d+)', html)
    assert opened == ["5", "6", "7", "10"]
    assert "12 more fits were observed" in html
    assert len(re.findall(r"<tr><td>\d+</td><td>train.py:16</td>", html)) == 20


def crowded(fits: int) -> core.Examined:
    """As much of everything as a script could come with."""
    noise = np.random.default_rng(0)
    samples = tuple(
        core.Sample(
            role="train",
            row=row,
            why="duplicate",
            pixels=noise.integers(0, 256, (64, 64, 3), dtype=np.uint8),
        )
        for row in range(60)
    )
    values = examples.record(400, samples)
    steps = np.arange(100_000)
    values[core.LOSS] = core.Series(steps, noise.random(100_000))
    targets = replace(values[core.TRAIN].targets[0], counts=tuple(range(1, 1001)), classes=1000)
    values[core.TRAIN] = replace(values[core.TRAIN], targets=(targets,))
    run = core.Run(
        script="train.py",
        fits=tuple(examples.fit(i, values) for i in range(fits)),
        remarks=tuple("x" * 5000 + str(i) for i in range(20)),
    )
    found = tuple(replace(examples.LEAKAGE, fit=i) for i in range(min(fits, 20)))
    diagnosis = core.Diagnosis(health=core.Health.UNHEALTHY, findings=found)
    return core.Examined(run=run, diagnosis=diagnosis)


@pytest.mark.parametrize("fits", [1, 20])
def test_a_crowded_page_stays_under_a_megabyte_and_says_what_it_leaves_out(fits: int) -> None:
    html = report.to_html(crowded(fits))
    assert len(html.encode()) < MEGABYTE
    assert "more examples are left out to keep this page small" in html
    assert "classes of middle size are left out" in html
    assert "… 320 more …" in html or "… 360 more …" in html


@pytest.mark.skipif(not shutil.which("chromium"), reason="chromium is not installed")
@pytest.mark.parametrize("name", ["unhealthy", "folds", "hostile", "crashed"])
def test_a_phone_needs_no_sideways_scrolling(name: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(report.to_html(examples.ALL[name]()), encoding="utf-8")
    (tmp_path / "frame.html").write_text(
        "<iframe src=page.html style='border:0;width:360px;height:800px'></iframe><p id=said></p>"
        "<script>onload = () => { const page = document.querySelector('iframe').contentDocument;"
        "said.textContent = 'width ' + page.documentElement.scrollWidth; }</script>"
    )
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += ["--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}"]
    ran = subprocess.run(
        [*command, (tmp_path / "frame.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = re.search(r"width (\d+)<", ran.stdout)
    assert found
    assert 300 < int(found[1]) <= 360
