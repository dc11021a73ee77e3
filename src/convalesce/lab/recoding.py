"""Labels written in another way, or left out, as far as that can be done on the arrays alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from convalesce import core
from convalesce.lab import rows
from convalesce.lab.rows import Array
from convalesce.lab.setting import Setting
from convalesce.observe.kept import Rows

NUMBER = r"(-?[\d.]+(?:e[+-]?\d+)?)"
CLEAR = 0.5  # share of a class's neighbours in one other class, as in the reading
BYTE = 255.0


@dataclass(frozen=True, slots=True)
class Recoding:
    """One way of writing labels: the words that ask for it, and what makes it.

    Attributes:
        make: Takes the setting and what the words hold, and gives the changed setting.
    """

    words: re.Pattern[str]
    make: Callable[[Setting, tuple[str, ...]], Setting]


def _each(setting: Setting, change: Callable[[Array], Array], **others: object) -> Setting:
    """Every first target through a function."""
    return rows.everywhere(setting, lambda r: _first(r, change), **others)


def _first(split: Rows, change: Callable[[Array], Array]) -> Rows:
    return rows.map_targets(split, lambda number, y: change(y) if not number else y)


def _labels(split: Rows) -> Array:
    return rows.leaves(split.y)[0]


def _two_values(setting: Setting, _: tuple[str, ...]) -> Setting:
    """The higher of two values is 1, the lower 0."""
    values = np.unique(_labels(setting.train))
    if len(values) != 2:
        raise core.CannotChange(f"the labels have {len(values)} values, not two")
    middle = float(values.mean())
    form = "binary" if setting.form in {"sign", "class_index", "continuous"} else setting.form
    if _labels(setting.train).ndim == 2 and _labels(setting.train).shape[1] > 1:
        form = "one_hot"
    return _each(setting, lambda y: np.asarray(y > middle, y.dtype), form=form)


def _rows_of_ones(setting: Setting, _: tuple[str, ...]) -> Setting:
    return _two_values(setting, ())


def _numbered(setting: Setting, _: tuple[str, ...]) -> Setting:
    """The distinct labels of both splits, in order, become 0, 1, 2 and so on."""
    parts = [_labels(setting.train)]
    if setting.validation is not None and setting.validation.y is not None:
        parts.append(_labels(setting.validation))
    values = np.unique(np.concatenate([p.reshape(-1) for p in parts]))
    if parts[0].dtype.kind not in "biuf":
        raise core.CannotChange("the labels are no numbers")
    return _each(
        setting,
        lambda y: np.searchsorted(values, y).astype(np.int64).reshape(y.shape),
        form="class_index" if setting.form == "continuous" else setting.form,
    )


def _moved(setting: Setting, given: tuple[str, ...], sign: int) -> Setting:
    by = sign * round(float(given[0]))
    return _each(setting, lambda y: (y.astype(np.int64) + by).astype(y.dtype))


def _each_from_zero(setting: Setting, _: tuple[str, ...]) -> Setting:
    """Each split's own lowest class becomes 0."""
    return _each(setting, lambda y: (y - y.min()).astype(y.dtype))


def _without(setting: Setting, given: tuple[str, ...]) -> Setting:
    """Examples of a label left out; where it stands at positions, the loss leaves it out."""
    label = float(given[0])
    if _labels(setting.train).size == setting.train.count:
        kept = _labels(setting.train).reshape(-1) != label
        rows.needs_some(kept, f"has the label {label:g}")
        return rows.everywhere(setting, lambda r: rows.take(r, _labels(r).reshape(-1) != label))
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=int(label))
    if "sparse_categorical" not in _loss_name(setting):
        raise core.CannotChange(f"the loss can't leave out positions of label {label:g}")
    return rows.changed(setting.compile_with(loss=loss))


def _loss_name(setting: Setting) -> str:
    loss = setting.compiled.get("loss")
    name = loss if isinstance(loss, str) else getattr(loss, "name", getattr(loss, "__name__", ""))
    return str(name)


def _to_one(setting: Setting, _: tuple[str, ...]) -> Setting:
    return _each(setting, lambda y: np.asarray(y / BYTE, np.float32))


def _sound_rows(setting: Setting, _: tuple[str, ...]) -> Setting:
    """Label rows that do not sum to 1 are left out."""

    def sound(split: Rows) -> Array:
        y = _labels(split)
        if y.ndim != 2:
            raise core.CannotChange("the labels are no rows of shares")
        return np.asarray(np.isclose(y.astype(np.float64).sum(1), 1.0, atol=1e-3))

    rows.needs_some(sound(setting.train), "has a label row that doesn't sum to 1")
    return rows.everywhere(setting, lambda r: rows.take(r, sound(r)))


def _one_list(setting: Setting, _: tuple[str, ...]) -> Setting:
    """Validation's classes become those of training that they look like, or are answered as."""
    held = setting.validation
    labels = rows.labels_of(held) if held is not None else None
    if held is None or labels is None:
        raise core.CannotChange("there are no class labels of validation to number anew")
    classes = _matched(setting)
    if int(labels.max()) >= len(classes):
        raise core.CannotChange("validation has classes whose look-alikes are not known")
    anew = np.asarray(classes)

    def renamed(y: Array) -> Array:
        if y.ndim == 2 and y.shape[1] > 1:
            return np.asarray(np.eye(y.shape[1], dtype=y.dtype)[anew[y.argmax(1)]])
        return anew[y.astype(np.int64)].astype(y.dtype)

    return rows.changed(setting, validation=_first(held, renamed))


def _matched(setting: Setting) -> list[int]:
    """Class of training for each class of validation.

    Raises:
        core.CannotChange: They do not match one to one.
    """
    across, answers = (
        rows.fact(setting, core.ACROSS),
        rows.fact(setting, core.VALIDATION_ANSWERS),
    )
    table: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    if across is not None and across.neighbours is not None and across.neighbours.confusion:
        table = np.asarray(across.neighbours.confusion, np.float64)
    elif answers is not None and answers.confusion:
        table = np.asarray(answers.confusion, np.float64)
    else:
        raise core.CannotChange("which class of training each class of validation is, is not known")
    shares = table / np.maximum(table.sum(1, keepdims=True), 1e-12)
    clear = {int(c): int(shares[c].argmax()) for c in np.flatnonzero(shares.max(1) >= CLEAR)}
    left_own = sorted(set(range(len(shares))) - set(clear))
    left_other = sorted(set(range(len(shares))) - set(clear.values()))
    if len(set(clear.values())) < len(clear) or len(left_own) > 1:
        raise core.CannotChange("the classes of validation match those of training in no one way")
    clear.update(zip(left_own, left_other, strict=False))
    return [clear[c] for c in range(len(shares))]


RECODINGS = tuple(
    Recoding(re.compile(words), make)
    for words, make in (
        (r"^write the two classes as 0 and 1", _two_values),
        (r"^write rows of 0 and 1", _rows_of_ones),
        (r"^number the classes of both splits from 0", _each_from_zero),
        (r"^number the classes of both splits by one list", _one_list),
        (r"^number the classes (?:from )?0 to", _numbered),
        (rf"^take {NUMBER} off each", lambda s, given: _moved(s, given, -1)),
        (rf"^add {NUMBER} to each", lambda s, given: _moved(s, given, 1)),
        (rf"^leave out label {NUMBER}", _without),
        (r"^divide the targets by 255", _to_one),
        (r"^give each row exactly one class", _sound_rows),
    )
)
