"""Rebuilds a Sequential or Functional model with layers changed, put in or taken out.

The copy shares nothing with the user's model. Layers whose weights keep their shapes begin with the
weights that the model has now; the others are drawn anew, each from its own name and the seed of
the setting, so that they don't depend on what else was changed.
"""

from __future__ import annotations

import contextlib
import inspect
import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from convalesce import core
from convalesce.lab.copying import copied, seed_of
from convalesce.lab.edits import edited
from convalesce.lab.graph import graph_of, nodes_of, opened
from convalesce.lab.setting import Setting
from convalesce.observe.layers import as_initialized
from convalesce.observe.sites import carry

MOST_WEIGHTS = 64 << 20  # of one layer: as many as a fit may have to be kept for experiments


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What becomes of one layer.

    Attributes:
        config: Keywords of its configuration that are other.
        before: Make layers that are put in front of it, in their order. `after`: behind it.
        instead: Makes the layer that takes its place.
        gone: It is taken out.
        around: A layer before it: what goes into that one is added to what comes out here.
    """

    config: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Callable[[], Any], ...] = ()
    after: tuple[Callable[[], Any], ...] = ()
    instead: Callable[[], Any] | None = None
    gone: bool = False
    around: Any = None


NOTHING = Edit()


@dataclass(slots=True)
class _Work:
    """One rebuilding under way; dictionaries go from an object of the old model to the new one."""

    edits: Mapping[Any, Edit]
    seed: int
    copies: dict[Any, Any] = field(default_factory=dict)
    extra: dict[Any, tuple[list[Any], list[Any]]] = field(default_factory=dict)
    begins: dict[Any, Any] = field(default_factory=dict)


def rebuilt(setting: Setting, edits: Mapping[Any, Edit], *, reshaped: bool = False) -> Setting:
    """The setting on a copy of its model, layers edited.

    Args:
        setting: Of a Sequential or Functional model.
        edits: By the layer.
        reshaped: The outputs are meant to have other shapes.

    Raises:
        core.CannotChange: The model's own code calls the layers, a layer can't be made anew from
            its configuration, the layers do not fit together, or the outputs change.
    """
    model = setting.model
    graph_of(model)  # says so where the model can't be opened
    work = _Work(edits, setting.seed)
    try:
        with _scope(model), _kept_random(), edited(setting.edits):
            made = _model(model, work)
            _copy_weights(work, reshaped=reshaped)
    except core.CannotChange:
        raise
    except Exception as error:
        says = str(error).strip().splitlines() or [type(error).__name__]
        raise core.CannotChange(f"the layers do not fit together so: {says[0]}") from error
    before, after = ([tuple(t.shape[1:]) for t in m.outputs] for m in (model, made))
    if before != after and not reshaped:
        raise core.CannotChange(f"its output would have the shape {after}, not {before}")
    _copy_flags(setting, work)
    for old, new in work.copies.items():
        carry(old, new)
    return replace(setting.with_model(made), edits=(), flags=())


def free_name(model: Any, wish: str) -> str:
    """A name that no layer of the model has."""
    taken = {layer.name for layer in model._flatten_layers()}  # noqa: SLF001
    name, number = wish, 1
    while name in taken:
        number += 1
        name = f"{wish}_{number}"
    return name


# ---- the walk --------------------------------------------------------------------------------


def _model(model: Any, work: _Work, given: list[Any] | None = None) -> Any:
    import keras

    if model in work.copies:
        return work.copies[model]
    functional = opened(model)
    inputs = _inputs(functional, given)
    tree = keras.tree
    at = dict(zip(map(id, functional.inputs), tree.flatten(inputs), strict=True))
    order: list[Any] = []
    for node in nodes_of(functional):
        args, kwargs = node.arguments.fill_in(at)
        made = _called(node.operation, args, kwargs, work, order)
        at.update(zip(map(id, node.outputs), tree.flatten(made), strict=True))
    ends = [at[id(t)] for t in functional.outputs]
    outputs = tree.pack_sequence_as(functional._outputs_struct, ends)  # noqa: SLF001
    made = _assembled(model, inputs, outputs, order, work)
    work.copies[model] = made
    return made


def _inputs(functional: Any, given: list[Any] | None) -> Any:
    """New inputs; sizes that have changed upstream are taken over."""
    import keras

    found = []
    for number, tensor in enumerate(functional.inputs):
        shape = list(tensor.shape)
        if given is not None:
            now = given[number].shape
            shape = [None if s is None else n for s, n in zip(shape, now, strict=True)]
        elif not any(getattr(x, "stateful", False) for x in functional.layers):
            shape[0] = None
        name = tensor._keras_history.operation.name  # noqa: SLF001
        found.append(keras.Input(batch_shape=tuple(shape), dtype=tensor.dtype, name=name))
    return keras.tree.pack_sequence_as(functional._inputs_struct, found)  # noqa: SLF001


def _called(layer: Any, args: Any, kwargs: Any, work: _Work, order: list[Any]) -> Any:
    import keras

    edit = work.edits.get(layer, NOTHING)
    if layer not in work.extra:
        work.extra[layer] = ([m() for m in edit.before], [m() for m in edit.after])
    before, after = work.extra[layer]
    first, *others = args
    work.begins[layer] = first
    for one in before:
        first = one(first)
    if edit.gone:
        out, between = first, []
    else:
        if opened(layer) is not None:
            copy = _model(layer, work, keras.tree.flatten((first, *others)))
        else:
            copy = _layer(layer, edit, work)
        _bound(copy, first)
        kept = {} if edit.instead else kwargs  # another layer takes other keywords
        out, between = copy(first, *others, **kept), [copy]
        inner = getattr(copy, "activation", None)
        if isinstance(inner, keras.layers.Layer) and not inner.built:
            inner.build(out.shape)  # the call with symbols has passed it by
    for one in after:
        out = one(out)
    order.extend([*before, *between, *after])
    if edit.around is not None:
        out = _sum(layer, work.begins[edit.around], out)
    return out


def _sum(layer: Any, begin: Any, end: Any) -> Any:
    """The shortcut added, by a projection where the widths differ (He et al. 2016, option B)."""
    import keras

    kept = {"dtype": layer.dtype_policy}
    if begin.shape[-1] != end.shape[-1]:
        project = keras.layers.Dense(
            end.shape[-1], use_bias=False, name=f"{layer.name}_projection", **kept
        )
        begin = project(begin)
    return keras.layers.Add(name=f"{layer.name}_shortcut", **kept)([begin, end])


def _assembled(model: Any, inputs: Any, outputs: Any, order: list[Any], work: _Work) -> Any:
    """A model of the same class."""
    import keras
    from keras.src.models.functional import Functional

    kind = type(model)
    cut = any(work.edits.get(layer, NOTHING).around is not None for layer in model.layers)
    if isinstance(model, keras.Sequential) and not (cut and kind is keras.Sequential):
        if cut or kind.__init__ is not keras.Sequential.__init__:
            raise core.CannotChange(f"{kind.__name__} makes its own layers")
        made = kind([inputs], name=model.name)
        made._layers.extend(order)  # noqa: SLF001 - as `add` does; the layers are called already
        made._functional = Functional(inputs, outputs)  # noqa: SLF001
        made._build_shapes_dict = {"input_shape": tuple(inputs.shape)}  # noqa: SLF001
        made.built = True
        return made
    if isinstance(model, keras.Sequential):
        kind = Functional
    elif not _takes_graph(kind):
        raise core.CannotChange(f"{kind.__name__} makes its own layers")
    made = kind(inputs, outputs, name=model.name)
    if not kind.__module__.startswith("keras."):
        own = {k: v for k, v in vars(model).items() if k not in vars(made)}
        for name, value in own.items():
            if not name.startswith("_") and not isinstance(value, keras.layers.Layer):
                setattr(made, name, value)
    return made


def _takes_graph(kind: type) -> bool:
    from keras.src.models.functional import Functional

    takes = inspect.getfullargspec(kind.__init__)  # type: ignore[misc]  # read, not called
    same = takes.args[1:] == inspect.getfullargspec(Functional.__init__).args[1:]
    return same or (takes.varargs is not None and takes.varkw is not None)


# ---- one layer -------------------------------------------------------------------------------


def _layer(layer: Any, edit: Edit, work: _Work) -> Any:
    if layer not in work.copies:
        random.seed(seed_of(work.seed, layer.name))  # initialisers draw their seeds here
        work.copies[layer] = edit.instead() if edit.instead else copied(layer, edit.config)
    return work.copies[layer]


def _bound(layer: Any, tensor: Any) -> None:
    units = getattr(layer, "units", None)
    if type(layer).__name__ != "Dense" or layer.built or not tensor.shape[-1]:
        return
    weights = math.prod((units, tensor.shape[-1]))
    if weights > MOST_WEIGHTS:
        raise core.CannotChange(f"{layer.name} would have {weights:.2g} weights, too many to try")


# ---- what the copy begins with ---------------------------------------------------------------


def _copy_weights(work: _Work, *, reshaped: bool) -> None:
    for old, new in work.copies.items():
        if opened(old) is not None or not hasattr(old, "variables"):
            continue
        before, after = old.variables, new.variables
        edit = work.edits.get(old, NOTHING)
        if len(before) != len(after) and edit is NOTHING:
            raise core.CannotChange(
                f"{type(old).__name__} {old.name} has other weights when it is made anew"
            )
        if edit.instead is None and [v.shape for v in before] == [v.shape for v in after]:
            for source, target in zip(before, after, strict=True):
                target.assign(source.value)
        elif edit.instead is None and not reshaped and as_initialized(old) is False:
            raise core.CannotChange(
                f"the weights of {old.name} were loaded or trained before, and would have to begin "
                "anew at another size"
            )


def _copy_flags(setting: Setting, work: _Work) -> None:
    """Which layers learn, from the outermost model inwards."""
    pairs = sorted(work.copies.items(), key=lambda pair: opened(pair[0]) is None)
    models = [p for p in pairs if opened(p[0]) is not None]
    leaves = [p for p in pairs if opened(p[0]) is None and hasattr(p[0], "_flatten_layers")]
    for old, new in reversed(models):
        new.trainable = old.trainable
    for old, new in leaves:
        inner = list(old._flatten_layers()), list(new._flatten_layers())  # noqa: SLF001
        same = len(inner[0]) == len(inner[1])
        for one, other in zip(*inner, strict=True) if same else [(old, new)]:
            other.trainable = one.trainable
    for layer, flag in setting.flags:
        if layer in work.copies:
            work.copies[layer].trainable = flag


@contextlib.contextmanager
def _kept_random() -> Iterator[None]:
    before = random.getstate()
    try:
        yield
    finally:
        random.setstate(before)


def _scope(model: Any) -> Any:
    """Keras finds the classes of the script by their names, inside of wrappers too."""
    import keras

    own = {
        type(layer).__name__: type(layer)
        for layer in model._flatten_layers()  # noqa: SLF001
        if not type(layer).__module__.startswith("keras.")
    }
    return keras.saving.custom_object_scope(own)
