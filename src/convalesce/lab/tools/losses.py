"""Losses for classes that are uneven in number or in what a mistake costs.

Both are saved and loaded with a model by their configuration: import them from convalesce before
`keras.saving.load_model`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

REDUCTION = "sum_over_batch_size"


def _rows(y_true: Any, y_pred: Any) -> Any:
    """Labels as one-hot rows of the shape of the answers.

    Args:
        y_true: Class numbers of shape `y_pred.shape[:-1]` or `(..., 1)`, or rows of `y_pred`'s
            own shape.
        y_pred: Answers, shape `(..., classes)`, two classes at the least.

    Raises:
        ValueError: The shapes do not fit.
    """
    classes, rank = y_pred.shape[-1], len(y_pred.shape)
    if len(y_true.shape) == rank and y_true.shape[-1] == classes:
        return ops.cast(y_true, y_pred.dtype)
    if len(y_true.shape) == rank and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, -1)
    if len(y_true.shape) != rank - 1:
        raise ValueError(
            f"labels of shape {tuple(y_true.shape)} against answers of shape "
            f"{tuple(y_pred.shape)}; class numbers or one-hot rows for the last axis are expected"
        )
    return ops.one_hot(ops.cast(y_true, "int32"), classes, dtype=y_pred.dtype)


def _yes_no(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and answers of a single unit, both of shape `(...)`."""
    answers = ops.squeeze(y_pred, -1)
    labels = ops.cast(y_true, answers.dtype)
    if len(labels.shape) == len(y_pred.shape):
        labels = ops.squeeze(labels, -1)
    return labels, answers


