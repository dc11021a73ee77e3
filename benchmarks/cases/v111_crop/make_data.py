"""Writes OUT/data/{train,val}.tfrecord: 16x16 tiles of four bands with the crop grown, and OUT/config.toml.

usage: python make_data.py OUT faulty|fixed
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf

out, kind = sys.argv[1], sys.argv[2]
rng = np.random.default_rng(53)
S = 16
yy, xx = np.mgrid[0:S, 0:S]
#            green  red   nir   row spacing
CROPS = [(0.10, 0.08, 0.46, 3.0), (0.11, 0.09, 0.42, 4.2), (0.12, 0.13, 0.36, 3.0),
         (0.10, 0.10, 0.50, 5.5), (0.13, 0.12, 0.40, 0.0), (0.11, 0.11, 0.33, 4.2)]


def tile(c):
    g, r, n, spacing = CROPS[c]
    cover = rng.uniform(0.6, 1.2)
    angle = rng.uniform(0, np.pi)
    rows = np.zeros((S, S))
    if spacing:
        k = spacing * rng.uniform(0.92, 1.08)
        rows = np.cos(2 * np.pi * (xx * np.cos(angle) + yy * np.sin(angle)) / k + rng.uniform(0, 6.28))
    field = cover * (1 + 0.19 * rows + 0.05 * rng.normal(0, 1, (S, S)))
    bands = np.stack([g * field, r * (2 - field), n * field], -1) * rng.uniform(0.8, 1.25)
    bands += rng.normal(0, 0.026, bands.shape)
    bands = (bands - [0.105, 0.11, 0.37]) / [0.03, 0.035, 0.13]
    heat = 297 + 6 * (1 - cover) + (1.5 if c in (2, 5) else 0) + rng.normal(0, 3) + rng.normal(0, 0.6, (S, S))
    return np.concatenate([bands, heat[..., None]], -1)


def write(path, n):
    with tf.io.TFRecordWriter(path) as w:
        for c in rng.integers(0, len(CROPS), n):
            t = tile(c)
            if kind == "fixed":
                t[..., 3] = (t[..., 3] - 297.6) / 3.7
            feature = {
                "tile": tf.train.Feature(bytes_list=tf.train.BytesList(value=[t.astype("float32").tobytes()])),
                "crop": tf.train.Feature(int64_list=tf.train.Int64List(value=[c])),
            }
            w.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())


os.makedirs(os.path.join(out, "data"), exist_ok=True)
write(os.path.join(out, "data", "train.tfrecord"), 3600)
write(os.path.join(out, "data", "val.tfrecord"), 900)
with open(os.path.join(out, "config.toml"), "w") as f:
    f.write("classes = 6\nepochs = 15\nbatch = 48\n\n[sgd]\nrate = 0.015\nmomentum = 0.9\n")
