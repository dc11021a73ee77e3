"""Weights of classes for `fit(class_weight=…)`."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from convalesce.lab.tools.classes import read_classes

BETA = 0.999  # of the four that the paper tries, the one for some thousand examples a class


def class_weights(
    y: Any, method: Literal["balanced", "effective"] = "balanced", *, beta: float = BETA
) -> dict[int, float]:
    """Weight of each class, by its number: `model.fit(…, class_weight=class_weights(y))`.

    Args:
        y: Labels of the training split, shape `(examples,)`, `(examples, 1)` or one-hot
            `(examples, classes)`. Labels are whole numbers, as `fit` needs them.
        method: `balanced`: examples / (classes × count), so that all classes weigh alike and the
            mean weight of an example is 1 (King and Zeng, *Logistic Regression in Rare Events
            Data*, 2001). `effective`: the inverse of the effective number
            (1 - beta^count) / (1 - beta), scaled to a sum of the number of classes (Cui, Jia, Lin,
            Song and Belongie, *Class-Balanced Loss Based on Effective Number of Samples*, CVPR
            2019): gentler where common classes hold many examples that are alike.
        beta: Of the effective number, 0 ≤ beta < 1; 0 weighs all classes alike.

    Raises:
        ValueError: The labels are no whole numbers, or the method or beta is not known.
    """
    classes = read_classes(y)
    if classes.values.dtype.kind not in "biuf":
        raise ValueError(
            f"y holds labels of type {classes.values.dtype}, such as {classes.values[0]!r}; whole "
            "numbers are expected, as fit takes them: number the classes from 0"
        )
    counts = classes.counts.astype(np.float64)
    if method == "balanced":
        weights = counts.sum() / (len(counts) * counts)
    elif method == "effective":
        if not 0 <= beta < 1:
            raise ValueError(f"beta={beta} is not in 0 … 1, without 1")
        # By logarithms, since 1 - beta^count loses all digits for rare classes and beta near 1.
        inverse = (
            -(1 - beta) / np.expm1(counts * np.log(beta)) if beta > 0 else np.ones(len(counts))
        )
        weights = inverse * len(counts) / inverse.sum()
    else:
        raise ValueError(f"method={method!r} is not known; 'balanced' or 'effective' is expected")
    return {int(c): float(w) for c, w in zip(classes.values, weights, strict=True)}
