import keras
import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(7)
x, y = make_classification(9000, n_features=18, n_informative=8, n_redundant=2, weights=[0.975], class_sep=1.0, flip_y=0.0, random_state=7)
x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.3, stratify=y, random_state=7)
scaler = StandardScaler().fit(x_train)
x_train, x_val = scaler.transform(x_train), scaler.transform(x_val)

model = keras.Sequential([
    keras.Input((18,)),
    keras.layers.Dense(16, activation="relu", kernel_regularizer="l2"),
    keras.layers.Dense(1, activation="sigmoid"),
])
model.compile(
    optimizer=keras.optimizers.Adam(2e-3),
    loss="binary_crossentropy",
    metrics=[keras.metrics.Recall(name="recall"), keras.metrics.Precision(name="precision"), keras.metrics.AUC(name="auc")],
)
history = model.fit(x_train, y_train, batch_size=64, epochs=15, validation_data=(x_val, y_val), verbose=2)
h = history.history
print(f"final val_recall={h['val_recall'][-1]:.4f} val_precision={h['val_precision'][-1]:.4f} val_auc={h['val_auc'][-1]:.4f}")
