"""Runs made by hand, kept in a store as a real one would be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from convalesce import core, keeping
from convalesce.track import disk, folder
from convalesce.track.folder import RunFolder, Start
from convalesce.track.live import Live

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
FALLING = (0.9, 0.6, 0.4, 0.35)
OVERFITTED = core.History(
    metrics={
        "loss": tuple(0.9 / (e + 1) for e in range(20)),
        "val_loss": tuple(0.7 + 0.04 * e for e in range(20)),
        "accuracy": tuple(1 - 0.3 / (e + 1) for e in range(20)),
        "val_accuracy": tuple(0.7 - 0.01 * e for e in range(20)),
    },
    planned=20,
    steps=200,
)


def fit(
    losses: Sequence[float] = FALLING,
    *,
    index: int = 0,
    rate: float = 0.01,
    maximum: float = 1.0,
    more: Mapping[core.Signal[Any], Any] | None = None,
) -> core.Fit:
    """A fit with curves, a set-up and data."""
    values = tuple(losses)
    inputs = core.Inputs(
        name="input_0",
        shape=(8, 8, 1),
        dtype="float32",
        kind="image",
        minimum=(0.0,),
        maximum=(maximum,),
        mean=(0.5 * maximum,),
        std=(0.25 * maximum,),
    )
    split = core.Split(
        role="train",
        source="arrays",
        examples=64,
        scanned=64,
        whole=True,
        inputs=(inputs,),
        targets=(),
    )
    optimizer = core.Optimizer(name="Adam", learning_rate=rate, settings={"epsilon": 1e-7})
    recorded: dict[core.Signal[Any], Any] = {
        core.SETUP: core.Setup(
            losses=(core.Loss(name="mean_squared_error"),), optimizer=optimizer, epochs=len(values)
        ),
        core.TRAIN: split,
        core.HISTORY: core.History(
            metrics={"loss": values, "val_loss": tuple(v + 0.1 for v in values)},
            planned=len(values),
            steps=10 * len(values),
            seconds=4.0,
        ),
    }
    signals = core.Signals({**recorded, **(more or {})})
    return core.Fit(index=index, signals=signals, cost=core.Cost(training_s=4.0))


def finding(cause: str = "hp.lr_high") -> core.Finding:
    """A suspicion."""
    evidence = core.Evidence(
        readings=(core.Reading(core.LOSS, 3.0, core.Limit(1.0, "1", "a test")),),
        says="the loss rises",
        strength=0.6,
    )
    return core.Finding(
        cause=cause,
        title="Learning rate too high",
        evidence=evidence,
        verdict=core.Verdict.UNDECIDED,
        severity=core.Severity.WARNING,
        confidence=0.6,
        remedies=(core.ScaleLearningRate(0.1),),
    )


def examined(*fits: core.Fit, causes: Sequence[str] = ("hp.lr_high",), **run: Any) -> core.Examined:
    """A run and what is concluded from it."""
    health = core.Health.UNDECIDED if causes else core.Health.HEALTHY
    return core.Examined(
        run=core.Run(script="train.py", fits=fits or (fit(),), **run),
        diagnosis=core.Diagnosis(health=health, findings=tuple(map(finding, causes))),
        started=NOW.isoformat(),
    )


def began(store: Path, script: str = "train.py", *, after: int = 0, **start: Any) -> RunFolder:
    """A run that is running, in this very process."""
    return folder.begin(store, Start(script=script, **start), NOW + timedelta(seconds=after))


def kept(
    store: Path,
    what: core.Examined | None = None,
    *,
    script: str = "train.py",
    after: int = 0,
    **start: Any,
) -> RunFolder:
    """A run that has ended."""
    from convalesce import report

    what = what or examined()
    made = began(store, script, after=after, **start)
    reports = {"report.json": report.to_json(what), "report.html": report.to_html(what).encode()}
    end = keeping._end(what, reports)
    folder.finish(made, end, NOW + timedelta(seconds=after + 9))
    return made


def told(made: RunFolder, epochs: Sequence[float] = FALLING, *, planned: int = 9) -> None:
    """What a training of these losses would have told by now."""
    live = Live(made)
    live({"event": "fit", "fit": 0, "epochs": planned, "so_far": lambda: fit(())})
    for epoch, loss in enumerate(epochs):
        metrics = {"loss": loss, "val_loss": loss + 0.1}
        event = {"event": "epoch", "fit": 0, "epoch": epoch, "metrics": metrics, "rate": 0.01}
        live({**event, "so_far": lambda: fit(())})


def killed(made: RunFolder) -> RunFolder:
    """The same after its process was ended from outside."""
    summary = disk.read_json(made.summary)
    summary["process"] = {**summary["process"], "born": "1", "pid": 1}
    disk.write_json(made.summary, summary)
    return made
