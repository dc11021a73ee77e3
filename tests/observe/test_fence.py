"""What a fenced script writes stays in its folder; what lies outside stays as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CODE = """
import json, os, pathlib, shutil, sys
from convalesce.observe.fence import fenced
inside, outside = map(pathlib.Path, sys.argv[1:])
refused = []

def tried(what):
    try:
        what()
    except PermissionError:
        refused.append(len(done))
    done.append(what)

done = []
with fenced(str(inside)) as fence:
    tried(lambda: (inside / "a.txt").write_text("a"))
    tried(lambda: (outside / "mine.txt").read_text())
    tried(lambda: (outside / "mine.txt").write_text("b"))
    tried(lambda: (outside / "mine.txt").unlink())
    tried(lambda: (outside / "mine.txt").rename(inside / "b.txt"))
    tried(lambda: (outside / "new").mkdir())
    tried(lambda: shutil.rmtree(outside))
    tried(lambda: (inside / "link" / "c.txt").write_text("c"))
    tried(lambda: os.close(os.open(outside / "d.txt", os.O_WRONLY | os.O_CREAT)))
    tried(lambda: open(os.devnull, "w").close())
    import h5py
    tried(lambda: h5py.File(outside / "e.h5", "w"))
    tried(lambda: h5py.File(inside / "e.h5", "w").close())
    import tensorflow as tf
    tried(lambda: tf.io.gfile.GFile(str(outside / "f"), "w").write("f"))
    tried(lambda: tf.io.gfile.makedirs(str(outside / "g")))
    tried(lambda: tf.io.gfile.makedirs(str(inside / "g")))
(outside / "after.txt").write_text("free again")
print(json.dumps([len(done), refused, sorted(set(fence.refused))]))
"""


def test_writes_outside_are_refused_and_named(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    (outside / "mine.txt").write_text("mine")
    (inside / "link").symlink_to(outside)
    told = subprocess.run(
        [sys.executable, "-c", CODE, str(inside), str(outside)],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
            "TMPDIR": str(inside),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    count, refused, paths = json.loads(told.stdout.splitlines()[-1])
    assert count == 15
    assert refused == [2, 3, 4, 5, 6, 7, 8, 10, 12, 13]
    assert str(outside / "mine.txt") in paths and str(outside / "c.txt") in paths
    assert sorted(p.name for p in outside.iterdir()) == ["after.txt", "mine.txt"]
    assert (outside / "mine.txt").read_text() == "mine"
    assert {"a.txt", "e.h5", "g", "link"} <= {p.name for p in inside.iterdir()}
