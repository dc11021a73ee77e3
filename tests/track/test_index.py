import json
from pathlib import Path

import pytest

from convalesce.track import disk, index
from convalesce.track.index import Wanted
from tests.track.runs import began, examined, fit, kept, killed, told


def names(store: Path, **wanted: object) -> list[str]:
    found = index.chosen(index.entries(store).entries, Wanted(**wanted))  # type: ignore[arg-type]
    return [e.text("script") for e in found]


def test_the_latest_run_stands_first(tmp_path: Path) -> None:
    for i, script in enumerate(("a.py", "b.py", "c.py")):
        kept(tmp_path, script=script, after=i)
    assert names(tmp_path) == ["c.py", "b.py", "a.py"]
    assert names(tmp_path, reverse=True) == ["a.py", "b.py", "c.py"]


def test_runs_are_chosen_by_cause_family_verdict_status_and_script(tmp_path: Path) -> None:
    kept(tmp_path, examined(causes=("hp.lr_high",)), script="high.py")
    kept(tmp_path, examined(causes=("data.labels",)), script="labels.py", after=1)
    kept(tmp_path, examined(causes=()), script="fine.py", after=2)
    began(tmp_path, "running.py", after=3)
    assert names(tmp_path, causes=("hp.lr_high",)) == ["high.py"]
    assert names(tmp_path, causes=("hp", "data")) == ["labels.py", "high.py"]
    assert names(tmp_path, causes=("dat",)) == []
    assert names(tmp_path, verdict="healthy") == ["fine.py"]
    assert names(tmp_path, status="running") == ["running.py"]
    assert names(tmp_path, script="in") == ["running.py", "fine.py"]


def test_by_a_metric_the_best_stands_first_and_runs_without_it_last(tmp_path: Path) -> None:
    for i, (script, loss) in enumerate((("b.py", 0.5), ("c.py", 0.9), ("a.py", 0.1))):
        kept(tmp_path, examined(fit((1.0, loss))), script=script, after=i)
    began(tmp_path, "none.py", after=9)
    assert names(tmp_path, sort="val_loss") == ["a.py", "b.py", "c.py", "none.py"]
    assert names(tmp_path, sort="val_loss", reverse=True) == ["c.py", "b.py", "a.py", "none.py"]
    assert names(tmp_path, sort="script") == ["a.py", "b.py", "c.py", "none.py"]


def test_of_a_score_more_is_better() -> None:
    def entry(value: float) -> index.Entry:
        folder = index.RunFolder(Path(str(value)))
        return index.Entry(folder, {"metrics": {"accuracy": value}}, "finished")

    found = index.chosen([entry(0.5), entry(0.9)], Wanted(sort="accuracy"))
    assert [e.metric("accuracy") for e in found] == [0.9, 0.5]


def test_trials_are_listed_when_asked_for_and_go_with_their_parent(tmp_path: Path) -> None:
    parent = kept(tmp_path, script="a.py")
    child = kept(tmp_path, script="t.py", after=1, kind="trial", parent=parent.id, changes=("x",))
    below = kept(tmp_path, script="u.py", after=2, kind="trial", parent=child.id)
    assert names(tmp_path) == ["a.py"]
    assert names(tmp_path, children=True) == ["u.py", "t.py", "a.py"]
    assert [f.id for f in index.children(tmp_path, [parent.id])] == [child.id, below.id]


def test_a_run_whose_process_is_gone_is_interrupted_and_shows_what_it_reached(
    tmp_path: Path,
) -> None:
    made = began(tmp_path)
    told(made)
    assert index.entry(made).status == "running"
    killed(made)
    found = index.entry(made)
    assert found.status == "interrupted"
    assert found.count("epochs") == 4 and found.metric("loss") == 0.35


def test_a_run_on_another_machine_is_believed_for_a_day(tmp_path: Path) -> None:
    made = began(tmp_path)
    summary = disk.read_json(made.summary)
    disk.write_json(made.summary, {**summary, "process": {"pid": 1, "host": "elsewhere"}})
    told(made)
    assert index.entry(made).status == "running"
    made.live.write_text(json.dumps({"at": 1.0, "event": "fit", "fit": 0}) + "\n")
    assert index.entry(made).status == "interrupted"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "its run.json cannot be read"),
        ("[]", "holds no JSON object"),
        ('{"status": "asleep"}', "`status` is 'asleep', not one of running"),
        (None, "it has no run.json"),
    ],
)
def test_a_folder_that_is_no_run_is_left_out_and_said(
    tmp_path: Path, content: str | None, says: str
) -> None:
    kept(tmp_path, script="good.py")
    bad = tmp_path / "runs" / "bad"
    bad.mkdir()
    (bad / "report.html").write_text("x")
    if content is not None:
        (bad / "run.json").write_text(content)
    listing = index.entries(tmp_path)
    assert [e.text("script") for e in listing.entries] == ["good.py"]
    assert len(listing.complaints) == 1 and says in listing.complaints[0]
    assert str(bad) in listing.complaints[0]


def test_a_folder_killed_in_its_first_moment_is_no_complaint(tmp_path: Path) -> None:
    (tmp_path / "runs" / "new").mkdir(parents=True)
    (tmp_path / "runs" / "new" / ".run.json.1.2.part").write_text("{")
    assert index.entries(tmp_path) == index.Listing()


def test_a_run_is_found_by_what_tells_it_from_the_others(tmp_path: Path) -> None:
    a, b = kept(tmp_path, script="a.py"), kept(tmp_path, script="b.py", after=1)
    assert index.find(tmp_path, a.id) == a
    assert index.find(tmp_path, "20260301-120001") == b
    assert index.find(tmp_path, "-b") == b
    assert index.find(Path("nowhere"), str(a.path)) == a


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("2026", "`2026` is a part of 2 runs: 20260301-120001-b, 20260301-120000-a. Say more"),
        ("zzz", "there is no run `zzz` in"),
        ("zzz", "The latest are 20260301-120001-b, 20260301-120000-a; `convalesce runs` lists"),
    ],
)
def test_a_name_that_does_not_tell_says_what_there_is(tmp_path: Path, name: str, says: str) -> None:
    kept(tmp_path, script="a.py")
    kept(tmp_path, script="b.py", after=1)
    with pytest.raises(index.UnknownRun) as raised:
        index.find(tmp_path, name)
    assert says in str(raised.value)


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    with pytest.raises(index.UnknownRun, match="nothing is kept in"):
        index.find(tmp_path, "a")
    with pytest.raises(index.UnknownRun, match="`convalesce run SCRIPT` begins a run"):
        index.latest(tmp_path)


def test_the_running_run_is_meant_before_the_last(tmp_path: Path) -> None:
    running = began(tmp_path, "a.py")
    kept(tmp_path, script="b.py", after=5)
    assert index.latest(tmp_path) == running


def test_a_removed_run_is_gone(tmp_path: Path) -> None:
    made = kept(tmp_path)
    (made.path.parent / ".other.gone").mkdir()
    index.remove(made)
    assert list((tmp_path / "runs").iterdir()) == []
