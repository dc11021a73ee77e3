"""The loss of a compiled model on given examples, with what is random in training switched off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.observe.answers import outputs_and_targets
from convalesce.observe.kept import Rows

Normalisation = Literal["batch", "inference"]
Floats = NDArray[np.float64]


def taken(part: Any, index: Any) -> Any:
    """Some examples of a structure of arrays; None stays None."""
    import keras

    if part is None:
        return None
    return keras.tree.map_structure(lambda a: np.asarray(a)[index], part)


def some(rows: Rows, index: Any = slice(None)) -> tuple[Any, Any, Any]:
    """Inputs, targets and sample weights of some examples.

    Raises:
        core.CannotChange: The examples are not read into arrays, or have no targets.
    """
    if rows.x is None or rows.y is None:
        raise core.CannotChange("an instrument needs examples in arrays, with their targets")
    return taken(rows.x, index), taken(rows.y, index), taken(rows.weight, index)


def full_batches(count: int, batch: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of batches of equal size, in a new order each epoch, without end."""
    batch, epoch = max(1, min(batch, count)), 0
    while True:
        dealt = np.random.default_rng([seed, epoch]).permutation(count)
        yield from np.split(dealt[: count // batch * batch], count // batch)
        epoch += 1


def normalising(model: Any) -> list[Any]:
    """BatchNormalization layers that training moves, in order."""
    import keras

    return [
        layer
        for layer in model._flatten_layers()  # noqa: SLF001
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
    ]


@contextlib.contextmanager
def quiet(model: Any, normalisation: Normalisation) -> Iterator[None]:
    """While this lasts, inference mode normalises as is asked; dropout and its like stay off.

    Functions must be traced while it lasts. With `batch`, moving statistics follow each batch.
    """
    layers = normalising(model) if normalisation == "batch" else []
    for layer in layers:
        layer.call = _with_batch_statistics(type(layer).call, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.call


def _with_batch_statistics(call: Any, layer: Any) -> Any:
    def called(inputs: Any, training: Any = None, mask: Any = None) -> Any:
        del training
        return call(layer, inputs, training=True, mask=mask)

    return called


def total_loss(model: Any, x: Any, y: Any, weight: Any, *, training: bool = False) -> Any:
    """The loss that compile names, penalties of weights included, as a scalar tensor.

    Raises:
        core.CannotChange: The model has no loss of its own, or it rejects the targets.
    """
    answer = _answered(model, x, training=training)
    try:
        return model._compute_loss(  # noqa: SLF001
            x=x, y=y, y_pred=answer, sample_weight=weight, training=training
        )
    except ValueError as error:
        raise core.CannotChange(f"its loss can't be asked for by itself: {error}") from error


def _answered(model: Any, x: Any, *, training: bool) -> Any:
    takes = getattr(model, "_call_has_training_arg", True)
    return model(x, training=training) if takes else model(x)


def mean_loss(model: Any, *, training: bool = False) -> Callable[[Any, Any, Any], float]:
    """A traced function from `(x, y, weight)` of one batch to its loss."""
    import tensorflow as tf

    def asked(x: Any, y: Any, weight: Any) -> Any:
        return total_loss(model, x, y, weight, training=training)

    traced = tf.function(asked, reduce_retracing=True)
    return lambda x, y, weight: float(traced(*tensors(x, y, weight)))


def tensors(*parts: Any) -> list[Any]:
    """Structures of arrays as tensors, so that a traced function is not traced for each value."""
    import keras
    import tensorflow as tf

    return [
        None if part is None else keras.tree.map_structure(tf.convert_to_tensor, part)
        for part in parts
    ]


def gradient_of(model: Any) -> Callable[[Any, Any, Any], list[Any]]:
    """A traced function from one batch to the gradient of its loss, by trainable variable."""
    import tensorflow as tf

    variables = [v.value for v in model.trainable_variables]

    def asked(x: Any, y: Any, weight: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = total_loss(model, x, y, weight)
        return tape.gradient(loss, variables, unconnected_gradients="zero")

    traced = tf.function(asked, reduce_retracing=True)

    def gradient(x: Any, y: Any, weight: Any) -> list[Any]:
        return [tf.convert_to_tensor(g) for g in traced(*tensors(x, y, weight))]

    return gradient


def each_answer(model: Any) -> Callable[[Any, Any], tuple[Floats, list[Floats]]]:
    """A traced function from `(x, y)` to the loss of each example and the answers.

    Penalties of weights and sample weights are left out; losses of several outputs are added by
    their weights. Answers come by output, shape `(examples, ...)`.

    Raises:
        core.CannotChange: The losses are not one for each output.
    """
    import tensorflow as tf

    def asked(x: Any, y: Any) -> Any:
        out = _answered(model, x, training=False)
        names, answers, truths = outputs_and_targets(model, out, y)
        compiled = model._compile_loss  # noqa: SLF001
        losses = getattr(compiled, "_flat_losses", None)
        if losses is None and compiled is not None:
            compiled.build(y, out)
            losses = compiled._flat_losses  # noqa: SLF001
        if not losses or not len(losses) == len(answers) == len(truths):
            raise core.CannotChange("the model has not one loss for each of its outputs")
        by_name = {str(one.name): one for one in losses}
        if set(by_name) == set(names):
            losses = [by_name[name] for name in names]
        total: Any = 0.0
        for one, truth, answer in zip(losses, truths, answers, strict=True):
            factor = 1.0 if one.loss_weights is None else one.loss_weights
            total += factor * _each_loss(one.loss, truth, answer)
        return total, answers

    traced = tf.function(asked, reduce_retracing=True)

    def answered(x: Any, y: Any) -> tuple[Floats, list[Floats]]:
        losses, answers = traced(*tensors(x, y))
        return np.asarray(losses, np.float64), [np.asarray(a, np.float64) for a in answers]

    return answered


def _each_loss(loss: Any, truth: Any, answer: Any) -> Any:
    """Loss of each example, averaged over positions; float32 tensor of shape `(examples,)`."""
    import tensorflow as tf

    truth, answer = tf.cast(truth, loss.dtype), tf.cast(answer, loss.dtype)
    if len(truth.shape) == len(answer.shape) - 1 and answer.shape[-1] == 1:
        truth = tf.expand_dims(truth, -1)
    each = tf.cast(loss.call(truth, answer), tf.float32)
    return tf.reduce_mean(tf.reshape(each, [tf.shape(answer)[0], -1]), axis=-1)


def in_pieces(
    answered: Callable[[Any, Any], tuple[Floats, list[Floats]]], x: Any, y: Any, batch: int = 256
) -> tuple[Floats, Floats]:
    """Losses `(examples,)` and answers of the first output `(examples, ...)`, batch by batch."""
    import keras

    losses, answers = [], []
    for start in range(0, len(keras.tree.flatten(x)[0]), batch):
        part = slice(start, start + batch)
        loss, answer = answered(taken(x, part), taken(y, part))
        losses.append(loss)
        answers.append(answer[0])
    return np.concatenate(losses), np.concatenate(answers)


def trained(model: Any, x: Any, y: Any, weight: Any) -> float:
    """Make one update as the model's own train step does; the loss that it tells, or nan."""
    logs = model.train_on_batch(x, y, sample_weight=weight, return_dict=True)
    return float(logs.get("loss", np.nan))
