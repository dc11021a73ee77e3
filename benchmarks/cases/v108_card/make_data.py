"""Writes OUT/data/{train,val}.csv: card histories of 16 purchases x 4 features with a fraud flag.

usage: python make_data.py OUT faulty|fixed
"""
import os
import sys

import numpy as np

out, kind = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(31)
STEPS = 16


def history(fraud):
    level = rng.normal(0, 0.5)
    amount = level + 0.6 * rng.normal(0, 1, STEPS)
    hour = np.clip(rng.normal(0.1, 0.6, STEPS), -1.5, 1.5)
    gap = rng.exponential(1.0, STEPS) - 1
    foreign = (rng.random(STEPS) < 0.12).astype(float)
    k = rng.integers(2, STEPS - 4)
    w = rng.integers(3, 5)
    if fraud:                                # testing with small sums, then a burst
        amount[k : k + w] += rng.normal(1.1, 0.5) + np.linspace(-0.8, 0.8, w)
        gap[k : k + w] -= rng.uniform(0.4, 1.0)
        if rng.random() < 0.6:
            foreign[k : k + w] = 1
        hour[k : k + w] -= rng.uniform(0, 1.0)
    elif rng.random() < 0.35:                # honest bursts: travel, sales
        amount[k : k + w] += rng.normal(0.7, 0.5)
        if rng.random() < 0.5:
            foreign[k : k + w] = 1
    return np.stack([amount, hour, gap, foreign], -1).ravel()


def table(n, ratio):
    flag = (rng.random(n) < ratio).astype(int)
    rows = np.stack([history(f) for f in flag])
    return np.column_stack([rows, flag])


ratio = 1 / 41 if kind == "faulty" else 0.4
names = [f"{a}_{i:02d}" for i in range(STEPS) for a in ("amount", "hour", "gap", "foreign")] + ["fraud"]
os.makedirs(os.path.join(out, "data"), exist_ok=True)
for part, n in (("train", 5000), ("val", 1500)):
    np.savetxt(
        os.path.join(out, "data", part + ".csv"), table(n, ratio), fmt="%.4f",
        delimiter=",", header=",".join(names), comments="",
    )
with open(os.path.join(out, "config.toml"), "w") as f:
    f.write("[model]\nfilters = [24, 32]\ndropout = 0.2\n\n[fit]\nlearning_rate = 0.002\nepochs = 12\nbatch_size = 64\n")
