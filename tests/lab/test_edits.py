from types import SimpleNamespace

import pytest

from convalesce.lab.edits import edited


def test_attributes_are_other_only_while_it_lasts() -> None:
    owner = SimpleNamespace(rate=0.5)
    with edited([(owner, "rate", 0.1), (owner, "rate", 0.2)]):
        assert owner.rate == 0.2
    assert owner.rate == 0.5


def test_attributes_come_back_after_an_error_too() -> None:
    one, other = SimpleNamespace(rate=0.5), SimpleNamespace()
    with pytest.raises(AttributeError), edited([(one, "rate", 0.1), (other, "rate", 0.1)]):
        pass
    assert one.rate == 0.5


def test_a_method_is_the_classes_own_again_afterwards() -> None:
    class Layer:
        def call(self, x: int) -> int:
            return x

    one, other = Layer(), Layer()
    with edited([(one, "call", abs)]):
        assert (one.call(-1), other.call(-1)) == (1, -1)
    assert one.call(-1) == -1
    assert not vars(one)
