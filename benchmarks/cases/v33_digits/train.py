import keras
from keras import layers
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

keras.utils.set_random_seed(33)
pixels, digit = load_digits(return_X_y=True)
pixels = pixels.astype("float32").reshape(-1, 8, 8, 1) / 8 - 1
x_train, x_val, y_train, y_val = train_test_split(pixels, digit, test_size=0.25, random_state=33, stratify=digit)

model = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(16, 3, padding="same", activation="relu")])
for _ in range(20):
    model.add(layers.Conv2D(16, 3, padding="same", activation="relu"))
model.add(layers.GlobalMaxPooling2D())
model.add(layers.Dense(10, activation="softmax"))
model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
h = model.fit(x_train, y_train, batch_size=32, epochs=9, validation_data=(x_val, y_val), verbose=2).history
print(f"final loss={h['loss'][-1]:.4f} accuracy={h['accuracy'][-1]:.4f} val_loss={h['val_loss'][-1]:.4f} val_accuracy={h['val_accuracy'][-1]:.4f}")
