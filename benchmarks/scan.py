"""How fast the data scan reads, against plain NumPy: `python benchmarks/scan.py`.

CPU time of one thread, the best of several interleaved rounds, over data in memory. *Figures*
are the per-channel minimum, maximum, mean, deviation, zeros, NaN and blank rows; *one pass* is
all of the scan but the near copies: figures, hashes of every example, labels, the sample. The
whole scan adds near copies, neighbours, the telltale and the samples of the report, whose cost
does not grow with the size of an example. Writes `benchmarks/results/scan.md`.
"""

from __future__ import annotations

import gzip
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from convalesce.observe.scan import compare, scan
from convalesce.observe.scan.figures import Figures
from convalesce.observe.scan.fingerprints import hash_rows
from convalesce.observe.scan.passing import Pass

ROUNDS = 3
TENTH = 10  # of the data are given to NumPy's own reductions, which take long
FASHION = Path("/usr/share/datasets/fashion-mnist")
RESULTS = Path(__file__).parent / "results" / "scan.md"


def plain(x: Any) -> None:
    """The same figures as NumPy's own reductions over all axes but the last."""
    axes = tuple(range(x.ndim - 1))
    x.min(axes), x.max(axes), x.mean(axes), x.std(axes)
    np.isfinite(x).all() if x.dtype.kind == "f" else None


def figures(x: Any) -> None:
    """Our figures alone, in chunks of 8 MB."""
    found = Figures(x.shape[-1])
    for part in _chunks(x):
        found.add(part)


def hashes(x: Any) -> None:
    """Hash of every example."""
    for part in _chunks(x):
        hash_rows([part])


def one_pass(x: Any, y: Any) -> None:
    """Everything that grows with the size of the data, near copies aside."""
    passing = Pass("train", ["x"], ["y"], total=len(x))
    passing._pictures.add = lambda *_: None  # type: ignore[method-assign]  # noqa: SLF001  # near copies aside
    start = 0
    for part in _chunks(x):
        passing.add([part], [y[start : start + len(part)]])
        start += len(part)


def main() -> None:
    """Prints the table and writes it."""
    threadpool_limits(1)
    rows = [_row(name, x, y) for name, x, y in _data()]
    head = "| data | GB | NumPy reductions | figures | hashes | one pass | whole scan, s |"
    lines = [head, "|---|---:|---:|---:|---:|---:|---:|", *rows]
    if FASHION.exists():
        lines += ["", _fashion()]
    machine = f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__}"
    text = f"# Speed of the data scan\n\nGB/s of one core ({machine}).\n\n" + "\n".join(lines)
    print(text)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(text + "\n", encoding="utf-8")


def _row(name: str, x: Any, y: Any) -> str:
    parts: list[Callable[[], None]] = [
        lambda: plain(x[: len(x) // TENTH]),
        lambda: figures(x),
        lambda: hashes(x),
        lambda: one_pass(x, y),
        lambda: scan(x, y, role="train") and None,
    ]
    best = _best(parts)
    best[0] *= TENTH
    size = x.nbytes / 1e9
    speeds = " | ".join(f"{size / seconds:.2f}" for seconds in best[:-1])
    return f"| {name} | {size:.3f} | {speeds} | {best[-1]:.2f} |"


def _fashion() -> str:
    """Scan of both splits and their comparison, as a user of Fashion-MNIST meets it."""
    said = []
    train, test = (_load(kind) for kind in ("train", "t10k"))
    for name, change in (("uint8", lambda a: a), ("float32", lambda a: (a / 255).astype("f4"))):
        x, other = change(train[0]), change(test[0])
        seconds = _best(
            [
                lambda x=x, other=other: (
                    compare(
                        scan(x, train[1], role="train"), scan(other, test[1], role="validation")
                    )
                    and None
                )
            ]
        )[0]
        said.append(f"{seconds:.2f} s as {name}")
    return (
        "Fashion-MNIST, 60,000 training and 10,000 validation pictures, both scans with all on "
        f"and the comparison: {' and '.join(said)}."
    )


def _best(parts: list[Callable[[], None]]) -> list[float]:
    seconds = [float("inf")] * len(parts)
    for _ in range(ROUNDS):
        for i, part in enumerate(parts):
            began = time.thread_time()
            part()
            seconds[i] = min(seconds[i], time.thread_time() - began)
    return seconds


def _data() -> list[tuple[str, Any, Any]]:
    rng = np.random.default_rng(0)
    shapes = [(160000, 28, 28, 1), (60000, 32, 32, 3), (3000, 224, 224, 3)]
    made = []
    for shape in shapes:
        x, y = rng.integers(0, 256, shape, dtype=np.uint8), rng.integers(0, 10, shape[0])
        made.append((_name("uint8", x), x, y))
        part = x[: len(x) // 4].astype(np.float32) / 255
        made.append((_name("float32", part), part, y[: len(part)]))
    table = rng.random((400000, 30))
    made.append((_name("float64", table), table, rng.integers(0, 2, len(table))))
    return made


def _name(dtype: str, x: Any) -> str:
    return f"{dtype} {'×'.join(str(s) for s in x.shape)}"


def _chunks(x: Any) -> list[Any]:
    step = max(1, (1 << 23) // x[:1].nbytes)
    return [x[i : i + step] for i in range(0, len(x), step)]


def _load(kind: str) -> tuple[Any, Any]:
    def read(name: str, offset: int) -> Any:
        return np.frombuffer(gzip.decompress((FASHION / name).read_bytes()), np.uint8, -1, offset)

    x = read(f"{kind}-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    return x, read(f"{kind}-labels-idx1-ubyte.gz", 8)


if __name__ == "__main__":
    main()
