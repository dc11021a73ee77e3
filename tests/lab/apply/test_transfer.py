import pytest

from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_a_pretrained_base_is_no_experiment() -> None:
    with pytest.raises(core.CannotChange, match="a pretrained base needs weights"):
        apply(core.Transfer(), nets.setting_of(nets.mlp()))
