from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
import keras
from keras import layers

keras.utils.set_random_seed(0)

digits = load_digits()
X = digits.images[..., None] / 16.0
y = digits.target
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)

model = keras.Sequential()
model.add(keras.Input(shape=(8, 8, 1)))
model.add(layers.Conv2D(32, (3, 3), padding="same", activation="relu"))
model.add(layers.Conv2D(32, (3, 3), activation="relu"))
model.add(layers.MaxPooling2D((2, 2)))
model.add(layers.Dropout(0.25))
model.add(layers.Flatten())
model.add(layers.Dense(64, activation="relu"))
model.add(layers.Dropout(0.3))
model.add(layers.Dense(10, activation="softmax"))

model.compile(loss="sparse_categorical_crossentropy",
              optimizer=keras.optimizers.Adadelta(learning_rate=1.0),
              metrics=["accuracy"])

history = model.fit(X_train, y_train,
                    batch_size=32,
                    epochs=20,
                    verbose=2,
                    validation_data=(X_val, y_val))

score = model.evaluate(X_val, y_val, verbose=0)
print("Val loss:", round(score[0], 4))
print("Val accuracy:", round(score[1], 4))
