"""Reads the error messages of Keras and TensorFlow: the sentence itself, and its numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

LONGEST = 500  # characters of a message that a person reads

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CALLING = "Exception encountered when calling "
_ARGUMENTS = "\n\nArguments received by "
_NODE_STACK = re.compile(
    r'^(Graph execution error:|Detected at node .*|  File ".*|<stack traces .*)$'
)
_NODE_TAIL = re.compile(r"^\s*(\[\[\{\{node .*|Hint: If you want to see a list of .*|\[Op:.*)$")
_NODE_NAME = re.compile(r"(?:Detected at node |\{\{node )(?P<name>[\w./]+)")
_EAGER = re.compile(r"\{\{function_node [^}]*\}\} ?| ?\[Op:\w+\]( name: ?)?")
_LABEL_VALUES = re.compile(r"\s*Label values: (?P<values>[-\d ]+)")
_DUMP = re.compile(r"\[[-+\d.,e\s\[\]]{60,}\]")


def sentence(message: str) -> str:
    """The message without colours, stacks, node names and the dump of arguments."""
    text = _COLOUR.sub("", message)
    if _CALLING in text:
        innermost = text[text.rindex(_CALLING) :].partition(_ARGUMENTS)[0]
        text = innermost.partition("\n\n")[2] or innermost
    if "Graph execution error" in text or "{{node" in text:
        lines = [line for line in text.splitlines() if not _NODE_STACK.match(line.rstrip())]
        text = "\n".join(line for line in lines if not _NODE_TAIL.match(line))
    text = _LABEL_VALUES.sub("", _EAGER.sub("", text)).strip()
    text = re.sub(r"\n{2,}", "\n", _DUMP.sub("[…]", text))
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 150]} … {text[-150:]}"
    return text


def node_of(message: str) -> str:
    """Name of the graph node that failed, e.g. `sequential_1/dense_1/MatMul`; empty for none."""
    found = _NODE_NAME.search(message)
    return found["name"].removeprefix("StatefulPartitionedCall/") if found else ""


def layer_in(message: str) -> str:
    """The layer that the sentence names, empty for none."""
    for pattern in (r"of layer '([^']+)'", r'Layer "([^"]+)"', r"variable path='([^']+)/[^/']+'"):
        found = re.search(pattern, message)
        if found:
            return found[1].rpartition("/")[2]
    return ""


def numbers_in(message: str) -> dict[str, float]:
    """What the message states in figures, by name; empty where none is known."""
    found: dict[str, float] = {}
    for pattern, read in _READERS:
        match = re.search(pattern, message)
        if match:
            found.update({k: v for k, v in read(match).items() if v is not None})
    return found


def _shape(text: str) -> list[int | None]:
    """Dimensions in `(None, 8, 8)`, `[32,3]` or `[None 1 1 4]`."""
    return [None if part == "None" else int(part) for part in re.findall(r"None|-?\d+", text)]


def _named(prefix: str, text: str) -> dict[str, float | None]:
    """Rank, width and known dimensions of one shape."""
    shape = _shape(text)
    return {
        f"{prefix}_rank": len(shape),
        f"{prefix}_width": shape[-1] if shape else None,
        **{f"{prefix}_axis_{i}": size for i, size in enumerate(shape)},
    }


def _label(match: re.Match[str]) -> dict[str, float | None]:
    values = _LABEL_VALUES.search(match.string)
    labels = [int(v) for v in values["values"].split()] if values else [int(match[1])]
    return {
        "label": int(match[1]),
        "classes": int(match[2]),
        "lowest_label": min(labels),
        "highest_label": max(labels),
    }


def _window(match: re.Match[str]) -> dict[str, float | None]:
    """A convolution or pooling window against the map that it meets."""
    text = match[0]
    taken = re.search(r"inputs[ .]shape=([(\[][^)\]]*[)\]])", text)
    window = re.search(r"(?:kernel shape|pool_size)=([(\[][^)\]]*[)\]])", text)
    stride = re.search(r"strides=([(\[][^)\]]*[)\]])", text)
    inner = [s for s in _shape(taken[1])[1:-1] if s is not None] if taken else []
    sizes = [s for s in _shape(window[1]) if s is not None] if window else []
    sizes = sizes[: len(inner)] if "kernel shape" in text else sizes
    steps = [s for s in _shape(stride[1]) if s is not None] if stride else []
    return {
        "input_size": min(inner, default=None),
        "window_size": max(sizes, default=None),
        "stride": max(steps, default=None),
    }


_BYTES = {"float": 4, "double": 8, "half": 2, "bfloat16": 2, "int32": 4, "int64": 8, "uint8": 1}


def _memory(match: re.Match[str]) -> dict[str, float | None]:
    shape = [s for s in _shape(match[1]) if s is not None]
    width = re.search(r"(\d+)$", match[2])
    size = _BYTES.get(match[2]) or (int(width[1]) // 8 if width else 4)
    return {"bytes": math.prod(shape) * size, "rows": shape[0] if shape else None}


def _pair(names: tuple[str, ...]) -> Callable[[re.Match[str]], dict[str, float | None]]:
    return lambda match: {name: int(match[i + 1]) for i, name in enumerate(names)}


def _lengths(match: re.Match[str]) -> dict[str, float | None]:
    return dict(_pairs(match.string))


def _pairs(text: str) -> Iterator[tuple[str, float]]:
    for name, sizes in re.findall(r"'(x|y|sample_weight)' sizes: ([\d, ]+)", text):
        yield f"{name}_examples", int(sizes.split(",")[0])


_READERS: tuple[tuple[str, Callable[[re.Match[str]], dict[str, float | None]]], ...] = (
    (r"label value of (-?\d+) which is outside the valid range of \[0, (\d+)\)", _label),
    (
        r"target\.shape=(\([^)]*\)), output\.shape=(\([^)]*\))",
        lambda m: _named("target", m[1]) | _named("output", m[2]),
    ),
    (r"Dimensions must be equal, but are (\d+) and (\d+)", _pair(("left", "right"))),
    (
        r"Dimensions must be equal.*with input shapes: (\[[^\]]*\]), (\[[^\]]*\])",
        lambda m: _named("left", m[1]) | _named("right", m[2]),
    ),
    (
        r"y_pred\.shape=(\([^)]*\)) and y_true\.shape=(\([^)]*\))",
        lambda m: _named("target", m[2]) | _named("output", m[1]),
    ),
    (r"(?s)output size would be zero or negative.*", _window),
    (
        r"expected axis (-?\d+) of input shape to have value (\d+)",
        _pair(("axis", "expected_width")),
    ),
    (r"received input with shape (\([^)]*\))", lambda m: _named("actual", m[1])),
    (r"expected (?:min_)?ndim=(\d+), found ndim=(\d+)", _pair(("expected_rank", "actual_rank"))),
    (
        r"[Ee]xpected shape[= ](\([^)]*\)),.*?(?:found shape=|incompatible shape )(\([^)]*\))",
        lambda m: _named("expected", m[1]) | _named("actual", m[2]),
    ),
    (r"Data cardinality is ambiguous", _lengths),
    (r"OOM when allocating tensor with shape(\[[^\]]*\]) and type (\w+)", _memory),
    (r"Unable to allocate .* array with shape (\([^)]*\)) and data type (\w+)", _memory),
    (r"indices\[[^\]]*\] = (-?\d+) is not in \[0, (\d+)\)", _pair(("index", "vocabulary"))),
    (r"Training data contains (\d+) samples", _pair(("examples",))),
    (
        r"Received shapes (\([^)]*\)) and (\([^)]*\))",
        lambda m: _named("left", m[1]) | _named("right", m[2]),
    ),
    (
        r"input_shape=\[(\([^)]*\)), (\([^)]*\))",
        lambda m: _named("left", m[1]) | _named("right", m[2]),
    ),
    (
        r"data` should have same leading dimension\. Got \((\d+),\) v\.s\. \((\d+),\)",
        _pair(("left", "right")),
    ),
)
