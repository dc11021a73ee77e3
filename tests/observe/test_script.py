import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest

from convalesce import core
from convalesce.observe import UnusableScript, observe_script
from convalesce.observe.options import Options

RUNNER = """
import sys
from convalesce.observe import observe_script
from convalesce.observe.options import Options
module = sys.argv[1] == "-m"
target, *args = sys.argv[1 + module:]
sys.exit(observe_script(target, args, Options(), module=module).status)
"""
WATCHED = ["-c", RUNNER]


def write(folder: Path, text: str, name: str = "train.py") -> Any:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def python(folder: Path, *args: Any, **kwargs: Any) -> Any:
    return subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **kwargs,
    )


def both(folder: Path, *args: Any, **kwargs: Any) -> Any:
    """What plain Python and the runner make of the same command line."""
    ends = [python(folder, *args, **kwargs), python(folder, *WATCHED, *args, **kwargs)]
    return [(end.returncode, end.stdout, end.stderr) for end in ends]


SURROUNDINGS = """
    '''What it is.'''
    import __main__, inspect, json, os, pickle, sys

    class Kept:
        pass

    print(json.dumps({
        "argv": sys.argv,
        "names": sorted(globals()),
        "file": __file__,
        "doc": __doc__,
        "package": __package__,
        "spec": __spec__ and (__spec__.name, __spec__.origin),
        "cached": __cached__,
        "annotations": __annotations__,
        "loader": (type(__loader__).__name__, __loader__.name, __loader__.path),
        "path": sys.path[0],
        "cwd": os.getcwd(),
        "main": __main__.Kept is Kept and __name__ == "__main__",
        "pickled": type(pickle.loads(pickle.dumps(Kept()))) is Kept,
        "source": inspect.getsource(Kept),
    }, indent=1))
"""


def test_a_script_finds_what_python_would_have_given_it(tmp_path: Path) -> None:
    write(tmp_path, SURROUNDINGS)
    plain, watched = both(tmp_path, "train.py", "--json", "x", "-m", "--", "--quiet")
    assert watched == plain
    assert json.loads(plain[1])["argv"] == ["train.py", "--json", "x", "-m", "--", "--quiet"]


def test_a_script_in_another_folder_is_imported_from_there(tmp_path: Path) -> None:
    write(tmp_path, "import nearby; print(nearby.__file__)", "deep/train.py")
    write(tmp_path, "", "deep/nearby.py")
    plain, watched = both(tmp_path, "deep/train.py")
    assert watched == plain and plain[0] == 0


def test_a_linked_script_is_run_from_the_folder_that_it_really_is_in(tmp_path: Path) -> None:
    write(tmp_path, SURROUNDINGS, "real/train.py")
    (tmp_path / "train.py").symlink_to(tmp_path / "real" / "train.py")
    plain, watched = both(tmp_path, "train.py")
    assert watched == plain


def test_a_module_finds_what_python_m_would_have_given_it(tmp_path: Path) -> None:
    write(tmp_path, "print('package')", "job/__init__.py")
    write(tmp_path, SURROUNDINGS, "job/train.py")
    plain, watched = both(tmp_path, "-m", "job.train", "--lr", "0.1")
    assert watched == plain and plain[0] == 0


def test_a_package_is_run_by_its_main_module(tmp_path: Path) -> None:
    write(tmp_path, "", "job/__init__.py")
    write(tmp_path, "from . import side; print(__name__, side.__name__)", "job/__main__.py")
    write(tmp_path, "", "job/side.py")
    plain, watched = both(tmp_path, "-m", "job")
    assert watched == plain and plain[0] == 0


@pytest.mark.parametrize(
    "code", ["", "0", "3", "None", "True", "'the disk is full'", "(1, 2)", "256", "-1"]
)
def test_the_exit_status_is_the_scripts_own(tmp_path: Path, code: str) -> None:
    write(tmp_path, f"import sys\nprint('before')\nsys.exit({code})")
    plain, watched = both(tmp_path, "train.py")
    assert watched == plain


