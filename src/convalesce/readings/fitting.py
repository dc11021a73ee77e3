"""The table of what fits together: one task, one output, one loss, and what goes wrong.

Facts of Keras 3.15 on TensorFlow: a cross-entropy takes the scores from behind a softmax or
sigmoid output, whatever `from_logits` says. So such a pair trains soundly though the answers
may be no probabilities.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from convalesce.core.change import Change
from convalesce.core.changes.arch import PoolGlobally
from convalesce.core.evidence import Severity
from convalesce.core.setup import Loss
from convalesce.readings.task import (
    BINARY_LOSSES,
    CLASS_LOSSES,
    HINGES,
    REGRESSION_LOSSES,
    ROW_LOSSES,
    SPARSE_LOSSES,
    Goal,
    Labels,
    Task,
)

Shape = tuple[str | None, int]  # activation and width of an output
INFINITE = math.inf
REACH: dict[str, tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "sparsemax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, INFINITE),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, INFINITE),
    "exponential": (0.0, INFINITE),
    "squareplus": (0.0, INFINITE),
    "log_softmax": (-INFINITE, 0.0),
    "log_sigmoid": (-INFINITE, 0.0),
}
SHARES = frozenset({"softmax", "sparsemax"})
SCORES = frozenset({"linear", "log_softmax"})
POSITIVE = frozenset({"exponential", "softplus", "squareplus"})
ROUNDING = 0.1  # of a standard deviation: what an output may miss of the targets' range
ABSOLUTE = frozenset({"mean_absolute_error", "mean_absolute_percentage_error"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a task, an output and a loss don't fit.

    Attributes:
        fixed: The part at fault where no search is needed, with its change.
    """

    severity: Severity
    says: str
    fixed: Literal["output_activation"] | None = None
    change: Change | None = None


def problem(task: Task, output: Shape, loss: Loss, *, kept: bool = True) -> Problem | None:  # noqa: PLR0911 - a row of the table each
    """What is wrong with a task, an output and a loss; None where they fit.

    Args:
        task: What the labels ask for.
        output: Activation (None where it is not known) and width.
        loss: The loss.
        kept: Keras finds the scores behind the activation.
    """
    activation, width = output
    if activation in SHARES and width == 1:
        return _error("softmax over one unit is always 1, whatever the input")
    if task.kind == "unknown" or not loss.known:
        return None
    labels = task.labels
    if labels.coding == "number" and loss.name in REGRESSION_LOSSES | CLASS_LOSSES:
        return _figures(labels, output, loss)
    if loss.name in BINARY_LOSSES:
        return _each(labels, output, loss, kept=kept)
    if loss.name in SPARSE_LOSSES:
        return _numbered(labels, output, loss, kept=kept)
    if loss.name in ROW_LOSSES:
        return _rows(labels, output, loss, kept=kept)
    if loss.name in HINGES:
        return _hinge(labels, output, loss)
    if loss.name in REGRESSION_LOSSES:
        return _distance(labels, output, loss)
    return None


def positions_problem(goal: Goal) -> Problem | None:
    """One label an example against one answer a position, which Keras stretches silently."""
    one = goal.targets.shape in ((), (1,)) and goal.targets.form not in {"absent", "other"}
    answers = goal.output.shape[:-1]
    if not one or all(size == 1 for size in answers) or goal.loss.name not in REGRESSION_LOSSES:
        return None
    says = (
        "the output has an answer for every position, the labels one for each example: "
        "every position is pulled to the same label"
    )
    return Problem(Severity.ERROR, says, "output_activation", PoolGlobally())


def _each(labels: Labels, output: Shape, loss: Loss, *, kept: bool) -> Problem | None:
    """Binary cross-entropy: each unit answers yes or no."""
    activation, width = output
    if labels.low < 0 or labels.high > 1:
        return _error(
            f"{loss.name} asks for labels from 0 to 1 and gets {labels.low:g} to "
            f"{labels.high:g}: the loss has no lower bound"
        )
    columns = 1 if labels.coding == "zero_one" else labels.columns
    if labels.coding not in {"zero_one", "one_hot", "multi_hot", "soft"} or columns != width:
        return _shapes(labels, output, loss)
    if activation in SHARES and labels.coding == "multi_hot":
        return _error("softmax answers sum to 1, while several labels can be true at once")
    if activation in SHARES and width > 2:
        return _warning(f"{loss.name} asks {width} yes/no questions where one class of {width} is")
    return _scores(activation, loss, {"sigmoid", "hard_sigmoid", *SHARES}, kept=kept)


