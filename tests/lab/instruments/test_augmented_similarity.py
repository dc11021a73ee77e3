import keras
import numpy as np
import pytest

from convalesce import core
from convalesce.lab.instruments.augmented_similarity import augmented_similarity
from convalesce.observe.kept import Rows
from tests.lab.instruments.nets import convolution, images


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    model = convolution(keras.optimizers.Adam(0.02), dropout=0.0)
    rows = images(240)
    model.fit(rows.x, rows.y, epochs=25, batch_size=16, verbose=0)
    return model


@pytest.mark.parametrize("space", ["inputs", "features"])
def test_a_little_noise_keeps_examples_near_their_own(trained: keras.Model, space: str) -> None:
    rows = images(90)
    noise = 0.02 * np.random.default_rng(0).standard_normal(rows.x.shape)
    found = augmented_similarity(trained, rows, rows.x + noise.astype("float32"), space=space)
    assert found.figure.value == 0 and found.figure.high < 0.05
    assert found.own < found.other and found.space == space
    assert abs(found.drop.value) < 0.05 and "only 0%" in found.says


def test_pictures_turned_into_those_of_another_class_are_told(trained: keras.Model) -> None:
    rows = images(90)
    swapped = rows.x[(np.arange(90) + 1) % 90]
    found = augmented_similarity(trained, rows, swapped)
    lost = [
        np.linalg.norm(_scaled(rows)[i] - _scaled(rows)[(i + 1) % 90])
        > min(
            np.linalg.norm(_scaled(rows)[(i + 1) % 90] - q)
            for q, k in zip(_scaled(rows), rows.y, strict=True)
            if k != rows.y[i]
        )
        for i in range(90)
    ]
    assert found.figure.value == pytest.approx(np.mean(lost)) and found.figure.value > 0.9
    answers = trained.predict(swapped, verbose=0).argmax(1)
    assert found.augmented_accuracy == pytest.approx((answers == rows.y).mean())
    assert found.drop.low > 0.5


def _scaled(rows: Rows) -> np.ndarray:
    flat = rows.x.reshape(90, -1).astype(np.float64)
    return (flat - flat.mean(0)) / flat.std(0)


def test_what_does_not_compare_is_refused(trained: keras.Model) -> None:
    rows = images(30)
    with pytest.raises(core.CannotChange, match=r"shape \(30, 6, 5, 1\) and plain ones of"):
        augmented_similarity(trained, rows, rows.x[:, :, :5])
    alike = Rows(x=rows.x, y=np.zeros(30, int))
    with pytest.raises(core.CannotChange, match="all examples are of one class"):
        augmented_similarity(trained, alike, rows.x)
