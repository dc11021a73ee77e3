import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from convalesce import core
from convalesce.causes.arch.downsampling import CAUSE

MESSAGES = tomllib.loads(
    (Path(__file__).parents[2] / "observe" / "crash_messages.toml").read_text(encoding="utf-8")
)
TOO_MUCH = {name for name in MESSAGES if name.startswith("too_much_")}


def crash_of(name: str) -> core.Crash:
    found = MESSAGES[name]
    return core.Crash(
        exception=found["exception"],
        message=found["message"],
        phase=found["phase"],
        layer=found.get("layer", ""),
        numbers=found.get("numbers", {}),
    )


@pytest.mark.parametrize("name", sorted(TOO_MUCH))
def test_a_map_that_shrinks_away_is_recognised_with_its_layer(name: str) -> None:
    assert CAUSE.crash is not None
    evidence = CAUSE.crash(crash_of(name))
    assert evidence is not None
    assert MESSAGES[name]["layer"] in evidence.says
    assert f"{MESSAGES[name]['numbers']['input_size']} positions come in" in evidence.says


@pytest.mark.parametrize("name", sorted(set(MESSAGES) - TOO_MUCH))
def test_other_exceptions_are_not_taken_for_it(name: str) -> None:
    assert CAUSE.crash is not None
    assert CAUSE.crash(crash_of(name)) is None


def layers(*parts: tuple[str, int, int, int]) -> tuple[core.Layer, ...]:
    """Kind, positions in, positions out and weights of each."""
    return tuple(
        core.Layer(
            name=f"{kind.lower()}_{i}",
            path=f"{kind.lower()}_{i}",
            kind=kind,
            kernel_size=(3, 3) if kind == "Conv2D" else (),
            kernel_shape=(3, 3, 8, 8) if weights else (),
            strides=(max(into // max(out, 1), 1),) * 2 if kind == "Conv2D" else (),
            input_shape=(into, into, 8),
            output_shape=(out, out, 8) if kind == "Conv2D" else (out,),
            parameters=weights,
        )
        for i, (kind, into, out, weights) in enumerate(parts)
    )


UNSHRUNK = core.record(
    {
        core.MODEL: core.Model(
            name="m",
            style="sequential",
            layers=layers(
                ("Conv2D", 32, 32, 80), ("Flatten", 32, 8192, 0), ("Dense", 8192, 96, 800_000)
            ),
            outputs=(),
            parameters=800_080,
        ),
        core.TRAIN: core.Split(
            role="train",
            source="arrays",
            examples=1300,
            scanned=1300,
            whole=True,
            inputs=(),
            targets=(),
        ),
        core.TRAIN_ANSWERS: core.Predictions(
            role="train", examples=500, accuracy=1.0, baseline_accuracy=0.5
        ),
        core.VALIDATION_ANSWERS: core.Predictions(
            role="validation", examples=500, accuracy=0.63, baseline_accuracy=0.5
        ),
    }
)


def test_a_huge_dense_on_an_unshrunk_map_that_overfits_is_stated() -> None:
    evidence = CAUSE.ask(UNSHRUNK)
    assert evidence is not None
    assert evidence.stated
    assert evidence.layers == ("dense_2",)
    assert CAUSE.remedies(evidence)[0] == core.PoolGlobally()


def test_the_same_net_is_left_alone_where_validation_follows() -> None:
    validation = replace(UNSHRUNK[core.VALIDATION_ANSWERS], accuracy=0.97)
    good = core.Signals({**UNSHRUNK.recorded, core.VALIDATION_ANSWERS: validation})
    assert CAUSE.ask(good) is None