def _numbered(labels: Labels, output: Shape, loss: Loss, *, kept: bool) -> Problem | None:
    """Sparse categorical cross-entropy: a class number against one unit a class."""
    activation, width = output
    if labels.coding not in {"index", "zero_one", "sign"}:
        return _shapes(labels, output, loss)
    if labels.low < 0 or labels.high >= width:
        return _error(
            f"class numbers run from {labels.low:g} to {labels.high:g}, while the output has "
            f"{width} unit{'s' * (width > 1)} for classes 0 to {width - 1}"
        )
    return _several(activation, loss, kept=kept)


def _rows(labels: Labels, output: Shape, loss: Loss, *, kept: bool) -> Problem | None:
    """Categorical cross-entropy and its kin: rows that sum to 1."""
    activation, width = output
    if width == 1:
        return _error(f"{loss.name} over one unit is 0 whatever the answer: nothing is learnt")
    if labels.coding == "multi_hot":
        return _error(f"{loss.name} takes one label of a row for true, here several can be")
    if labels.coding not in {"one_hot", "soft"} or labels.columns != width:
        return _shapes(labels, output, loss)
    if loss.name == "categorical_hinge":
        return None
    if loss.name == "kl_divergence" and activation == "sigmoid":
        return _error("kl_divergence falls when all sigmoid answers go to 1 at once")
    return _several(activation, loss, kept=kept)


def _several(activation: str | None, loss: Loss, *, kept: bool) -> Problem | None:
    if activation == "sigmoid" and (kept or not loss.from_logits):
        return _warning(
            f"sigmoid answers of {loss.name} don't sum to 1 and are no class probabilities"
        )
    if activation in POSITIVE and not loss.from_logits:
        return _warning(f"{activation} answers of {loss.name} grow without bound and are no shares")
    return _scores(activation, loss, {*SHARES, "sigmoid"}, kept=kept)


def _scores(  # noqa: PLR0911 - a row of the table each
    activation: str | None, loss: Loss, closed: set[str], *, kept: bool
) -> Problem | None:
    """Probabilities where the loss takes probabilities, raw scores where it takes scores."""
    if activation is None:
        return None
    if not loss.from_logits:
        if activation in closed:
            return None
        what = "raw scores" if activation in SCORES else f"{activation} values"
        return _error(f"{loss.name} without from_logits=True takes {what} for probabilities")
    if activation in SCORES:
        return None
    if activation in closed:
        if kept:
            return None
        return _warning(
            f"{loss.name}(from_logits=True) squashes the {activation} answers a second time"
        )
    if activation in REACH:
        return _warning(f"scores out of {activation} cannot take all values that the loss needs")
    return None


def _hinge(labels: Labels, output: Shape, loss: Loss) -> Problem | None:
    activation, width = output
    if labels.coding not in {"sign", "zero_one"}:
        return _warning(f"{loss.name} asks one yes/no question; the labels are {labels.coding}")
    if width != 1:
        return _shapes(labels, output, loss)
    if activation in {"sigmoid", "relu", "softplus", "exponential", "hard_sigmoid"}:
        return _warning(f"{loss.name} pushes answers to -1 and +1; {activation} has no negative")
    return None


