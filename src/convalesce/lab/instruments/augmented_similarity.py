"""Does an augmentation leave an example recognisable as its own?

Each augmented example is compared with its original and with the nearest example of another class,
in standardised inputs or in the features before the last layer. One that is nearer to another class
may have lost its label (a 6 turned into a 9, a crop without the object). Inputs exaggerate shifts;
features forgive what the model has learned to forgive. The loss of accuracy from plain to augmented
examples is the affinity of Gontijo-Lopes et al.

Source: R. Gontijo-Lopes et al., 2021, "Tradeoffs in data augmentation: an empirical study", ICLR.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from convalesce import core
from convalesce.lab.instruments.memorisation_speed import labels_of
from convalesce.lab.loss import Floats, each_answer, in_pieces, taken
from convalesce.lab.untouched import untouched
from convalesce.observe.kept import Rows
from convalesce.readings.augmentation import standardised, to_another_class
from convalesce.readings.intervals import mean_interval, share_interval

MOST = 2048  # examples
MANY = 0.05  # share that another class draws nearer, beyond which it is said aloud


def augmented_similarity(
    model: Any,
    rows: Rows,
    augmented: Any,
    *,
    space: Literal["inputs", "features"] = "inputs",
) -> core.AugmentedSimilarity:
    """Distances and accuracy of augmented against plain examples.

    Cost: 0.4 steps a batch of 32, distances and both passes included, and 5 for tracing; features
    take as much again.

    Args:
        model: A classifier of one input and output, compiled and built.
        rows: Plain examples with their labels; the first 2 048 are used.
        augmented: The same rows augmented, shape of `rows.x`.
        space: In which distances are taken.

    Raises:
        core.CannotChange: The shapes differ, there is a single class, or the model has no features
            that could be read.
    """
    plain = np.asarray(rows.x)
    augmented = np.asarray(augmented)
    if plain.shape != augmented.shape:
        raise core.CannotChange(
            f"augmented examples are of shape {augmented.shape} and plain ones of {plain.shape}"
        )
    plain, augmented, y = plain[:MOST], augmented[:MOST], taken(rows.y, slice(MOST))
    with untouched(model):
        answered = each_answer(model)
        answers = [in_pieces(answered, x, y)[1] for x in (plain, augmented)]
        seen = [plain, augmented]
        if space == "features":
            seen = _features(model, plain, augmented)
    labels = labels_of(y, answers[0])
    if len(np.unique(labels)) < 2:
        raise core.CannotChange("all examples are of one class: there is none to mistake them for")
    base, moved = standardised(seen[0], seen[1])
    own = np.sqrt(((base - moved) ** 2).sum(1))
    other = to_another_class(moved, labels, base)
    lost = own > other
    right = [_chosen(a) == labels for a in answers]
    drop, low, high = mean_interval(right[0].astype(np.float64) - right[1])
    return core.AugmentedSimilarity(
        figure=core.Figure(*share_interval(float(lost.sum()), len(lost)), "1"),
        own=float(np.median(own)),
        other=float(np.median(other)),
        between=float(np.median(to_another_class(base, labels, base))),
        space=space,
        drop=core.Figure(drop, low, high, "1"),
        plain_accuracy=float(right[0].mean()),
        augmented_accuracy=float(right[1].mean()),
        says=_says(lost, right, space),
    )


def _features(model: Any, *inputs: Any) -> list[Floats]:
    """What the last layer is given, for each set of inputs."""
    import keras

    try:
        ends = model.layers[-1].input
        inner = keras.Model(model.inputs, ends, name="features")
    except Exception as error:
        raise core.CannotChange(f"the input of its last layer can't be read: {error}") from error
    return [
        np.concatenate(
            [np.asarray(inner(x[i : i + 256], training=False)) for i in range(0, len(x), 256)]
        )
        for x in inputs
    ]


def _chosen(answers: Floats) -> Any:
    """Class of each answer; a single unit is a probability, or a logit where one is below 0."""
    if answers.shape[1] > 1:
        return answers.argmax(1)
    return (answers[:, 0] > (0.0 if answers.min() < 0 else 0.5)).astype(np.int64)


def _says(lost: Any, right: list[Any], space: str) -> str:
    share = float(lost.mean())
    plain, augmented = (float(r.mean()) for r in right)
    few = "" if share > MANY else "only "
    start = f"{few}{share:.0%} of augmented examples look more like another class (in {space})"
    accuracy = f"accuracy is {plain:.0%} on plain and {augmented:.0%} on augmented examples"
    return f"{start}; {accuracy}"
