import math

from convalesce import core
from convalesce.study import space
from tests.study.examples import REACH, possible, signals, small_space


def test_what_makes_no_sense_is_left_out_with_its_reason() -> None:
    within = small_space()
    names = {d.name for d in within.dimensions}
    assert {"learning rate", "optimizer", "momentum", "batch size", "class weights"} <= names
    assert dict(within.left_out)["residual connections"] == "no shortcut fits"
    adam = core.Optimizer(name="Adam", learning_rate=0.001, momentum=0.9)
    other = space(signals(optimizer=adam), REACH, possible)
    assert dict(other.left_out)["momentum"] == "only SGD is searched over its momentum"


def test_the_script_as_it_is_changes_nothing() -> None:
    within = small_space()
    assert within.changes(within.plain) == ()


def test_the_rate_follows_optimizer_and_batch() -> None:
    within = small_space()
    twice = within.changes({**within.plain, "learning rate": 2.0})
    assert twice == (core.SetLearningRate(0.02),)
    adam = within.changes({**within.plain, "optimizer": "Adam", "learning rate": 3.0})
    assert adam == (core.SetOptimizer("Adam"), core.SetLearningRate(0.003))
    assert within.rate == 0.01
    small = within.changes({**within.plain, "learning rate": 2.0, "batch size": 16})
    assert small == (core.SetBatchSize(16), core.SetLearningRate(0.01))


def test_momentum_is_of_sgd_alone() -> None:
    within = small_space()
    point = {**within.plain, "momentum": 0.9}
    assert within.changes(point) == (core.SetMomentum(0.9),)
    assert core.SetMomentum(0.9) not in within.changes({**point, "optimizer": "Adam"})


def test_changes_find_their_place_and_what_has_none_is_a_dimension_of_its_own() -> None:
    known = [core.Shuffle(), core.ScaleLearningRate(0.1), core.SetActivation("relu")]
    within = small_space(known=known)
    shuffled, relu = (str(c) for c in (known[0], known[2]))
    mended = within.dimensions[0]
    assert mended.choices == ("nothing", shuffled, relu, f"{shuffled}; {relu}")
    point = within.point([*known, core.SetDropout(0.3)])
    assert point["mended by"] == f"{shuffled}; {relu}"
    assert point["learning rate"] == 0.1
    assert point["dropout"] == 0.25
    assert within.point(known[2:])["mended by"] == relu
    assert within.changes(point)[:2] == (known[0], known[2])
    assert "mended by" not in small_space(known=known[1:2]).plain


def test_what_is_known_lies_within_its_dimension() -> None:
    known = [core.ScaleLearningRate(0.001), core.SetLearningRate(5.0), core.SetEpochs(40)]
    within = small_space(known=known)
    rate = next(d for d in within.dimensions if d.name == "learning rate")
    assert (rate.low, rate.high) == (0.001, 500.0)
    assert within.changes(within.point(known[2:])) == (core.SetEpochs(40),)
    assert math.isclose(small_space().dimensions[0].high, 100.0)


def test_a_mend_that_cannot_be_made_here_is_none() -> None:
    assert "mended by" not in space(signals(), REACH, lambda _: "no", [core.Shuffle()]).plain
