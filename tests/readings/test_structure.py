import math
from dataclasses import replace

import pytest

from convalesce import core
from convalesce.readings import structure


def dense(name: str, activation: str = "linear", *, into: int = 64, width: int = 64) -> core.Layer:
    return core.Layer(
        name=name, path=name, kind="Dense", activation=activation, kernel_shape=(into, width)
    )


def plain(kind: str, name: str = "") -> core.Layer:
    return core.Layer(name=name or kind.lower(), path=name or kind.lower(), kind=kind)


def conv(name: str, size: int, stride: int, *, kind: str = "Conv2D") -> core.Layer:
    after = -(-size // stride)
    return core.Layer(
        name=name,
        path=name,
        kind=kind,
        kernel_shape=(3, 3, 8, 8) if kind == "Conv2D" else (),
        kernel_size=(3, 3),
        strides=(stride, stride),
        input_shape=(size, size, 8),
        output_shape=(after, after, 8),
    )


def sequential(*layers: core.Layer) -> core.Model:
    return core.Model(name="net", style="sequential", layers=layers, outputs=())


def graph(*layers: core.Layer) -> core.Model:
    return core.Model(name="net", style="functional", layers=layers, outputs=())


def names(chains: tuple[tuple[core.Layer, ...], ...]) -> list[list[str]]:
    return [[layer.name for layer in chain] for chain in chains]


def test_two_linear_layers_in_a_row_collapse() -> None:
    found = structure.collapsed(sequential(dense("a"), dense("b"), dense("c", "softmax")))
    assert names(found) == [["a", "b", "c"]]


def test_dropout_flatten_and_batch_normalisation_do_not_keep_layers_apart() -> None:
    between = (plain("Dropout"), plain("Flatten"), plain("BatchNormalization"))
    assert names(structure.collapsed(sequential(dense("a"), *between, dense("b", "relu")))) == [
        ["a", "b"]
    ]


@pytest.mark.parametrize(
    "between",
    [
        replace(plain("ReLU"), activation="relu"),
        replace(plain("relu"), activation="relu"),
        plain("MaxPooling2D"),
        plain("LayerNormalization"),
        plain("LSTM"),
        plain("MultiHeadAttention"),
        plain("TheirOwn"),
    ],
)
def test_anything_that_may_be_nonlinear_keeps_layers_apart(between: core.Layer) -> None:
    assert structure.collapsed(sequential(dense("a"), between, dense("b", "relu"))) == ()


def test_one_linear_layer_alone_is_a_linear_model() -> None:
    assert structure.collapsed(sequential(plain("Flatten"), dense("head", "softmax"))) == ()
    assert structure.collapsed(sequential(dense("a", "relu"), dense("head"))) == ()


def test_a_projection_narrower_than_both_sides_is_on_purpose() -> None:
    narrow = (dense("code", width=8), dense("out", "sigmoid", into=8, width=64))
    assert structure.collapsed(sequential(*narrow)) == ()


def test_a_depthwise_layer_and_its_pointwise_one_are_one_operation() -> None:
    depthwise = replace(dense("dw"), kind="DepthwiseConv2D", kernel_shape=(3, 3, 8, 1))
    pointwise = replace(dense("pw", "relu"), kind="Conv2D", kernel_shape=(1, 1, 8, 16))
    assert structure.collapsed(sequential(depthwise, pointwise)) == ()


def test_an_enlarging_transposed_convolution_is_on_purpose() -> None:
    up = replace(dense("up"), kind="Conv2DTranspose", kernel_shape=(2, 2, 8, 16), strides=(2, 2))
    out = replace(dense("out", "sigmoid"), kind="Conv2D", kernel_shape=(1, 1, 8, 1))
    assert structure.collapsed(sequential(up, out)) == ()


def test_a_linear_branch_that_ends_in_a_sum_is_on_purpose() -> None:
    a = replace(dense("a", "relu"), connects=("input",))
    b = replace(dense("b"), connects=("a",))
    add = replace(plain("Add", "add"), connects=("a", "b"))
    c = replace(dense("c", "relu"), connects=("add",))
    assert structure.collapsed(graph(a, b, add, c)) == ()


def test_layers_whose_connections_are_not_known_are_left_alone() -> None:
    assert structure.collapsed(graph(dense("a"), dense("b"), dense("c"))) == ()


def test_the_last_weighted_layer_is_not_hidden() -> None:
    model = sequential(dense("a"), dense("b"), plain("Activation"))
    assert [layer.name for layer in structure.hidden(model)] == ["a"]


def test_an_embedding_is_no_weighted_layer() -> None:
    look_up = replace(dense("e"), kind="Embedding")
    assert structure.weighted(sequential(look_up, dense("a"))) == (dense("a"),)


def test_a_normalisation_or_a_shortcut_ends_the_plain_depth() -> None:
    stack = [dense(f"d{i}") for i in range(6)]
    assert structure.plain_depth(sequential(*stack)) == 6
    normal = plain("BatchNormalization")
    assert structure.plain_depth(sequential(*stack[:2], normal, *stack[2:])) == 4
    assert structure.plain_depth(replace(sequential(*stack), skips=1)) == 0


def test_the_scales_follow_from_the_fans_of_a_kernel() -> None:
    layer = replace(dense("a"), kernel_shape=(3, 3, 16, 32))
    uniform = math.sqrt(6 / (9 * 16 + 9 * 32))  # Keras's GlorotUniform draws from -limit to limit
    expected = {
        "GlorotUniform": uniform / math.sqrt(3),
        "HeNormal": math.sqrt(2 / (9 * 16)),
        "LecunNormal": math.sqrt(1 / (9 * 16)),
        "RandomUniform": 0.1 / math.sqrt(12),
    }
    for name, deviation in expected.items():
        assert structure.drawn(replace(layer, initializer=name)) == pytest.approx(deviation)


def test_a_constant_initialiser_draws_nothing_known() -> None:
    assert structure.drawn(replace(dense("a"), initializer="Constant")) is None


def test_strides_are_counted_by_weighted_layer_with_pooling_in() -> None:
    model = sequential(
        conv("a", 64, 2), conv("p", 32, 2, kind="MaxPooling2D"), conv("b", 16, 2), conv("c", 8, 8)
    )
    found = structure.shrinking(model)
    assert found is not None
    assert (found.start, found.end, found.convolutions) == (64, 1, 3)
    assert found.stride == pytest.approx(64 ** (1 / 3))


def test_convolutions_on_a_map_of_one_position_are_named() -> None:
    found = structure.shrinking(sequential(conv("a", 8, 8), conv("b", 1, 1), conv("c", 1, 1)))
    assert found is not None
    assert [layer.name for layer in found.behind] == ["b", "c"]


def test_a_net_that_enlarges_its_map_again_is_not_judged() -> None:
    up = plain("UpSampling2D")
    assert structure.shrinking(sequential(conv("a", 8, 8), up)) is None
    assert structure.shrinking(sequential(dense("a"))) is None


def test_sizes_cannot_overflow() -> None:
    assert structure.count((10**200, 10**200)) == structure.MOST
    assert math.isfinite(float(structure.count((None, 3))))


@pytest.mark.parametrize(
    ("kind", "kernel"),
    [
        ("Conv2D", (3, 3, 16, 24)),
        ("SeparableConv2D", (3, 3, 16, 1)),
        ("DepthwiseConv2D", (3, 3, 24, 1)),
        ("Conv2DTranspose", (3, 3, 24, 2)),
        ("Dense", (16, 24)),
    ],
)
def test_the_width_of_a_layer_is_what_it_gives(kind: str, kernel: tuple[int, ...]) -> None:
    layer = core.Layer(
        name="a", path="a", kind=kind, kernel_shape=kernel, output_shape=(None, None, 24)
    )
    assert structure.width(layer) == 24
