"""The plain guess."""

from benchmarks.diagnosis.rivals.guess import most_frequent


def test_the_most_frequent_primary_cause_stands_first() -> None:
    cases = [[["hp.lr_high", "hp.batch_small"]], [["data.labels"]], [["hp.lr_high"]], []]
    said = most_frequent(cases)
    assert [claim.causes for claim in said] == [("hp.lr_high",), ("data.labels",)]
    assert said[0].says == "planted 2 times"


def test_each_of_several_faults_counts_and_equal_ones_stand_in_the_order_of_their_ids() -> None:
    said = most_frequent([[["reg.overfitting"], ["arch.frozen"]]])
    assert [claim.causes for claim in said] == [("arch.frozen",), ("reg.overfitting",)]
