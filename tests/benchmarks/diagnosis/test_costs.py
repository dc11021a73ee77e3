"""What a diagnosis cost."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.diagnosis import costs

COST = {"training_s": 10.0, "monitor_s": 1.0, "scan_s": 0.5, "probes_s": 2.0}


def test_time_to_diagnosis_is_that_of_the_whole_command() -> None:
    found = costs.spent({"seconds": 20.0, "plain_seconds": 16.0, "report": {"cost": COST}})
    assert found is not None
    assert (found.whole, found.over_plain, found.probes_over_training) == (20.0, 1.25, 0.2)


def test_a_run_without_a_report_or_a_plain_run_leaves_its_figure_out() -> None:
    assert costs.spent({}) is costs.spent({"report": None}) is None
    found = costs.spent({"seconds": 20.0, "plain_seconds": None, "report": {"cost": COST}})
    assert found is not None and found.over_plain is None
    assert not any(line.startswith("time over plain") for line in costs.table([found]))


def test_the_table_shows_the_middle_the_ninth_tenth_and_the_most() -> None:
    runs = [costs.Spent(float(s), None, 10.0, 0.0, 0.0, 0.0) for s in range(1, 21)]
    assert costs.table(runs)[1].split()[-4:] == ["20", "10.50", "18.00", "20.00"]


@given(st.lists(st.floats(0, 100), min_size=1))
def test_nine_tenths_do_not_exceed_the_ninth_tenth(values: list[float]) -> None:
    limit = costs.ninth_tenth(values)
    assert limit in values
    assert 10 * sum(v <= limit for v in values) >= 9 * len(values)
