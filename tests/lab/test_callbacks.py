"""Which callbacks go with every arm, and whether an arm is the observed training again."""

from __future__ import annotations

import keras
import pytest

from convalesce.lab.callbacks import acting, all_known


class Noisy(keras.callbacks.Callback):
    """The user's own: what it does to the weights no source scan tells."""

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        self.model.set_weights(self.model.get_weights())


@pytest.mark.parametrize(
    ("given", "known", "kept"),
    [
        (None, True, 0),
        ([], True, 0),
        ([keras.callbacks.EarlyStopping(), keras.callbacks.CSVLogger("log.csv")], True, 1),
        (keras.callbacks.ReduceLROnPlateau(), True, 1),
        ([keras.callbacks.EarlyStopping(), Noisy()], False, 1),
        (keras.callbacks.CallbackList([Noisy()]), False, 0),
    ],
)
def test_a_callback_that_is_left_out_may_have_changed_the_training(
    given: object, known: object, kept: int
) -> None:
    assert all_known(given) is known
    assert len(acting(given)) == kept