def _figures(labels: Labels, output: Shape, loss: Loss) -> Problem | None:  # noqa: PLR0911 - a row of the table each
    """Targets that are figures: the loss must measure distance, the output reach them."""
    activation, width = output
    unit = labels.low >= 0 and labels.high <= 1
    if loss.name in BINARY_LOSSES and unit and labels.columns == width:
        return _scores(activation, loss, {"sigmoid", "hard_sigmoid"}, kept=True)
    if loss.name in BINARY_LOSSES and not unit:
        return _error(
            f"{loss.name} asks for labels from 0 to 1 and gets {labels.low:g} to "
            f"{labels.high:g}: the loss has no lower bound"
        )
    if loss.name in CLASS_LOSSES - BINARY_LOSSES:
        return _error(f"{loss.name} compares classes, while the targets are figures")
    if labels.columns != width:
        return _error(
            f"the output has {width} unit{'s' * (width > 1)}, the targets have {labels.columns}: "
            "Keras stretches one against the other"
        )
    if loss.name == "poisson" and labels.low < 0:
        return _error("poisson asks for counts, while some targets are negative")
    if loss.name == "poisson" and activation in {"linear", "tanh"}:
        return _warning(f"poisson takes the logarithm of answers, and {activation} can be negative")
    if loss.name == "mean_absolute_percentage_error" and 0.0 in (labels.low, labels.high):
        return _warning("mean_absolute_percentage_error divides by targets, and some are 0")
    if loss.name == "mean_squared_logarithmic_error" and labels.low <= -1:
        return _warning("mean_squared_logarithmic_error cuts targets below -1 off")
    return _reach(labels, activation, width)


def _reach(labels: Labels, activation: str | None, width: int) -> Problem | None:
    """The bulk of the targets (mean and deviation) must lie in what the output can say."""
    if activation in SHARES and width > 1:
        return _error("softmax answers sum to 1, while the targets are figures of their own")
    lowest, highest = REACH.get(activation or "", (-INFINITE, INFINITE))
    gap = max(lowest - labels.low, labels.high - highest)
    if gap <= ROUNDING * labels.std:
        return None
    bulk = labels.mean - labels.std < lowest or labels.mean + labels.std > highest
    says = (
        f"{activation} answers lie between {lowest:g} and {highest:g}, while the targets run "
        f"from {labels.low:g} to {labels.high:g}"
    )
    return _error(says) if bulk else _warning(says)


def _distance(labels: Labels, output: Shape, loss: Loss) -> Problem | None:  # noqa: PLR0911 - a row of the table each
    """A loss for figures on classes: works at best slowly, which the results must show."""
    activation, width = output
    single = labels.coding in {"zero_one", "sign"}
    if labels.coding == "index" or (1 if single else labels.columns) != width:
        return _shapes(labels, output, loss)
    if labels.coding == "multi_hot" and activation in SHARES:
        return _error("softmax answers sum to 1, while several labels can be true at once")
    if (labels.coding == "sign" or activation == "log_softmax") and (
        unreachable := _reach(labels, activation, width)
    ):
        return unreachable
    if loss.name == "mean_absolute_percentage_error":
        return _error(f"{loss.name} divides by labels, and most of them are 0")
    if loss.name == "poisson" and activation in {"linear", "tanh"}:
        return _warning(f"poisson takes the logarithm of answers, and {activation} can be negative")
    if loss.name in ABSOLUTE and labels.coding == "one_hot":
        return _warning(
            f"{loss.name} on classes gives hardly any gradient while the right class is unlikely"
        )
    if labels.coding == "sign" and loss.name not in ABSOLUTE:
        return None
    return Problem(Severity.NOTE, f"{loss.name} is for figures, while the labels are classes")


def _shapes(labels: Labels, output: Shape, loss: Loss) -> Problem:
    forms = {
        "zero_one": "single labels of 0 and 1",
        "sign": "single labels of -1 and +1",
        "index": "class numbers",
        "one_hot": f"one-hot rows of {labels.columns}",
        "multi_hot": f"rows of {labels.columns} yes/no labels",
        "soft": f"rows of {labels.columns} probabilities",
    }
    what = forms.get(labels.coding, "figures")
    width = output[1]
    return _error(f"{loss.name} on {width} unit{'s' * (width > 1)} does not fit {what}")


def _error(says: str) -> Problem:
    return Problem(Severity.ERROR, says)


def _warning(says: str) -> Problem:
    return Problem(Severity.WARNING, says)
