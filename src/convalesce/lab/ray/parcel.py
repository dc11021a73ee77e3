"""What travels to a worker: one fit as a lab has it, sent once and read by all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convalesce.lab.bench import KerasLab
from convalesce.lab.ray.pickling import Buffers, pack, unpack


class CannotTravel(Exception):
    """A fit can't be sent to other processes; the message says why."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One fit: its model, set-up, snapshot and examples.

    Attributes:
        data: Everything but arrays.
        buffers: The arrays, which workers read where Ray holds them.
    """

    data: bytes
    buffers: Buffers


def parcel_of(lab: KerasLab, fit: int) -> Parcel:
    """A fit as every arm begins from it; a data set travels as the arrays that were read of it.

    Raises:
        CannotTravel: Something of it can't be pickled.
    """
    from keras.src.saving import object_registration as registered

    with lab.handed_over(fit) as (kept, base):
        names = dict(registered.GLOBAL_CUSTOM_OBJECTS), dict(registered.GLOBAL_CUSTOM_NAMES)
        try:
            return Parcel(*pack((kept, base, _names(), names)))
        except Exception as error:  # of whatever kind the user's objects raise
            raise CannotTravel(
                f"the training can't be sent to other processes ({type(error).__name__}: {error})"
            ) from error


def opened(parcel: Parcel) -> KerasLab:
    """A lab on what has arrived."""
    from keras.src.saving import object_registration as registered

    kept, base, names, (objects, known) = unpack(parcel.data, parcel.buffers)
    registered.GLOBAL_CUSTOM_OBJECTS.update(objects)
    registered.GLOBAL_CUSTOM_NAMES.update(known)
    _names().update(names)
    return KerasLab.of(kept, base)


def _names() -> Any:
    """How many objects were named after their class so far: the names of new ones follow."""
    from collections import defaultdict

    from keras.src.backend.common import global_state

    return global_state.get_global_attribute(
        "object_name_uids", default=defaultdict(int), set_to_default=True
    )
