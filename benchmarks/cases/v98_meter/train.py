"""Digits of a water meter, photographed off-centre (scikit-learn digits pasted on a 16x16 canvas)."""
import keras
import numpy as np
import tensorflow as tf
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

CANVAS = 16


def photographs(rng):
    digits = load_digits()
    x = rng.normal(0.15, 0.08, (len(digits.images), CANVAS, CANVAS))
    for img, d in zip(x, digits.images / 16.0):
        r, c = rng.integers(1, CANVAS - 8, 2)
        img[r:r + 8, c:c + 8] += d * rng.uniform(0.6, 1.0)
    return x[..., None].astype("float32"), digits.target


class LoggedModel(keras.Model):
    """Own training step, to see the norm of the gradient next to the loss."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.norm_tracker = keras.metrics.Mean(name="grad_norm")
        self.acc = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    @property
    def metrics(self):
        return [self.loss_tracker, self.norm_tracker, self.acc]

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            pred = self(x, training=False)
            loss = self.compute_loss(x=x, y=y, y_pred=pred)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables))
        self.loss_tracker.update_state(loss)
        self.norm_tracker.update_state(tf.linalg.global_norm(grads))
        self.acc.update_state(y, pred)
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        pred = self(x, training=False)
        self.loss_tracker.update_state(self.compute_loss(x=x, y=y, y_pred=pred))
        self.acc.update_state(y, pred)
        return {"loss": self.loss_tracker.result(), "accuracy": self.acc.result()}


def network():
    inp = keras.Input((CANVAS, CANVAS, 1))
    x = layers.GaussianNoise(0.2)(inp)
    x = layers.RandomTranslation(0.13, 0.13, fill_mode="reflect", interpolation="nearest")(x)
    x = layers.Conv2D(24, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(48, 3, padding="same", activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dropout(0.25)(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.25)(x)
    return LoggedModel(inp, layers.Dense(10, activation="softmax")(x))


keras.utils.set_random_seed(8)
x, y = photographs(np.random.default_rng(8))
x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=8)
mean, std = x_train.mean(), x_train.std()
x_train, x_val = (x_train - mean) / std, (x_val - mean) / std
train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(len(x_train)).batch(32).prefetch(2)
val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(225)

model = network()
model.compile(optimizer=keras.optimizers.Adam(2.5e-3), loss="sparse_categorical_crossentropy")
model.fit(train, validation_data=val, epochs=32, verbose=2)
final = model.evaluate(val, verbose=0, return_dict=True)
print("val_loss %.4f val_accuracy %.4f" % (final["loss"], final["accuracy"]))
