"""Writes OUT/data/{train,val}.npz: two-axis vibration windows of a gearbox bearing, four conditions.

usage: python make_data.py OUT faulty|fixed
"""
import os
import sys

import numpy as np

out, kind = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(11)
L = 256


def window(c):
    t = np.arange(L)
    f0 = rng.uniform(0.018, 0.026)
    x = rng.uniform(0.3, 0.7) * np.sin(2 * np.pi * f0 * t + rng.uniform(0, 6.28))
    x += 0.25 * np.sin(2 * np.pi * 2 * f0 * t + rng.uniform(0, 6.28))
    y = 0.6 * np.roll(x, 9)
    if c > 0:
        period = {1: 29, 2: 43, 3: 61}[c] * rng.uniform(0.92, 1.08)
        res = rng.uniform(0.16, 0.24)
        decay = {1: 6.0, 2: 9.0, 3: 7.0}[c]
        pos = rng.uniform(0, period)
        while pos < L:
            k = np.arange(int(pos), L)
            a = rng.uniform(0.5, 1.1)
            if c == 2:
                a *= 0.7 + 0.6 * np.cos(2 * np.pi * f0 * pos) ** 2
            ring = a * np.exp(-(k - pos) / decay) * np.sin(2 * np.pi * res * (k - pos))
            x[k] += ring
            y[k] += (0.9 if c == 3 else 0.45) * ring
            pos += period * rng.uniform(0.97, 1.03)
    s = np.stack([x, y], -1) + rng.normal(0, 0.22, (L, 2))
    return s + np.array([1.0, 0.0])      # the radial axis sees gravity


def split(n):
    lab = rng.integers(0, 4, n)
    return np.stack([window(c) for c in lab]).astype("float32"), lab.astype("int64")


xt, yt = split(3000)
xv, yv = split(800)
mean, std = xt.mean((0, 1)), xt.std((0, 1))
xt = (xt - mean) / std
xv = (xv - mean) / std if kind == "fixed" else xv * 9.81
os.makedirs(os.path.join(out, "data"), exist_ok=True)
np.savez(os.path.join(out, "data", "train.npz"), x=xt.astype("float32"), y=yt)
np.savez(os.path.join(out, "data", "val.npz"), x=xv.astype("float32"), y=yv)
with open(os.path.join(out, "config.toml"), "w") as f:
    f.write("[train]\nbatch_size = 64\nepochs = 14\nlearning_rate = 0.002\n")
