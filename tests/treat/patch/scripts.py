"""Scripts as users write them, and the facts that observing them would give."""

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Any

from convalesce import core
from convalesce.treat.patch import Facts, Patched, patch

KINDS = re.compile(
    r"^(Conv\dD|Dense|SeparableConv2D|DepthwiseConv2D|MaxPooling\dD|MaxPool2D|AveragePooling2D"
    r"|GlobalAveragePooling2D|Flatten|Dropout|SpatialDropout2D|BatchNormalization|Activation|ReLU"
    r"|LeakyReLU|ELU|LSTM|GRU|SimpleRNN|Embedding|Add|Reshape|RandomFlip|RandomRotation|RandomZoom"
    r"|RandomTranslation|Rescaling|Normalization)$"
)


def script(text: str) -> str:
    """A script without the indentation that it has in a test."""
    return textwrap.dedent(text).lstrip("\n")


def layers_of(source: str, turns: int = 1, shape: tuple[int, ...] = ()) -> tuple[core.Layer, ...]:
    """The layers that a script builds, in the order in which it applies them.

    Args:
        source: The script.
        turns: How often each loop runs.
        shape: Input and output shape of every layer that has one of its own in no other way.
    """
    tree = ast.parse(source)
    found: list[tuple[int, ast.Call]] = []
    looped = {
        node
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For | ast.ListComp)
        for node in ast.walk(loop)
    }
    applied = {n.func: n for n in ast.walk(tree) if isinstance(n, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and KINDS.match(_name(node.func)):
            outer: Any = applied.get(node, node)
            found.append((outer.end_lineno * 1000 + outer.end_col_offset, node))
    calls = [node for _, node in sorted(found, key=lambda pair: pair[0])]
    once = [[c] for c in calls if c not in looped]
    loops = [c for c in calls if c in looped]
    first = calls.index(loops[0]) if loops else 0
    order = [c for (c,) in once[:first]] + loops * turns + [c for (c,) in once[first:]]
    counts: Counter[str] = Counter()
    return tuple(_layer(call, counts, shape) for call in order)


def facts_of(  # noqa: PLR0913 - what a run can differ in
    source: str,
    *,
    turns: int = 1,
    shape: tuple[int, ...] = (),
    layers: Sequence[core.Layer] | None = None,
    style: Any = "sequential",
    skips: int = 0,
    inputs: tuple[tuple[int | None, ...], ...] = ((8, 8, 1),),
    setup: dict[str, Any] | None = None,
    train: core.Split | None = None,
    validation: core.Split | None = None,
) -> Facts:
    """What observing a script would give, read off its text."""
    tree = ast.parse(source)
    sites = {
        node.func.attr: core.Site("train.py", node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"compile", "fit"}
    }
    found = tuple(layers) if layers is not None else layers_of(source, turns, shape)
    last = core.Output(name="y", layer="", shape=(10,), width=10, activation="softmax")
    model = core.Model(
        name="m", style=style, layers=found, outputs=(last,), input_shapes=inputs, skips=skips
    )
    told = {"steps_per_epoch": 75, "epochs": 8, "batch_size": 32} | (setup or {})
    return Facts(
        file="train.py",
        model=model,
        setup=core.Setup(
            losses=(),
            optimizer=told.pop("optimizer", None),
            fit_site=sites.get("fit"),
            compile_site=sites.get("compile"),
            **told,
        ),
        train=train,
        validation=validation,
    )


def split(
    form: Any = "class_index",
    *,
    counts: tuple[int, ...] = (90, 10),
    x: dict[str, Any] | None = None,
    y: dict[str, Any] | None = None,
    **others: Any,
) -> core.Split:
    """A scanned split of arrays."""
    inputs = {"shape": (8, 8, 1), "dtype": "float32", "kind": "image", "std": (0.3,)} | (x or {})
    inputs |= {"minimum": (0.0,), "maximum": (1.0,), "mean": (0.5,)}
    targets = {"shape": (), "dtype": "int64", "classes": len(counts), "counts": counts} | (y or {})
    told: dict[str, Any] = {"role": "train", "source": "arrays", "examples": sum(counts)}
    told |= {"scanned": sum(counts), "whole": True} | others
    return core.Split(
        inputs=(core.Inputs(name="x", **inputs),),
        targets=(core.Targets(name="y", form=form, **targets),),
        **told,
    )


def changed(patched: Patched) -> str:
    """Lines that went and lines that came, in the order of the diff."""
    assert not patched.left, patched.left
    lines = patched.diff("train.py").splitlines()[2:]
    return "\n".join(line for line in lines if line.startswith(("+", "-")))


def mended(source: str, change: core.Change, facts: Facts) -> str:
    """Went and came, after checks that hold for every edit."""
    result = patch(source, [change], facts)
    compile(result.source, "train.py", "exec")
    for comment in re.findall(r"#.*", source):
        assert comment in result.source, f"lost: {comment}"
    return changed(result)


def diff(text: str) -> str:
    """An expected difference, written with the indentation of a test."""
    return textwrap.dedent(text).strip("\n")


def refused(source: str, change: core.Change, facts: Facts) -> Any:
    """What is said where there is no faithful edit; the script stays as it is."""
    result = patch(source, [change], facts)
    assert result.source == source
    (left,) = result.left
    return left


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _layer(call: ast.Call, counts: Counter[str], shape: tuple[int, ...]) -> core.Layer:
    kind = _name(call.func)
    kind = {"MaxPool2D": "MaxPooling2D"}.get(kind, kind)
    words = {k.arg: k.value for k in call.keywords}
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind).lower()
    name = f"{plain}_{counts[plain]}" if counts[plain] else plain
    counts[plain] += 1
    name = ast.literal_eval(words["name"]) if "name" in words else name
    activation = _activation(kind, call, words)
    numbers = [ast.literal_eval(a) for a in call.args if isinstance(a, ast.Constant)]
    strides = ()
    if kind.startswith(("Conv", "MaxPooling")):
        given = words.get("strides")
        strides = (2, 2) if kind.startswith("Max") else (1, 1)
        strides = (numbers[2],) * 2 if kind == "Conv2D" and len(numbers) > 2 else strides
        strides = (ast.literal_eval(given),) * 2 if given is not None else strides
    return core.Layer(
        name=name,
        path=f"m/{name}",
        kind=kind,
        activation=activation,
        parameters=10,
        l2=0.1 if "kernel_regularizer" in words else 0.0,
        rate=numbers[0] if "Dropout" in kind and numbers else 0.5 if "Dropout" in kind else None,
        strides=strides,
        kernel_size=(2, 2) if kind.startswith("Max") else (3, 3) if "Conv" in kind else (),
        input_shape=shape or (4, 4, 8),
        output_shape=shape or (4, 4, 8),
        site=core.Site("train.py", call.lineno),
    )


def _activation(kind: str, call: ast.Call, words: dict[str | None, ast.expr]) -> str | None:
    given = words.get("activation")
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
    if isinstance(given, ast.Constant):
        return str(given.value)
    if kind in {"ReLU", "LeakyReLU", "ELU"}:
        return {"ReLU": "relu", "LeakyReLU": "leaky_relu", "ELU": "elu"}[kind]
    if kind == "Activation":
        return texts[0] if texts else "relu"
    if kind.startswith(("Conv", "Dense", "Separable", "Depthwise")):
        return texts[0] if texts and kind == "Dense" else "linear"
    return None
