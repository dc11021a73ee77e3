"""Vessel segmentation in retina patches: small U-Net, settings in config.toml."""
import tomllib

import keras
import numpy as np
from keras import layers, ops

keras.utils.set_random_seed(23)
with open("config.toml", "rb") as f:
    cfg = tomllib.load(f)

x_train, m_train = np.load("data/images_train.npy"), np.load("data/masks_train.npy").astype("float32")
x_val, m_val = np.load("data/images_val.npy"), np.load("data/masks_val.npy").astype("float32")
x_train, x_val = (x_train - 0.5) * 4, (x_val - 0.5) * 4


def conv(x, filters):
    return layers.Conv2D(
        filters,
        3,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(cfg["model"]["kernel_l2"]),
    )(x)


def unet(width):
    inputs = keras.Input(x_train.shape[1:])
    a = conv(inputs, width)
    b = conv(layers.MaxPooling2D()(a), 2 * width)
    c = conv(layers.MaxPooling2D()(b), 2 * width)
    x = layers.Concatenate()([layers.UpSampling2D()(c), b])
    x = conv(x, width)
    x = layers.Concatenate()([layers.UpSampling2D()(x), a])
    x = conv(x, width)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x))


def dice(y_true, y_pred):
    hit = ops.cast(y_pred > 0.5, "float32")
    return (2 * ops.sum(hit * y_true) + 1) / (ops.sum(hit) + ops.sum(y_true) + 1)


model = unet(cfg["model"]["width"])
model.compile(
    keras.optimizers.Adam(cfg["train"]["learning_rate"]), loss="binary_crossentropy", metrics=[dice]
)
history = model.fit(
    x_train,
    m_train,
    validation_data=(x_val, m_val),
    batch_size=cfg["train"]["batch_size"],
    epochs=cfg["train"]["epochs"],
    verbose=2,
)
print("val_dice %.4f" % history.history["val_dice"][-1])