RAISING = {
    "a plain exception": "def f():\n    raise ValueError('bad')\nf()",
    "an exception from another one": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('x') from e"
    ),
    "an exception in a handler": (
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    open('/nowhere/x')"
    ),
    "a group of exceptions": "raise ExceptionGroup('two', [ValueError(1), TypeError(2)])",
    "a missing module": "import nowhere_to_be_found",
    "a syntax error": "print('x'\nfor\n",
    "bad indentation": "if True:\nprint(1)",
    "an error in an import": "import broken",
    "an import by name": "import importlib\nimportlib.import_module('broken')",
    "a hook of its own": "import sys\nsys.excepthook = lambda *a: print('mine', a[1])\n1 / 0",
    "a hook that fails": (
        "import sys\ndef f(*a):\n    1 / 0\nsys.excepthook = f\nraise ValueError('x')"
    ),
    "an exception with a note": "e = ValueError('x'); e.add_note('look here'); raise e",
    "an assertion": "assert 1 == 2, 'no'",
}


@pytest.mark.parametrize("text", RAISING.values(), ids=RAISING)
def test_a_traceback_reads_as_python_prints_it(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    write(tmp_path, "def g():\n    return [][1]\n\ng()", "broken.py")
    plain, watched = both(tmp_path, "train.py")
    assert watched[:2] == plain[:2]
    assert watched[2].startswith(plain[2])


def test_output_order_and_exit_functions_are_as_in_python(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import atexit, os, pickle, sys, threading, time

        class Kept: pass

        atexit.register(lambda: print("first registered", sys.argv, os.getcwd()))
        atexit.register(lambda: print(pickle.loads(pickle.dumps(Kept())).__class__ is Kept))

        def later():
            time.sleep(0.2)
            print("thread done")

        threading.Thread(target=later).start()
        os.mkdir("elsewhere")
        os.chdir("elsewhere")
        print("main done")
        """,
    )
    plain = python(tmp_path, "train.py", "a")
    (tmp_path / "elsewhere").rmdir()
    watched = python(tmp_path, *WATCHED, "train.py", "a")
    assert (watched.returncode, watched.stdout) == (plain.returncode, plain.stdout)
    assert "thread done" in plain.stdout and "True" in plain.stdout


def test_a_pool_that_is_never_shut_down_does_not_block_the_end(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor(1)
        print(pool.submit(lambda: 5).result())
        """,
    )
    plain, watched = both(tmp_path, "train.py")
    assert watched == plain


def test_a_fork_and_a_process_pool_work(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
        import multiprocessing as mp, os, sys

        def square(x): return x * x

        if __name__ == "__main__":
            sys.stdout.flush()
            if os.fork() == 0:
                sys.exit(4)
            print(os.waitstatus_to_exitcode(os.wait()[1]))
            with mp.get_context("spawn").Pool(1) as pool:
                print(pool.map(square, [2, 3]))
        """,
    )
    plain, watched = both(tmp_path, "train.py")
    assert watched == plain and "[4, 9]" in plain[1]


def test_source_is_decoded_as_python_does(tmp_path: Path) -> None:
    (tmp_path / "bom.py").write_bytes("print('bom äö')".encode("utf-8-sig"))
    (tmp_path / "cookie.py").write_bytes("# coding: latin-1\nprint('grün')".encode("latin-1"))
    for name in ("bom.py", "cookie.py"):
        plain, watched = both(tmp_path, name)
        assert watched == plain and plain[0] == 0


def test_what_a_script_reads_from_stdin_is_its_own(tmp_path: Path) -> None:
    write(tmp_path, "print(input().upper())")
    plain, watched = both(tmp_path, "train.py", input="hello\n")
    assert watched == plain and plain[1] == "HELLO\n"


def test_nothing_heavy_is_loaded_before_the_script(tmp_path: Path) -> None:
    heavy = ("keras", "tensorflow", "numpy", "sklearn", "PIL", "jinja2", "msgspec", "xxhash")
    write(tmp_path, f"import sys\nprint([m for m in {heavy} if m in sys.modules])")
    assert python(tmp_path, *WATCHED, "train.py").stdout == "[]\n"
    write(tmp_path, f"import numpy, sys\nprint([m for m in {heavy} if m in sys.modules])")
    assert python(tmp_path, *WATCHED, "train.py").stdout == "['numpy']\n"  # the check can fail


def test_an_interrupted_script_ends_as_the_shell_expects(tmp_path: Path) -> None:
    write(tmp_path, "import time\nprint('ready', flush=True)\ntime.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "convalesce", "run", "train.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        # A job in the background of a shell is deaf to SIGINT, and so are its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told.startswith("Traceback (most recent call last):") and "KeyboardInterrupt" in told
    assert "convalesce/" not in told.split("KeyboardInterrupt")[0]


# ---- in this process -------------------------------------------------------------------------


def observe(path: Path, *args: Any, **kwargs: Any) -> Any:
    return observe_script(str(path), args, Options(), **kwargs)


def test_the_process_is_afterwards_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = write(tmp_path, "import sys, os\nsys.path.append('x')\nos.chdir('/')\nsys.argv = []")
    before = (sys.argv, list(sys.path), sys.modules["__main__"], Path.cwd(), list(sys.meta_path))
    observe(script)
    assert before == (
        sys.argv,
        sys.path,
        sys.modules["__main__"],
        Path.cwd(),
        sys.meta_path,
    )


def test_a_script_without_keras_is_told_so(tmp_path: Path) -> None:
    modules = {k: v for k, v in sys.modules.items() if k.split(".")[0] == "keras"}
    for name in modules:
        del sys.modules[name]
    try:
        run = observe(write(tmp_path, "print('hi')"))
    finally:
        sys.modules.update(modules)
    assert run.fits == () and run.status == 0
    assert "did not import Keras" in run.remarks[0]


def test_an_uncaught_exception_is_a_crash_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = write(tmp_path, "x = 1\nraise RuntimeError('no power')")
    run = observe(script)
    assert run.status == 1 and run.crash is not None
    assert (run.crash.exception, run.crash.message) == ("RuntimeError", "no power")
    assert run.crash.site is not None
    assert (run.crash.site.file, run.crash.site.line) == (str(script), 2)
    assert "no power" in capsys.readouterr().err


def binary(folder: Path) -> Any:
    path = folder / "model.keras"
    path.write_bytes(b"PK\x03\x04\x00\x00")
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda folder: folder / "nope.py", "There is no file"),
        (lambda folder: folder, "is a folder. Name a Python script in it"),
        (binary, "is no Python source: it holds binary data"),
    ],
)
def test_what_cannot_be_run_is_said_and_what_to_do(tmp_path: Path, make: Any, says: str) -> None:
    with pytest.raises(UnusableScript, match=says):
        observe(make(tmp_path))


@pytest.mark.parametrize("name", ["nowhere_at_all", "json.nowhere", "..", "a..b"])
def test_a_module_that_does_not_exist_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableScript, match="There is no module"):
        observe(name, module=True)


def test_an_error_inside_a_modules_package_is_the_scripts_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "import not_installed_anywhere", "job_that_fails/__init__.py")
    write(tmp_path, "", "job_that_fails/train.py")
    monkeypatch.chdir(tmp_path)
    run = observe("job_that_fails.train", module=True)
    assert run.status == 1 and run.crash is not None
    assert run.crash.exception == "ModuleNotFoundError" and run.crash.phase == "import"


SHUFFLED_VALIDATION = """
    import keras
    import numpy as np
    import tensorflow as tf

    keras.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    y = (x[:, 0] > 0).astype("int64")
    data = tf.data.Dataset.from_tensor_slices((x, y))
    validation = data.take(24).shuffle(24, seed=3).batch(8)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    for _ in range(2):
        model.fit(data.batch(8), validation_data=validation, shuffle=False, verbose=0)
    print([np.asarray(b).tolist() for _, b in validation])
"""


def test_a_shuffled_validation_pipeline_comes_to_the_script_as_it_would(tmp_path: Path) -> None:
    plain, watched = both(tmp_path, write(tmp_path, SHUFFLED_VALIDATION).name)
    assert plain[:2] == watched[:2]
    assert plain[1]


def test_the_last_fit_of_a_script_shows_its_shuffled_validation(tmp_path: Path) -> None:
    file = write(tmp_path, SHUFFLED_VALIDATION)
    run = observe_script(str(file), (), Options(quiet=True))
    shown = [core.VALIDATION_ANSWERS in fit.signals for fit in run.fits]
    assert shown == [False, True]


STRATEGY = """
    import keras
    import numpy as np
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.03), "mse")
    model.fit(x, x[:, 0], epochs=2, batch_size=16, validation_split=0.25, verbose=0)
"""


def test_a_fit_under_a_strategy_is_one_fit_whose_set_up_is_known(tmp_path: Path) -> None:
    run = observe_script(str(write(tmp_path, STRATEGY)), (), Options(quiet=True))
    (fit,) = run.fits
    optimizer = fit.signals[core.SETUP].optimizer
    assert optimizer is not None
    assert (optimizer.name, optimizer.learning_rate) == ("SGD", pytest.approx(0.03))
    assert fit.signals[core.HISTORY].learning_rate == pytest.approx([0.03, 0.03])
    assert not any("failed in convalesce" in remark for remark in (*fit.remarks, *run.remarks))
