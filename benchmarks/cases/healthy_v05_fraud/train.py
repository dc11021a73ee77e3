import keras
import numpy as np
from keras import layers
from sklearn.datasets import make_classification

keras.utils.set_random_seed(505)
x, y = make_classification(7000, n_features=14, n_informative=9, n_redundant=2, weights=[0.96], class_sep=1.6, flip_y=0.0, random_state=505)
x = ((x - x[:5000].mean(axis=0)) / x[:5000].std(axis=0)).astype("float32")
inputs = keras.Input((14,))
h = layers.Dense(20, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3))(inputs)
model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
model.compile(
    optimizer=keras.optimizers.Adam(2e-3), loss="binary_crossentropy",
    metrics=[keras.metrics.Recall(name="recall"), keras.metrics.AUC(name="auc", curve="PR")],
)
counts = np.bincount(y[:5000])
weight = {k: len(y[:5000]) / (2 * c) for k, c in enumerate(counts)}
h = model.fit(x[:5000], y[:5000], batch_size=64, epochs=16, class_weight=weight, validation_data=(x[5000:], y[5000:]), verbose=2).history
print(f"final val_recall={h['val_recall'][-1]:.4f} val_auc={h['val_auc'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f}")
