import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from convalesce import core
from convalesce.track.digest import best, fingerprint
from convalesce.track.facts import Difference, differences, of_run, of_summary
from tests.track.runs import fit


def run(*fits: core.Fit) -> core.Run:
    return core.Run(script="train.py", fits=fits or (fit(),))


def test_equal_runs_differ_in_nothing() -> None:
    assert differences([of_run(run()), of_run(run())]) == []


def test_runs_differ_in_the_rate_the_data_and_the_result() -> None:
    told = [of_run(run(fit(rate=0.01))), of_run(run(fit((0.5, 0.2), rate=0.1, maximum=255.0)))]
    found = {(d.part, d.name): d.values for d in differences(told)}
    assert found["set-up", "learning rate"] == ("0.01", "0.1")
    assert found["data", "train: input maximum"] == ("1", "255")
    assert found["result", "loss, last"] == ("0.35", "0.2")
    assert ("set-up", "optimizer") not in found


def test_parts_stand_in_their_order() -> None:
    a = {("result", "x"): "1", ("data", "y"): "1", ("script", "z"): "1"}
    assert [d.part for d in differences([a, {}])] == ["script", "data", "result"]


def test_settings_of_another_optimizer_are_not_listed_one_by_one() -> None:
    sgd = core.Optimizer(name="SGD", learning_rate=0.01, settings={"nesterov": 0.0})
    other = fit(more={core.SETUP: core.Setup(losses=(), optimizer=sgd, epochs=4)})
    names = [d.name for d in differences([of_run(run()), of_run(run(other))])]
    assert "optimizer" in names and not any("'s " in n for n in names)
    adam = core.Optimizer(name="Adam", learning_rate=0.01, settings={"epsilon": 1.0})
    again = fit(more={core.SETUP: core.Setup(losses=(), optimizer=adam, epochs=4)})
    names = [d.name for d in differences([of_run(run()), of_run(run(again))])]
    assert "Adam's epsilon" in names


def test_a_layer_that_one_run_has_more_is_one_difference() -> None:
    layers = tuple(core.Layer(name=n, path=n, kind="Conv2D", parameters=9) for n in ("a", "b"))
    model = core.Model(name="m", style="sequential", layers=layers, outputs=())
    more = core.Layer(name="bn", path="bn", kind="BatchNormalization")
    other = replace(model, layers=(layers[0], more, layers[1]))
    told = [of_run(run(fit(more={core.MODEL: m}))) for m in (model, other)]
    assert differences(told) == [
        Difference("model", "layers", ("2", "3")),
        Difference("model", "layer bn", ("", "BatchNormalization")),
    ]


def test_each_fit_of_several_is_compared_with_its_like() -> None:
    told = [of_run(run(fit(), fit(index=1))), of_run(run(fit(), fit(rate=1.0, index=1)))]
    assert [d.name for d in differences(told)] == ["fit 2: learning rate"]


def test_scripts_and_surroundings_are_compared_by_their_small_files() -> None:
    a = of_summary(
        {"script": "a.py", "script_sha256": "f" * 64, "seeds": {"keras": 1}},
        {"python": "3.11.7", "packages": {"keras": "3.15.0"}, "git": {"commit": "c" * 40}},
    )
    assert a["script", "SHA-256"] == "f" * 12 and a["script", "commit"] == "c" * 12
    assert a["environment", "keras"] == "3.15.0" and a["set-up", "seed of keras"] == "1"


def test_the_fingerprint_tells_data_apart_and_ignores_last_digits() -> None:
    one = fingerprint(run())["train"]
    assert one == fingerprint(run(fit((9.0,), rate=5.0)))["train"]
    assert one != fingerprint(run(fit(maximum=255.0)))["train"]
    assert one["hash"] == fingerprint(run(fit(maximum=1.0 + 1e-9)))["train"]["hash"]
    assert one["whole"] is True


@given(st.lists(st.floats(allow_nan=True), min_size=1))
def test_the_best_is_among_the_finite_values(values: list[float]) -> None:
    for name in ("val_loss", "accuracy"):
        found = best(name, values)
        finite = [v for v in values if math.isfinite(v)]
        if not finite:
            assert math.isnan(found)
        else:
            assert found == (min(finite) if name == "val_loss" else max(finite))