@keras.saving.register_keras_serializable(package="convalesce")
class FocalLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras ships no types
    """Cross-entropy with examples that are answered well weighed down by (1 - p)^gamma.

    Lin, Goyal, Girshick, He and Dollar, *Focal Loss for Dense Object Detection*, ICCV 2017,
    equation 5: -alpha (1 - p)^gamma log p, p the answer for the true class.

    Args:
        gamma: 0 is plain cross-entropy; the paper's best is 2.
        alpha: Weight of each class, one number a class; for a single unit the weight of class 1,
            with 1 - alpha for class 0. None weighs all alike.
        from_logits: The answers are scores, without softmax or sigmoid.
        multi_label: Each unit answers yes or no of its own; labels are rows of 0 and 1.

    Labels are class numbers or one-hot rows for answers of shape `(..., classes)`, and 0 or 1 for
    answers of shape `(..., 1)`. The loss of each example (and position) has their shape without
    the last axis.
    """

    def __init__(  # noqa: PLR0913 - as Keras's own losses
        self,
        gamma: float = 2.0,
        alpha: float | Sequence[float] | None = None,
        *,
        from_logits: bool = False,
        multi_label: bool = False,
        reduction: str = REDUCTION,
        name: str = "focal_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if gamma < 0:
            raise ValueError(f"gamma={gamma}; 0 or more is expected (2 in the paper)")
        self.gamma = float(gamma)
        single = alpha is None or isinstance(alpha, int | float)
        self.alpha = alpha if single else [float(a) for a in alpha]  # type: ignore[union-attr]
        self.from_logits = from_logits
        self.multi_label = multi_label

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each example, shape `y_pred.shape[:-1]`."""
        if y_pred.shape[-1] == 1:
            return self._binary(*_yes_no(y_true, y_pred), self.alpha)
        if self.multi_label:
            alpha = None if self.alpha is None else ops.convert_to_tensor(self.alpha, y_pred.dtype)
            labels = ops.cast(y_true, y_pred.dtype)
            return ops.mean(self._binary(labels, y_pred, alpha), axis=-1)
        rows = _rows(y_true, y_pred)
        logs = _log_softmax(y_pred, from_logits=self.from_logits)
        right = ops.sum(rows * logs, axis=-1)
        # 1 - p from its logarithm keeps its digits where p is near 1.
        far = ops.power(ops.maximum(-ops.expm1(right), keras.config.epsilon()), self.gamma)
        loss = -right * far if self.gamma else -right
        if self.alpha is None:
            return loss
        return loss * ops.sum(rows * self._weights(y_pred), axis=-1)

    def _binary(self, labels: Any, answers: Any, alpha: Any) -> Any:
        if self.from_logits:
            yes, no = -ops.softplus(-answers), -ops.softplus(answers)
        else:
            small = keras.config.epsilon()
            answers = ops.clip(answers, small, 1 - small)
            yes, no = ops.log(answers), ops.log1p(-answers)
        ours = labels * yes + (1 - labels) * no
        far = ops.power(ops.maximum(-ops.expm1(ours), keras.config.epsilon()), self.gamma)
        loss = -ours * far if self.gamma else -ours
        if alpha is None:
            return loss
        if isinstance(alpha, list):
            raise ValueError(  # noqa: TRY004 - the shape of the answers decides
                f"alpha={alpha} for answers of a single unit; one number is expected, the weight "
                "of class 1"
            )
        return loss * (labels * alpha + (1 - labels) * (1 - alpha))

    def _weights(self, y_pred: Any) -> Any:
        if not isinstance(self.alpha, list) or len(self.alpha) != y_pred.shape[-1]:
            raise ValueError(
                f"alpha={self.alpha} against {y_pred.shape[-1]} classes; one number a class is "
                "expected"
            )
        return ops.convert_to_tensor(self.alpha, dtype=y_pred.dtype)

    def get_config(self) -> dict[str, Any]:
        """What makes an equal loss."""
        return {
            "gamma": self.gamma,
            "alpha": self.alpha,
            "from_logits": self.from_logits,
            "multi_label": self.multi_label,
            "reduction": self.reduction,
            "name": self.name,
        }


@keras.saving.register_keras_serializable(package="convalesce")
class CostSensitiveLoss(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy plus the cost that the answers are expected to have.

    -log p_y + strength × Σ_j cost[y, j] p_j, after Galdran, Dolz, Chakor, Lombaert and Ben Ayed,
    *Cost-Sensitive Regularization for Diabetic Retinopathy Grading from Eye Fundus Images*, MICCAI
    2020. The cross-entropy keeps a gradient where the expected cost alone is flat.

    Args:
        cost: `cost[y][j]` is what it costs to answer j where y is true; shape
            `(classes, classes)`, none below 0, zeros on the diagonal.
        strength: Of the expected cost against the cross-entropy.
        from_logits: The answers are scores, without softmax or sigmoid.

    Labels as for `FocalLoss`; a single unit has two classes.
    """

    def __init__(  # noqa: PLR0913 - as Keras's own losses
        self,
        cost: Any,
        strength: float = 1.0,
        *,
        from_logits: bool = False,
        reduction: str = REDUCTION,
        name: str = "cost_sensitive_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        matrix = np.asarray(cost, np.float64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
            raise ValueError(
                f"cost has shape {matrix.shape}; a square matrix is expected, a row and a column "
                "for each class"
            )
        if not (np.isfinite(matrix) & (matrix >= 0)).all() or matrix.diagonal().any():
            raise ValueError(
                "cost holds values below 0, or costs of right answers on its diagonal; what "
                "each mistake costs is expected, 0 or more, with zeros on the diagonal"
            )
        self.cost = matrix.tolist()
        self.strength = float(strength)
        self.from_logits = from_logits

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each example, shape `y_pred.shape[:-1]`."""
        classes = len(self.cost)
        if y_pred.shape[-1] == 1 and classes == 2:
            labels, answers = _yes_no(y_true, y_pred)
            rows = ops.stack([1 - labels, labels], axis=-1)
            if self.from_logits:
                logs = ops.stack([-ops.softplus(answers), -ops.softplus(-answers)], axis=-1)
            else:
                small = keras.config.epsilon()
                answers = ops.clip(answers, small, 1 - small)
                logs = ops.stack([ops.log1p(-answers), ops.log(answers)], axis=-1)
        elif y_pred.shape[-1] == classes:
            rows = _rows(y_true, y_pred)
            logs = _log_softmax(y_pred, from_logits=self.from_logits)
        else:
            raise ValueError(
                f"cost is for {classes} classes and the model answers {y_pred.shape[-1]}; one "
                "unit a class is expected"
            )
        costs = ops.matmul(rows, ops.convert_to_tensor(self.cost, dtype=y_pred.dtype))
        expected = ops.sum(costs * ops.exp(logs), axis=-1)
        return -ops.sum(rows * logs, axis=-1) + self.strength * expected

    def get_config(self) -> dict[str, Any]:
        """What makes an equal loss."""
        return {
            "cost": self.cost,
            "strength": self.strength,
            "from_logits": self.from_logits,
            "reduction": self.reduction,
            "name": self.name,
        }


def _log_softmax(answers: Any, *, from_logits: bool) -> Any:
    """Logarithm of the answer of each class, the answers scaled to a sum of 1 as Keras does."""
    if from_logits:
        return ops.log_softmax(answers, axis=-1)
    total = ops.sum(answers, axis=-1, keepdims=True)
    small = keras.config.epsilon()
    return ops.log(ops.clip(answers / total, small, 1 - small))
