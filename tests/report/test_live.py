import io
from dataclasses import replace

import numpy as np
from rich.console import Console

from convalesce import core
from convalesce.report import live
from convalesce.report.live import Seen
from tests.track.runs import finding, fit

NAN = float("nan")


def shown(seen: Seen, width: int = 80) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, color_system=None)
    console.print(live.view(seen, console))
    return out.getvalue()


def run(*fits: core.Fit) -> core.Run:
    return core.Run(script="train.py", fits=fits)


def test_before_the_first_epoch_it_is_said_where_it_stands() -> None:
    bare = core.Fit(index=0, signals=core.Signals({}))
    assert "no fit has begun yet" in shown(Seen(id="x", status="running", run=run()))
    told = shown(Seen(id="x", status="running", run=run(bare)))
    assert "x  running  fit 1, in its first epoch" in told


def test_curves_and_findings_of_the_last_fit_are_drawn() -> None:
    seen = Seen(id="x", status="running", run=run(fit(), fit(index=1)), findings=(finding(),))
    told = shown(seen)
    assert "fit 2, epoch 4 of 4: loss 0.35, val_loss 0.45" in told
    assert "loss  training  validation" in told
    assert "warning  hp.lr_high (suspected): The loss rises" in told


def test_gradients_are_bars_on_a_scale_of_decades() -> None:
    values = np.array([[1e-6, 1e-2, NAN, 0.0]])
    labels = ("a/kernel", "b/kernel", "c/kernel", "d/kernel")
    norms = core.Series(np.array([7]), values, labels)
    told = shown(Seen(id="x", status="running", run=run(fit(more={core.GRADIENT_NORM: norms}))))
    rows = {x.split()[0]: x for x in told.splitlines() if "/kernel" in x}
    assert "gradient norm at step 7" in told
    assert rows["a/kernel"].count("█") < rows["b/kernel"].count("█")
    assert "1e-6" in rows["a/kernel"] and "█" not in rows["d/kernel"]
    assert "c/kernel" not in rows  # it was never recorded


def test_no_line_is_wider_than_the_terminal() -> None:
    wide = replace(finding(), title="x" * 500)
    seen = Seen(id="x", status="running", run=run(fit()), findings=(wide,))
    assert max(map(len, shown(seen, 60).splitlines())) <= 60
