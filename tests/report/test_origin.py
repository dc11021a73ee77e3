"""Where training first turned non-finite is said wherever a report is read."""

import json
from dataclasses import replace

from convalesce import core
from convalesce.report import to_html, to_json, to_text

ORIGIN = core.Origin(
    step=37, first="gradient", name="conv2d/kernel", epoch=1, batch=5, loss_before=812.0
)


def examined() -> core.Examined:
    fit = core.Fit(
        index=0,
        signals=core.record(
            {core.ORIGIN: ORIGIN, core.HISTORY: core.History(metrics={"loss": (1.0, 2.0)})}
        ),
    )
    run = core.Run(script="train.py", fits=(fit,))
    return core.Examined(run=run, diagnosis=core.Diagnosis(health=core.Health.UNDECIDED))


def test_terminal_and_page_name_variable_step_epoch_and_batch() -> None:
    for said in (" ".join(to_text(examined()).split()), to_html(examined())):
        assert "gradient in conv2d/kernel, at step 37 (epoch 2, batch 6)" in said
        assert "the last finite loss was 812" in said


def test_the_json_has_it_with_its_fit() -> None:
    fit = json.loads(to_json(examined()))["fits"][0]
    assert fit["nonfinite"]["name"] == "conv2d/kernel"
    assert fit["nonfinite"]["gradient_norm_before"] is None


def test_nothing_is_said_of_a_training_that_stayed_finite() -> None:
    found = examined()
    (fit,) = found.run.fits
    sound = replace(fit, signals=core.Signals({}))
    assert "non-finite" not in to_text(replace(found, run=replace(found.run, fits=(sound,))))
