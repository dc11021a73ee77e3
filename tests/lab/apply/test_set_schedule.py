from convalesce import core
from convalesce.lab.apply import apply
from tests.lab.apply import nets


def test_a_plateau_lowers_the_rate_as_the_change_says() -> None:
    setting = nets.setting_of(nets.mlp(), epochs=40)
    (made,) = apply(core.SetSchedule("plateau", patience=5, factor=0.2), setting).callbacks
    assert (type(made).__name__, made.patience, made.factor) == ("ReduceLROnPlateau", 5, 0.2)
    assert made.monitor == "loss"


def test_a_plateau_of_no_given_length_lasts_a_tenth_of_the_epochs() -> None:
    for epochs, patience in ((40, 4), (6, 2)):
        setting = nets.setting_of(nets.mlp(), epochs=epochs)
        (made,) = apply(core.SetSchedule("plateau"), setting).callbacks
        assert made.patience == patience == core.SetSchedule("plateau").waits(epochs)


def test_what_set_the_rate_before_goes() -> None:
    own = (nets.keras.callbacks.ReduceLROnPlateau(), nets.keras.callbacks.TerminateOnNaN())
    setting = nets.setting_of(nets.mlp(), callbacks=own)
    kept = apply(core.SetSchedule("constant"), setting).callbacks
    assert kept == own[1:]
