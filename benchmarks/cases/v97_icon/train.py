"""Tags for 24x24 icons: which of five symbols does the picture contain? (several may be present)"""
import keras
import numpy as np
from keras import layers

TAGS = ["disc", "ring", "square", "cross", "stripe"]
SIZE = 24


def draw(tag, canvas, rng):
    yy, xx = np.mgrid[:SIZE, :SIZE]
    cy, cx = rng.uniform(5, SIZE - 5, 2)
    r = rng.uniform(2.8, 4.2)
    y, x = yy - cy, xx - cx
    d = np.hypot(x, y)
    if tag == 0:
        m = d < r * 0.9
    elif tag == 1:
        m = (d < r * 1.1) & (d > r * 0.65)
    elif tag == 2:
        m = (np.maximum(abs(x), abs(y)) < r) & (np.maximum(abs(x), abs(y)) > r * 0.55)
    elif tag == 3:
        m = (abs(x - y) < 1.3) & (d < r * 1.2) | (abs(x + y) < 1.3) & (d < r * 1.2)
    else:
        m = (abs(y) < 0.8) & (abs(x) < r * 1.6)
    canvas[m] = rng.uniform(0.6, 1.0)


def icons(n, rng):
    labels = (rng.random((n, len(TAGS))) < 0.42).astype("float32")
    imgs = np.zeros((n, SIZE, SIZE))
    for img, lab in zip(imgs, labels):
        for t in rng.permutation(np.flatnonzero(lab)):
            draw(t, img, rng)
        img += rng.normal(0, 0.08, img.shape)
    return imgs[..., None].astype("float32"), labels


def get_callbacks():
    return [
        keras.callbacks.EarlyStopping(monitor="val_loss", min_delta=0.07, patience=1, start_from_epoch=3,
                                      restore_best_weights=True, verbose=1),
        keras.callbacks.TerminateOnNaN(),
    ]


def get_model():
    i = keras.Input((SIZE, SIZE, 1), name="icon")
    x = i
    for f in (16, 32, 48):
        x = layers.Conv2D(f, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(64, activation="relu")(x)
    o = layers.Dense(len(TAGS), activation="sigmoid", name="tags")(x)
    m = keras.Model(i, o)
    m.compile(keras.optimizers.Adam(2e-3), loss="binary_crossentropy",
              metrics=["binary_accuracy", keras.metrics.AUC(multi_label=True, name="auc")])
    return m


keras.utils.set_random_seed(23)
rng = np.random.default_rng(23)
train_x, train_y = icons(3600, rng)
val_x, val_y = icons(600, rng)
model = get_model()
model.fit(train_x, train_y, validation_data=(val_x, val_y), epochs=20, batch_size=64,
          callbacks=get_callbacks(), verbose=2)
out = model.evaluate(val_x, val_y, verbose=0, return_dict=True)
print("VAL", " ".join(f"{k}={v:.4f}" for k, v in out.items()))
