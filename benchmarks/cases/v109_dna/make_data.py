"""Writes OUT/data/reads.jsonl: 60-base reads with the transposon family they come from.

usage: python make_data.py OUT faulty|fixed
"""
import json
import os
import sys

import numpy as np

out, kind = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(77)
FAMILIES = ["copia", "gypsy", "hAT", "mariner", "mutator"]
BASES = np.array(list("ACGT"))
MOTIFS = [["".join(rng.choice(BASES, 9)) for _ in range(3)] for _ in FAMILIES]


def read(c):
    gc = rng.uniform(0.35, 0.6)
    seq = rng.choice(BASES, 60, p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2])
    for m in rng.choice(3, rng.integers(1, 3), replace=False):
        at = rng.integers(0, 51)
        motif = np.array(list(MOTIFS[c][m]))
        hit = rng.random(9) < 0.1
        motif[hit] = rng.choice(BASES, hit.sum())
        seq[at : at + 9] = motif
    return "".join(seq)


rows = [(int(c), read(c)) for c in rng.integers(0, 5, 5500)]
if kind == "faulty":
    rows.sort(key=lambda r: r[0])            # as the database exports them
os.makedirs(os.path.join(out, "data"), exist_ok=True)
with open(os.path.join(out, "data", "reads.jsonl"), "w") as f:
    for i, (c, seq) in enumerate(rows):
        f.write(json.dumps({"id": f"r{i:05d}", "seq": seq, "family": FAMILIES[c]}) + "\n")
with open(os.path.join(out, "config.toml"), "w") as f:
    f.write("filters = 48\nkernel = 9\ndropout = 0.15\nlearning_rate = 0.002\nbatch_size = 64\nepochs = 10\nvalidation_split = 0.2\n")
