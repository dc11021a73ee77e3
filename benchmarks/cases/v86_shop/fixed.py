"""What will the visitor do?  Last 30 click events -> buy / compare / support / leave."""
import numpy as np
import keras
from keras import layers

keras.utils.set_random_seed(12)

OUTCOMES = ["buy", "compare", "support", "leave"]
EVENTS, STEPS = 60, 30
MOTIFS = {
    0: [[3, 7, 12], [3, 9, 12], [5, 7, 14]],
    1: [[20, 21, 20], [20, 23, 21], [22, 21, 24]],
    2: [[30, 33, 31], [34, 33, 30], [31, 30, 35]],
    3: [[40, 41, 45], [42, 40, 44], [41, 42, 43]],
}


def sessions(n, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, n)
    x = rng.integers(1, EVENTS, (n, STEPS))
    for row, k in zip(x, y):
        slots = rng.choice(STEPS // 3, 2, replace=False) * 3
        for s in slots:
            row[s:s + 3] = MOTIFS[k][rng.integers(0, 3)]
    return x.astype("int32"), keras.utils.to_categorical(y, 4)


x_train, y_train = sessions(4000, 1)
x_val, y_val = sessions(800, 2)

model = keras.Sequential([
    keras.Input((STEPS,), dtype="int32"),
    layers.Embedding(EVENTS, 16),
    layers.Conv1D(48, 3, activation="relu"),
    layers.GlobalMaxPooling1D(),
    layers.Dropout(0.3),
    layers.Dense(32, activation="relu"),
    layers.Dense(4, activation="softmax"),
])
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.001),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=12, batch_size=32, verbose=2)

val_loss, val_accuracy = model.evaluate(x_val, y_val, verbose=0)
print("val_loss", round(val_loss, 4), "val_accuracy", round(val_accuracy, 4))
