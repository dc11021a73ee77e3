"""Largest curvature of the training loss against what the learning rate in force bears.

A step of rate η on a parabola of curvature λ diverges where λ is above
    2/η                              gradient descent
    (2 + 2m)/η                       with momentum m
    (2 + 2m)/((1 + 2m)η)             with Nesterov momentum m
    (2 + 2β₁)/((1 − β₁)η)            with averaged momentum β₁, λ of P⁻¹H (38/η for β₁ = 0.9)
P is the diagonal that the optimizer divides by. Weights that no gradient reaches, such as a bias
before BatchNormalization, are left out of P⁻¹H: their curvature is rounding divided by nearly
nothing. Full-batch training settles at the threshold and
mini-batch training below it, so a ratio near 1 is no fault by itself; far above 1 it can't last.
λ is found by power iteration on exact products Hv, by differentiating the gradient once more.

Sources: J. Cohen et al., 2021, "Gradient descent on neural networks typically occurs at the edge of
stability", ICLR; J. Cohen et al., 2022, "Adaptive gradient methods at the edge of stability",
arXiv:2207.14484; B. Pearlmutter, 1994, "Fast exact multiplication by the Hessian", Neural
Computation 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convalesce import core
from convalesce.lab.loss import Normalisation, quiet, some, tensors, total_loss
from convalesce.lab.setting import rate_of
from convalesce.lab.untouched import untouched
from convalesce.observe.kept import Rows

MOST = 40  # products of one power iteration
UNREACHED = 1e-4  # of the root mean square divisor: below it, the gradient of a weight is rounding
SETTLED = 1e-3  # relative change of λ between two products at which it has converged

Floats = NDArray[np.float64]


def sharpness(
    model: Any,
    rows: Rows,
    *,
    normalisation: Normalisation = "batch",
    most: int = MOST,
    seed: int = 0,
) -> core.Sharpness:
    """λmax of the training loss on these examples, penalties included, without dropout.

    Cost: about 3 steps a product and batch, 10 for tracing; 6 to 25 products settle most nets.

    Args:
        model: Compiled and built.
        rows: Examples over which the loss is averaged; differentiated a batch at a time.
        normalisation: Statistics that BatchNormalization uses: of each batch as in training, or
            the moving ones.
        most: Products of one power iteration at most; there is a second one where the first
            finds a negative curvature.
        seed: Of the first direction.

    Raises:
        core.CannotChange: The optimizer has no known threshold or has made no update yet, or the
            loss can't be differentiated twice.
    """
    limit, divisors = stability(model)
    with untouched(model), quiet(model, normalisation):
        product = _products(model, rows, divisors)
        size = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
        value, error, settled, count = largest(product, size, most=most, seed=seed)
    unit = "loss/update²" if divisors is not None else "loss/weight²"
    ratio = value / limit
    return core.Sharpness(
        figure=core.Figure(value, value - error, value + error, unit),
        threshold=limit,
        ratio=ratio,
        converged=settled,
        products=count,
        preconditioned=divisors is not None,
        normalisation=normalisation,
        examples=rows.count,
        says=_says(value, limit, settled=settled),
    )


def stability(model: Any) -> tuple[float, list[Floats] | None]:
    """Threshold of curvature at the rate in force, and what each weight's step is divided by.

    Raises:
        core.CannotChange: See `sharpness`.
    """
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    kind, rate = type(optimizer).__name__, rate_of(optimizer)
    if rate <= 0:
        raise core.CannotChange(f"the learning rate is {rate:g}: no curvature is too much for it")
    momentum = float(getattr(optimizer, "momentum", 0.0) or 0.0)
    if kind == "SGD":
        nesterov = 1 + 2 * momentum if optimizer.nesterov else 1.0
        return (2 + 2 * momentum) / (nesterov * rate), None
    known = {"Adam": _adam, "AdamW": _adam, "RMSprop": _rmsprop, "Adagrad": _adagrad}
    if kind not in known:
        raise core.CannotChange(f"no threshold of curvature is known for {kind}")
    if int(optimizer.iterations) < 1:
        raise core.CannotChange(
            f"{kind} has made no update yet, so its preconditioner is empty: train some steps first"
        )
    beta = float(optimizer.beta_1) if known[kind] is _adam else 0.0
    divisors = [known[kind](optimizer, v) for v in model.trainable_variables]
    return (2 + 2 * max(beta, momentum)) / ((1 - beta) * rate), divisors


def _adam(optimizer: Any, variable: Any) -> Floats:
    """Keras adds ε before the corrections of bias, so that they scale it too."""
    i, made = optimizer._get_variable_index(variable), int(optimizer.iterations)  # noqa: SLF001
    slots = optimizer._velocity_hats if optimizer.amsgrad else optimizer._velocities  # noqa: SLF001
    scale = (1 - optimizer.beta_1**made) / math.sqrt(1 - optimizer.beta_2**made)
    return np.asarray(scale * (np.sqrt(_array(slots[i])) + optimizer.epsilon))


def _rmsprop(optimizer: Any, variable: Any) -> Floats:
    i = optimizer._get_variable_index(variable)  # noqa: SLF001
    square = _array(optimizer._velocities[i])  # noqa: SLF001
    if optimizer.centered:
        square = square - _array(optimizer._average_gradients[i]) ** 2  # noqa: SLF001
    return np.asarray(np.sqrt(square + optimizer.epsilon))


def _adagrad(optimizer: Any, variable: Any) -> Floats:
    i = optimizer._get_variable_index(variable)  # noqa: SLF001
    return np.asarray(np.sqrt(_array(optimizer._accumulators[i]) + optimizer.epsilon))  # noqa: SLF001


def _array(variable: Any) -> Floats:
    return np.asarray(variable.value, np.float64)


def _products(model: Any, rows: Rows, divisors: list[Floats] | None) -> Callable[[Floats], Floats]:
    """A function from v to P^-½ H P^-½ v, which has the eigenvalues of P⁻¹H and is symmetric."""
    import tensorflow as tf

    variables = [v.value for v in model.trainable_variables]
    shapes = [tuple(v.shape) for v in variables]
    ends = np.cumsum([int(np.prod(s)) for s in shapes])
    scale = None if divisors is None else _scale(np.concatenate([d.ravel() for d in divisors]))

    def product(vector: Any, x: Any, y: Any, weight: Any) -> Any:
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = total_loss(model, x, y, weight)
            sparse = inner.gradient(loss, variables, unconnected_gradients="zero")
            gradient = [tf.convert_to_tensor(g) for g in sparse]  # of an Embedding, its rows only
            along = tf.add_n([tf.reduce_sum(g * v) for g, v in zip(gradient, vector, strict=True)])
        found = outer.gradient(along, variables, unconnected_gradients="zero")
        return [tf.convert_to_tensor(g) for g in found]

    traced = tf.function(product, reduce_retracing=True)
    batches = [
        (len(index) / rows.count, tensors(*some(rows, index)))
        for index in np.array_split(np.arange(rows.count), math.ceil(rows.count / rows.batch))
    ]

    def over_all(vector: Floats) -> Floats:
        inner = vector if scale is None else vector * scale
        parts = [
            tf.constant(p.reshape(s), v.dtype)
            for p, s, v in zip(np.split(inner, ends[:-1]), shapes, variables, strict=True)
        ]
        total = np.zeros_like(vector)
        for share, given in batches:
            try:
                found = traced(parts, *given)
            except (LookupError, tf.errors.OpError) as error:
                raise core.CannotChange(f"the loss has no second derivative: {error}") from error
            total += share * np.concatenate([np.ravel(np.asarray(f, np.float64)) for f in found])
        return total if scale is None else total * scale

    return over_all


def _scale(divisors: Floats) -> Floats:
    """P^-½; 0 for weights that no gradient reached."""
    reached = divisors > UNREACHED * np.sqrt((divisors**2).mean())
    return np.where(reached, 1 / np.sqrt(np.where(reached, divisors, 1.0)), 0.0)


def largest(
    product: Callable[[Floats], Floats], size: int, *, most: int = MOST, seed: int = 0
) -> tuple[float, float, bool, int]:
    """Largest eigenvalue of a symmetric matrix, its error, whether it settled, products taken.

    The error is the norm of the residual: so near lies an eigenvalue for certain. Where the largest
    in magnitude is negative, the iteration is repeated on the matrix shifted by it.
    """
    value, error, settled, count = _iterate(product, size, 0.0, most, seed)
    if value < 0:
        value, error, settled, more = _iterate(product, size, value, most, seed + 1)
        count += more
    return value, error, settled, count


def _iterate(
    product: Callable[[Floats], Floats], size: int, shift: float, most: int, seed: int
) -> tuple[float, float, bool, int]:
    vector = np.random.default_rng([seed, 17]).standard_normal(size)
    vector /= np.linalg.norm(vector)
    value, error, settled = math.nan, math.inf, False
    for done in range(1, most + 1):
        image = product(vector)
        before, value = value, float(vector @ image)
        error = float(np.linalg.norm(image - value * vector))
        moved = image - shift * vector
        norm = float(np.linalg.norm(moved))
        if not math.isfinite(norm) or norm == 0:
            return value, error, norm == 0, done
        settled = abs(value - before) <= SETTLED * abs(value) and error <= 0.1 * abs(value)
        if settled:
            return value, error, True, done
        vector = moved / norm
    return value, error, settled, most


def _says(value: float, limit: float, *, settled: bool) -> str:
    if not math.isfinite(value):
        return "the curvature is not finite"
    found = f"the largest curvature is {value:.3g}, {value / limit:.2g} times the {limit:.3g} that"
    unsure = "" if settled else " (the iteration had not settled)"
    return f"{found} the learning rate bears{unsure}"
