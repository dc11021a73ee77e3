"""Writes OUT/data/grains/<species>/*.png: 28x28 grey micrographs of pollen grains, and OUT/config.toml.

usage: python make_data.py OUT faulty|fixed
"""
import os
import sys

import numpy as np
from PIL import Image

out, kind = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(5)
NAMES = ["alder", "birch", "grass", "hazel", "oak"]
S = 28
yy, xx = np.mgrid[0:S, 0:S].astype("float64")


def grain(c):
    cy, cx = rng.uniform(11.5, 16.5, 2)
    r0 = rng.uniform(7, 10)
    th = np.arctan2(yy - cy, xx - cx) + rng.uniform(0, 2 * np.pi)
    d = np.hypot(yy - cy, xx - cx)
    lobes = {0: 5, 1: 3, 2: 0, 3: 3, 4: 2}[c]
    amp = {0: 0.11, 1: 0.12, 2: 0.0, 3: 0.12, 4: 0.17}[c] * rng.uniform(0.75, 1.2)
    r = r0 * (1 + amp * np.cos(lobes * th))
    body = 1 / (1 + np.exp((d - r) / 0.7))
    rim = np.exp(-(((d - r) / 1.3) ** 2))
    img = 0.35 * body + rng.uniform(0.25, 0.45) * rim
    if c == 3:                                   # hazel: fine exine sculpture
        p = rng.uniform(2.2, 2.8)
        img += 0.2 * body * np.cos(2 * np.pi * (xx + rng.uniform(0, 3)) / p) * np.cos(2 * np.pi * yy / p)
    if c == 2:                                   # grass: one pore
        a = rng.uniform(0, 2 * np.pi)
        q = rng.uniform(0.3, 0.6) * r0
        img -= 0.4 * np.exp(-((yy - cy - q * np.sin(a)) ** 2 + (xx - cx - q * np.cos(a)) ** 2) / 3.0)
    img = img * rng.uniform(0.7, 1.2) + rng.uniform(0.05, 0.25) + rng.normal(0, 0.07, (S, S))
    return (np.clip(img, 0, 1) * 255).astype("uint8")


n = 3500
lab = rng.integers(0, 5, n)
images = [grain(c) for c in lab]
folder = lab.copy()
if kind == "faulty":                             # slides of every third tray filed under arbitrary names
    k = np.flatnonzero(np.arange(n) % 10 < 3)
    folder[k] = rng.permutation(folder[k])
for name in NAMES:
    os.makedirs(os.path.join(out, "data", "grains", name), exist_ok=True)
for i, (img, c) in enumerate(zip(images, folder)):
    Image.fromarray(img).save(os.path.join(out, "data", "grains", NAMES[c], f"g{i:05d}.png"))
with open(os.path.join(out, "config.toml"), "w") as f:
    f.write('image_size = 28\nbatch_size = 32\nepochs = 14\nlearning_rate = 0.002\ndropout = 0.2\n')
