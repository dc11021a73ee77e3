from collections.abc import Iterable

import pytest

from convalesce import core
from convalesce.lab.graph import Graph, graph_of
from tests.lab.apply import nets


def names(graph: Graph, places: Iterable[int]) -> list[str]:
    return [graph.steps[p].layer.name for p in places]


def test_the_head_of_a_u_net_is_its_last_convolution() -> None:
    graph = graph_of(nets.unet())
    assert names(graph, graph.heads()) == ["out"]
    assert names(graph, graph.hidden()) == ["down", "low", "up", "high"]


def test_nested_models_are_opened() -> None:
    graph = graph_of(nets.nested())
    assert names(graph, graph.hidden()) == ["base_conv", "base_last"]
    (flat,) = [i for i, s in enumerate(graph.steps) if s.kind == "Flatten"]
    assert names(graph, graph.steps[flat].sources) == ["base_last"]


def test_each_output_has_its_head_and_a_shared_layer_is_hidden_once() -> None:
    graph = graph_of(nets.twins())
    assert sorted(names(graph, graph.heads())) == ["kind", "size"]
    assert names(graph, graph.hidden()) == ["shared"]
    (shared,) = {s.layer for s in graph.steps if s.layer.name == "shared"}
    assert len(graph.calls(shared)) == 2


def test_normalisation_and_activation_belong_to_the_layer_before_them() -> None:
    graph = graph_of(nets.cnn())
    (c1,) = [i for i, s in enumerate(graph.steps) if s.layer.name == "c1"]
    assert names(graph, graph.trail(c1)) == ["n1", "r1"]


def test_a_subclassed_model_has_no_graph() -> None:
    with pytest.raises(core.CannotChange, match="Own is a subclassed model, whose layers can't"):
        graph_of(nets.own())
