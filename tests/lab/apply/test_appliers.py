"""Which changes an experiment can make."""

from pathlib import Path

import pytest

from convalesce import core
from convalesce.core.changes import data
from convalesce.lab import apply as appliers
from tests.lab.apply import nets

HERE = Path(appliers.__file__).parent
# Changes that no applier makes, and why.
WITHOUT: dict[str, str] = {}


def kinds() -> list[type[core.Change]]:
    found = core.Change.__subclasses__()
    return sorted((k for k in found if k.__module__.startswith("convalesce.")), key=str)


@pytest.mark.parametrize("kind", [k for k in kinds() if k.__module__ != data.__name__])
def test_a_change_of_model_or_training_has_an_applier_or_a_reason(kind: type[core.Change]) -> None:
    made = (HERE / f"{appliers.file_of(kind)}.py").is_file()
    assert made != (kind.__name__ in WITHOUT), kind.__name__


def test_every_applier_makes_a_change() -> None:
    files = {path.stem for path in HERE.glob("*.py")} - {"__init__"}
    assert files <= {appliers.file_of(kind) for kind in kinds()}


def test_a_change_without_an_applier_is_said() -> None:
    class Unheard(core.Change):
        reads = "do something"

    with pytest.raises(core.CannotChange, match="Unheard cannot be made by an experiment"):
        appliers.apply(Unheard(), nets.setting_of(nets.mlp()))
