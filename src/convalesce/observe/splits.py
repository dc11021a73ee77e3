"""The splits of one fit: scanned at the source, followed to the model, held against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from convalesce import core
from convalesce.observe.arguments import Handed, first_leaf, is_indexable
from convalesce.observe.guard import guarded
from convalesce.observe.sample import drawn_anew, draws, sample_arrays, sample_dataset, why_not_yet
from convalesce.observe.scan import Hints, Tee, compare, from_batches, scan
from convalesce.observe.scan.tee import is_py_dataset
from convalesce.observe.scan.transforms import transforms_of
from convalesce.readings.data_reading import before_map

ROLES: tuple[core.Role, ...] = ("train", "validation")
WHOLE = 0.9  # of the training examples: a split that was held out is rarely so large
FIRST = 8  # batches that show their size; the last one of an epoch may be smaller
Record = dict[core.Signal[Any], Any]


class Splits:
    """What is known of the training and the validation data of one fit.

    Args:
        handed: The data as fit got them, cut as Keras will cut them.
        fed: Batches of training that were kept on their way to the model.
        kinds: Class name of the layer that reads each input; None where it is not known.
        remarks: Where to say what could not be read.
    """

    def __init__(
        self,
        handed: Handed,
        fed: Callable[[], list[Any]],
        remarks: list[str],
        kinds: list[str] | None = None,
    ) -> None:
        self.handed, self._fed, self._remarks = handed, fed, remarks
        self._hints = Hints(layers=tuple(kinds or ()))
        self._scans: dict[str, Any] = {}
        self._tees: dict[str, Tee] = {}
        self._sampled: dict[str, list[Any]] = {}
        self._fed_scans: dict[str, Any] = {}
        self.put_off = ""  # why the validation data wait for the end of the script

    # ---- before training ---------------------------------------------------------------------

    def scan_beforehand(self, seen: Callable[[int], object] | None = None) -> None:
        """Scan what can be read without changing what Keras will see.

        Args:
            seen: Told the number of rows of each chunk that was read.
        """
        with guarded(self._remarks, "the scan of the training data"):
            handed = self.handed
            self._scans["train"] = scan(
                handed.x,
                handed.y,
                handed.sample_weight,
                role="train",
                hints=self._hints,
                seen=seen,
            )
        if handed.validation is not None:
            with guarded(self._remarks, "the scan of the validation data"):
                self._scans["validation"] = scan(
                    *handed.validation,
                    role="validation",
                    hints=self._hints_for("other"),
                    seen=seen,
                )

    def _hints_for(self, role: str) -> Hints:
        """A split other than training is read in the light of training's targets."""
        if role == "train":
            return self._hints
        found = self._fed_scans.get("train") or self._scans.get("train")
        targets = found.split.targets if found is not None else ()
        return replace(self._hints, forms=tuple(t.form for t in targets))

    @property
    def rows(self) -> int:
        """Rows of the arrays that were handed in."""
        parts = [self.handed.x, *(self.handed.validation or ())[:1]]
        return sum(int(first_leaf(x).shape[0]) for x in parts if is_indexable(x))

    def follow(self, arguments: dict[str, Any]) -> None:
        """Put proxies that see the batches pass by in the place of sequences and generators."""
        handed = self.handed
        if handed.x is arguments.get("x"):
            arguments["x"] = self._handed_on("train", handed.x)
        given = arguments.get("validation_data")
        if handed.validation is None or given is None:
            return
        x, *rest = handed.validation
        passed = self._handed_on("validation", x)
        if passed is not x:
            arguments["validation_data"] = passed if given is x else (passed, *rest)

    def _handed_on(self, role: core.Role, x: Any) -> Any:
        if is_indexable(x):
            return x
        tee = Tee(x, role, self._hints_for(role))
        if tee.handed is not x:
            self._tees[role] = tee
        return tee.handed

    def epoch_ends(self) -> None:
        """A generator may go on for ever: what comes after the first epoch is not counted."""
        for tee in self._tees.values():
            tee.stop()

    def scanned(self) -> Record:
        """What was found before training, where the source itself could be read."""
        signals = {"train": core.TRAIN, "validation": core.VALIDATION}
        known = [role for role in self._scans if role in signals and role not in self._tees]
        found = {signals[role]: self._split(role, None) for role in known}
        return {signal: split for signal, split in found.items() if split is not None}

    # ---- after training ----------------------------------------------------------------------

    def record(self, *, stopped: bool) -> Record:
        """What was found, by signal.

        Args:
            stopped: Training was broken off: nothing more is asked of the user's data.
        """
        found: Record = {}
        fed = self._fed_scans
        for role in ROLES:
            with guarded(self._remarks, f"the scan of the {role} batches as fed"):
                batches = [] if stopped and role == "validation" else self._as_fed(role)
                if batches:
                    fed[role] = from_batches(
                        batches, role=role, source="tf.data", hints=self._hints_for(role)
                    )
        if "train" in fed:
            # The same rows come again in later epochs: copies of one another mean nothing here.
            found[core.FED] = replace(fed["train"].split, duplicates=core.Duplicates())
        for role, signal in (("train", core.TRAIN), ("validation", core.VALIDATION)):
            with guarded(self._remarks, f"the scan of the {role} data"):
                split = self._split(role, fed.get(role))
                if split is not None:
                    x = self._data(role)[0]
                    found[signal] = replace(split, transforms=transforms_of(x), draws=draws(x))
        with guarded(self._remarks, "the comparison of the splits"):
            across = self._across(fed)
            if across is not None:
                found[core.ACROSS] = across
        return found

    def _split(self, role: str, fed: Any) -> core.Split | None:
        """What is known of a split: of its source, or of its batches where that holds no numbers.

        A source of file names tells how many there are, and who shuffles them.
        """
        scanned = self.scan_of(role)
        source: core.Split | None = scanned.split if scanned is not None else None
        if source is None or not source.scanned:
            return source if fed is None else _split_of(fed)
        if role == "train" and self.handed.shuffled:
            source = replace(source, shuffled_by="fit")
        if fed is not None and all(part.kind == "other" for part in source.inputs):
            return replace(
                _split_of(fed),
                examples=source.examples,
                shuffled_by=source.shuffled_by,
                shuffle_buffer=source.shuffle_buffer,
                duplicates=source.duplicates,
                remarks=("Its source holds no numbers: the figures are of batches as fed.",),
            )
        return source

    def _across(self, fed: dict[str, Any]) -> core.Across | None:
        """Copies are told best at the source, preprocessing by what reaches the model."""
        source = _compared(self.scan_of("train"), self.scan_of("validation"))
        if not fed:
            return source
        train, other = (fed.get(role) or self._without_steps(role) for role in ROLES)
        seen = _compared(train, other)
        if seen is None:
            mapped = any(before_map(s.split) for s in map(self.scan_of, ROLES) if s is not None)
            return replace(source, at_source=mapped) if source is not None else None
        copies = source.duplicates if source is not None else seen.duplicates
        return replace(
            seen, duplicates=copies, train_rows=train.split.scanned, other_rows=other.split.scanned
        )

    def _without_steps(self, role: str) -> Any:
        """The scan of data that reach the model as they were handed in; None for pipelines."""
        x = self._data(role)[0]
        return None if hasattr(x, "element_spec") else self.scan_of(role)

    def form(self, role: str, names: Sequence[str] = ()) -> str | None:
        """Form of a target as the loss sees it: of the first output that has one by its name.

        Args:
            role: Of the split.
            names: Of the outputs, in the model's order.
        """
        found = self._fed_scans.get(role) or self.scan_of(role)
        forms = {t.name: t.form for t in (found.split.targets if found is not None else ())}
        asked = next((name for name in names if name in forms), next(iter(forms), None))
        return forms[asked] if asked is not None else None

    def scan_of(self, role: str) -> Any:
        """The scan of a split, None where there is none."""
        return self._tees[role].scan() if role in self._tees else self._scans.get(role)

    def _as_fed(self, role: str) -> list[Any]:
        """Batches of a tf.data pipeline as they come out of it; none for other data."""
        x = self._data(role)[0]
        if role in self._tees or x is None or is_indexable(x):
            return []
        return [(x, y, None) for x, y, _ in self.batches(role)]

    def batches(self, role: str) -> list[Any]:
        """A sample of a split: `(x, y, row numbers or None)`."""
        if role not in self._sampled:
            self._sampled[role] = self._sample(role)
        return self._sampled[role]

    def read_put_off(self) -> Record:
        """Once the script is over: what was found with validation data that had to wait."""
        self._sampled["validation"] = self._sample("validation", over=True)
        return self.record(stopped=False)

    @property
    def may_draw(self) -> bool:
        """Training data that can be asked twice for a batch, once the script is over."""
        return is_py_dataset(self.handed.x)

    def drawn_anew(self) -> bool:
        """Once the script is over: the same batch of training holds other inputs each time."""
        return self.may_draw and drawn_anew(self.handed.x)

    def kept(self, role: str) -> list[tuple[Any, Any, Any]]:
        """Batches that were kept on their way to the model; none of data that can be read again."""
        return self._tees[role].kept if role in self._tees else []

    @property
    def batch_size(self) -> int | None:
        """Examples an update, as fit was told or as its batches show; None where neither says."""
        tee = self._tees.get("train")
        if self.handed.batch_size or tee is None:
            return self.handed.batch_size
        return max((len(first_leaf(x)) for x, *_ in tee.kept[:FIRST]), default=None)

    def _sample(self, role: str, *, over: bool = False) -> list[Any]:
        x, y = self._data(role)
        if x is None:
            return []
        if is_indexable(x):
            return sample_arrays(x, y)
        if role in self._tees:
            return [(bx, by, None) for bx, by, *_ in self._tees[role].kept]
        if role == "train":
            return [(bx, by, None) for bx, by, *_ in self._fed()]
        self.put_off = "" if over else why_not_yet(x)
        return [] if self.put_off else sample_dataset(x)

    def _data(self, role: str) -> tuple[Any, Any]:
        if role == "train":
            return self.handed.x, self.handed.y
        return self.handed.validation[:2] if self.handed.validation is not None else (None, None)

    # ---- hold-out data -----------------------------------------------------------------------

    def include(self, x: Any) -> bool:
        """`x` is (part of) what this fit trained or validated on."""
        known = [self.handed.x]
        known += [self.handed.validation[0]] if self.handed.validation else []
        leaf = first_leaf(x)
        return any(x is k or leaf is first_leaf(k) or _same(leaf, first_leaf(k)) for k in known)

    def hold_out(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any] | None:
        """A hold-out split and how it stands against training.

        None where it is the training data themselves, as when `fit` was given them in a pipeline.
        """
        other = scan(x, y, weight, role="held_out", hints=self._hints_for("other"))
        train = self.scan_of("train")
        if train is None or not train.split.scanned:
            return other.split, None
        across = compare(train, other)
        return None if _itself(train.split, other.split, across) else (other.split, across)

    # ---- shapes ------------------------------------------------------------------------------

    def symbolic_inputs(self) -> Any:
        """The model's inputs as symbolic tensors; None where their shapes are not known yet."""
        import keras

        x, tee = self.handed.x, self._tees.get("train")
        if (spec := getattr(x, "element_spec", None)) is not None:
            structure = spec[0] if isinstance(spec, tuple) else spec
            return keras.tree.map_structure(
                lambda s: keras.KerasTensor((None, *tuple(s.shape)[1:]), s.dtype.name), structure
            )
        if not is_indexable(x):
            x = tee.kept[0][0] if tee is not None and tee.kept else None
        if x is None:
            return None
        return keras.tree.map_structure(
            lambda a: keras.KerasTensor((None, *a.shape[1:]), _dtype(a)), x
        )


def _split_of(scanned: Any) -> core.Split:
    found: core.Split = scanned.split
    return found


def _compared(train: Any, other: Any) -> core.Across | None:
    """One split against another, where both were scanned."""
    if train is None or other is None or not train.split.scanned or not other.split.scanned:
        return None
    found: core.Across = compare(train, other)
    return found


def _itself(train: core.Split, other: core.Split, across: core.Across) -> bool:
    """All examples are copies of training's, and as many: no part of it that was held out."""
    copied = across.duplicates.compared and across.duplicates.exact == across.duplicates.compared
    return bool(copied) and other.scanned >= WHOLE * train.scanned


def _same(a: Any, b: Any) -> bool:
    """Views of the same memory."""
    import numpy as np

    both = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    return both and np.may_share_memory(a, b)


def _dtype(array: Any) -> str:
    return str(getattr(array.dtype, "name", array.dtype))
