"""Random steps of a data pipeline: drawn anew in each epoch of an arm, and left out."""

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
tf = pytest.importorskip("tensorflow")

from convalesce import core  # noqa: E402
from convalesce.lab import feed  # noqa: E402
from convalesce.lab.apply import apply  # noqa: E402
from convalesce.observe.kept import Rows  # noqa: E402
from tests.lab.test_bench import net, pytestmark, trained  # noqa: E402

__all__ = ["pytestmark"]

X = np.arange(60, dtype="float32").reshape(20, 3)
Y = np.arange(20)


def shaken(x: Any, y: Any) -> Any:
    return x + tf.random.uniform([], 0.2, 0.4), y


def doubled(x: Any, y: Any) -> Any:
    return 2 * x, y


def read(dataset: Any) -> Rows:
    return feed.read(Rows(dataset=dataset), training=True)


def source() -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y)).shuffle(20, seed=1)


@pytest.mark.parametrize(
    "dataset",
    [
        lambda: source().map(shaken).map(doubled).batch(8).prefetch(1),
        lambda: source().batch(8).map(shaken).map(doubled),
        lambda: source().map(doubled).map(shaken).batch(4).repeat(1),
    ],
    ids=["before the batch", "on batches", "behind a step that is none"],
)
def test_examples_are_drawn_anew_and_known_without_the_draw(dataset: Any) -> None:
    rows = read(dataset())
    plain = rows.redrawn.plain
    assert plain.batch == rows.batch
    np.testing.assert_array_equal(plain.x, 2 * X[np.asarray(plain.y)])
    by_label = dict(zip(np.asarray(plain.y), plain.x, strict=True))
    each = -(-20 // rows.batch)
    fed = list(feed.batches(rows, 2 * each, seed=0))
    assert [len(x) for x, _ in fed][each - 1] == (20 % rows.batch or rows.batch)
    first, second = (fed[:each], fed[each:])
    assert sorted(np.concatenate([y for _, y in first])) == list(range(20))
    assert not np.array_equal(first[0][1], second[0][1])
    xs, ys = (np.concatenate([np.asarray(b[i]) for b in fed]) for i in (0, 1))
    shifts = [x - by_label[int(y)] for x, y in zip(xs, ys, strict=True)]
    assert all(s.min() > 0.19 and s.max() < 0.81 for s in shifts)
    assert len({round(float(s[0]), 4) for s in shifts}) > 2


def test_a_pipeline_that_draws_nothing_is_fed_as_it_was_read() -> None:
    assert read(source().map(doubled).batch(8)).redrawn is None


def test_a_random_step_in_front_of_one_that_cannot_be_followed_is_left_as_it_was_read() -> None:
    rows = read(source().map(shaken).filter(lambda _, y: y < 12).batch(4))
    assert rows.count == 12 and rows.redrawn is None


def test_inputs_that_a_change_has_touched_are_not_drawn_anew() -> None:
    rows = read(source().map(shaken).batch(8))
    other = Rows(x=rows.x + 1, y=rows.y, redrawn=rows.redrawn)
    assert rows.redrawn.holds(rows) and not rows.redrawn.holds(other)


def test_a_random_step_that_rescales_as_well_leaves_the_plain_on_its_scale() -> None:
    def scaled(x: Any, y: Any) -> Any:
        return x / 100 + tf.random.uniform([], 0.0, 0.01), y

    rows = read(source().map(scaled).batch(8))
    plain = rows.redrawn.plain.x
    assert plain.max() < 1
    assert plain.std() == pytest.approx(np.std(rows.x), rel=0.1)


def test_an_arm_goes_without_the_random_step() -> None:
    generator = np.random.default_rng(2)
    x = generator.normal(size=(96, 6)).astype("float32")
    y = (x[:, 0] > 0).astype("int64")
    data = tf.data.Dataset.from_tensor_slices((x, y))
    drowned = data.map(lambda a, b: (a + 50 * tf.random.normal([6]), b)).batch(16)
    given = {"x": drowned, "y": None, "batch_size": None, "validation_data": (x, y), "epochs": 4}
    lab, _ = trained(net(), given)
    with lab.open(), lab.standing(0) as setting:
        assert lab.reach(0).redrawn
        made = apply(core.ScaleAugmentation(core.PIPELINE, 0.0), setting)
        np.testing.assert_array_equal(made.train.x, x)
        assert made.train.redrawn is None
        with pytest.raises(core.CannotChange, match="no range that could be scaled"):
            apply(core.ScaleAugmentation(core.PIPELINE, 0.3), setting)
        with pytest.raises(core.CannotChange, match="can only run here"), lab.handed_over(0):
            pass
