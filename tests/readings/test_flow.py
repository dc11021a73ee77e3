import math
from typing import Any

import numpy as np
import pytest

from convalesce import core
from convalesce.readings import flow


def layer(name: str, *, width: int = 4, into: int = 4, activation: str = "relu") -> core.Layer:
    return core.Layer(
        name=name,
        path=f"net/{name}",
        kind="Dense",
        activation=activation,
        kernel_shape=(into, width),
        parameters=into * width,
        trainable_parameters=into * width,
    )


def net(*layers: core.Layer) -> core.Model:
    output = core.Output(name="y", layer=layers[-1].name, shape=(1,), width=1, activation="softmax")
    return core.Model(name="net", style="sequential", layers=layers, outputs=(output,))


def series(columns: dict[str, list[float]]) -> core.Series:
    values = np.stack([np.asarray(v, np.float64) for v in columns.values()], -1)
    return core.Series(np.arange(len(values)), values, tuple(columns))


def test_a_variable_belongs_to_the_layer_with_the_longest_path_in_front_of_it() -> None:
    outer = core.Layer(name="block", path="net/block", kind="Dense")
    inner = core.Layer(name="conv", path="net/block/conv", kind="Conv2D")
    assert flow.owner("net/block/conv/kernel", (outer, inner)) is inner
    assert flow.owner("net/block/bias", (outer, inner)) is outer


def test_a_variable_without_a_path_belongs_to_the_layer_that_it_names() -> None:
    conv = core.Layer(name="conv", path="", kind="Conv2D")
    assert flow.owner("somewhere/conv/kernel", (conv,)) is conv
    assert flow.owner("somewhere/convolution/kernel", (conv,)) is None


def test_the_profile_does_not_depend_on_the_size_of_a_layer() -> None:
    model = net(layer("a", into=100, width=100), layer("b"), layer("c"))
    found = flow.profile(
        model,
        series({"net/a/kernel": [100.0] * 4, "net/b/kernel": [4.0] * 4, "net/c/kernel": [4.0] * 4}),
    )
    assert found.layers == ("a", "b", "c")
    assert found.levels == pytest.approx((1.0, 1.0, 1.0))
    assert found.ratio == pytest.approx(1.0)


def test_a_gradient_that_fades_toward_the_input_has_a_small_ratio_and_order_one() -> None:
    model = net(layer("a"), layer("b"), layer("c"), layer("d"))
    columns = {
        f"net/{n}/kernel": [4 * 10.0**-p] * 4 for n, p in zip("abcd", (6, 4, 2, 0), strict=True)
    }
    found = flow.profile(model, series(columns))
    assert found.ratio == pytest.approx(1e-6)
    assert found.order == pytest.approx(1.0)
    assert found.under(1e-3) == ("a", "b")


def test_the_bias_of_the_output_shows_what_comes_in_from_the_loss() -> None:
    model = net(layer("a"), layer("b"), layer("c", width=4))
    columns = {"net/a/kernel": [4e-6], "net/b/kernel": [4e-6], "net/c/kernel": [4e-6]}
    faded = flow.profile(model, series({**columns, "net/c/bias": [2.0]}))
    assert faded.levels[-1] == pytest.approx(1.0)
    assert faded.ratio == pytest.approx(1e-6)


def test_steps_that_are_no_number_leave_the_profile_alone() -> None:
    model = net(layer("a"), layer("b"), layer("c"))
    columns = {f"net/{n}/kernel": [4.0, math.nan, math.inf] for n in "abc"}
    assert flow.profile(model, series(columns)).levels == pytest.approx((1.0, 1.0, 1.0))


def test_the_total_norm_joins_all_variables() -> None:
    assert flow.total_norm(series({"a": [3.0], "b": [4.0]})) == pytest.approx([5.0])


def test_a_variable_that_was_never_recorded_does_not_spoil_the_total_norm() -> None:
    assert flow.total_norm(series({"a": [3.0], "b": [math.nan]})) == pytest.approx([3.0])


def test_growth_holds_the_highest_norm_against_the_first_ones() -> None:
    assert flow.growth(np.array([2.0, 2.0, 2.0, 3.0, 400.0, math.inf])) == pytest.approx(200.0)
    assert math.isnan(flow.growth(np.array([])))


def test_a_layer_without_gradient_is_unmoved_while_another_learns() -> None:
    model = net(layer("a"), layer("b"))
    columns = {"net/a/kernel": [0.0, 0.0], "net/b/kernel": [1.0, 1.0]}
    assert [x.name for x in flow.unmoved(model, series(columns), None)] == ["a"]


def test_no_layer_counts_as_unmoved_where_none_learns() -> None:
    model = net(layer("a"), layer("b"))
    columns = {"net/a/kernel": [0.0], "net/b/kernel": [0.0]}
    assert flow.unmoved(model, series(columns), None) == ()


def test_a_layer_that_is_updated_without_gradient_is_not_unmoved() -> None:
    model = net(layer("a"), layer("b"))
    columns = {"net/a/kernel": [0.0], "net/b/kernel": [1.0]}
    moves = series({"net/a/kernel": [0.01], "net/b/kernel": [0.01]})
    assert flow.unmoved(model, series(columns), moves) == ()


def test_units_that_were_off_from_the_start_have_not_died() -> None:
    model = net(layer("a"), layer("b"))
    (found,) = flow.dead(model, series({"net/a": [0.5] * 8}))
    assert found.died == 0
    (worse,) = flow.dead(model, series({"net/a": [0.5] + [0.75] * 15}))
    assert worse.died == pytest.approx(0.5)


def test_only_rectified_hidden_layers_can_be_dead() -> None:
    model = net(layer("a", activation="tanh"), layer("b"), layer("c"))
    found = flow.dead(model, series({"net/a": [1.0], "net/b": [0.2], "net/c": [1.0]}))
    assert [d.layer for d in found] == ["b"]


def test_of_an_activation_used_twice_the_worse_place_counts() -> None:
    model = net(layer("relu"), layer("a"), layer("head"))
    found = flow.dead(model, series({"net/relu": [0.1], "net/relu (2)": [0.9], "net/a": [0.0]}))
    assert [(d.layer, d.last) for d in found] == [("relu", 0.9), ("a", 0.0)]


def answers(**figures: Any) -> core.Predictions:
    return core.Predictions(role="train", examples=100, **figures)


def test_the_loss_alone_tells_a_stall_that_accuracy_hides() -> None:
    stalled = answers(loss=1.094, baseline_loss=1.099, accuracy=0.64, baseline_accuracy=0.34)
    assert flow.loss_share(stalled) < 0.01
    assert flow.learned(stalled) > 0.4


def test_without_answers_the_steps_tell_what_was_learned() -> None:
    steps = core.record({core.LOSS: [2.0] * 3 + [0.5] * 20})[core.LOSS]
    assert flow.loss_share(None, steps) == pytest.approx(0.75)
    assert flow.learned(None, steps) == pytest.approx(0.75)
    assert math.isnan(flow.loss_share(None, None))


def test_the_gap_is_in_shares_of_what_chance_leaves() -> None:
    train = answers(accuracy=1.0, baseline_accuracy=0.5)
    assert flow.gap(train, answers(accuracy=0.75, baseline_accuracy=0.5)) == pytest.approx(0.5)
    assert math.isnan(flow.gap(train, None))
