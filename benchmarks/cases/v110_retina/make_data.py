"""Writes OUT/data/{images,masks}_{train,val}.npy (32x32 retina patches with vessel masks) and OUT/config.toml.

usage: python make_data.py OUT faulty|fixed
"""
import os
import sys

import numpy as np

out, kind = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(19)
S = 32
yy, xx = np.mgrid[0:S, 0:S].astype("float64")


def vessel():
    p0, p2 = rng.uniform(-4, S + 4, (2, 2))
    p1 = (p0 + p2) / 2 + rng.normal(0, 6, 2)
    u = np.linspace(0, 1, 40)[:, None]
    path = (1 - u) ** 2 * p0 + 2 * u * (1 - u) * p1 + u**2 * p2
    d = np.sqrt((yy[..., None] - path[:, 0]) ** 2 + (xx[..., None] - path[:, 1]) ** 2).min(-1)
    return d, rng.uniform(0.8, 1.9)


def patch():
    img = 0.55 + 0.1 * rng.normal() + 0.004 * rng.normal() * (xx - 16) + 0.004 * rng.normal() * (yy - 16)
    mask = np.zeros((S, S))
    for _ in range(rng.integers(1, 4)):
        d, w = vessel()
        img = img - rng.uniform(0.12, 0.28) * np.exp(-((d / w) ** 2) / 1.2)
        mask = np.maximum(mask, d < w)
    for _ in range(rng.integers(1, 4)):          # round haemorrhages are not vessels
        c = rng.uniform(2, S - 2, 2)
        img = img - rng.uniform(0.1, 0.25) * np.exp(-((yy - c[0]) ** 2 + (xx - c[1]) ** 2) / rng.uniform(4, 9))
    return np.clip(img + rng.normal(0, 0.05, (S, S)), 0, 1), mask


os.makedirs(os.path.join(out, "data"), exist_ok=True)
for part, n in (("train", 900), ("val", 250)):
    pairs = [patch() for _ in range(n)]
    np.save(os.path.join(out, "data", f"images_{part}.npy"), np.stack([p[0] for p in pairs])[..., None].astype("float32"))
    np.save(os.path.join(out, "data", f"masks_{part}.npy"), np.stack([p[1] for p in pairs])[..., None].astype("uint8"))
decay = "0.05" if kind == "faulty" else "0.00001"
with open(os.path.join(out, "config.toml"), "w") as f:
    f.write(f"[model]\nwidth = 12\nkernel_l2 = {decay}\n\n[train]\nlearning_rate = 0.003\nbatch_size = 32\nepochs = 12\n")
