"""Rare classes of the training split made up to the common one's number."""

from __future__ import annotations

from convalesce.core.changes.data import Oversample
from convalesce.treat.patch.source.data import add_lines, class_numbers, split_off, training
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import numpy, spell

NEIGHBOURS = 5  # Chawla et al. 2002, section 4.2
SNIPPET = """\
counts = np.bincount(y_train)
extra = [rng.choice(np.flatnonzero(y_train == c), counts.max() - n) for c, n in enumerate(counts)]
rows = np.concatenate([np.arange(len(y_train)), *extra])
x_train, y_train = x_train[rows], y_train[rows]  # the training split only"""


def write(change: Oversample, draft: Draft) -> None:
    """Right in front of fit, so that nothing else is cut from what was resampled."""
    arrays = training(draft.script)
    x, y, lines = split_off(draft, arrays)
    labels = class_numbers(draft, y)
    train = draft.script.facts.train
    if train is not None and train.targets[0].form == "sign":
        raise NoFaithfulEdit("the classes are not numbered from 0")
    whole = (train is not None and "int" in train.targets[0].dtype) or "argmax" in labels
    labels = labels if whole else f"{labels}.astype(int)"
    np, share = numpy(draft), "" if change.ratio == 1 else f"{change.ratio:g} * "
    if change.method == "random":
        lines += _random(draft, np, (x, y, labels), share)
    else:
        near = spell(draft, "sklearn.neighbors.NearestNeighbors")
        name = draft.fresh("smote")
        draft.before(draft.script.statement(arrays.consumer), *_smote(np, near, name, share))
        lines.append(f"{x}, {y} = {name}({x}, {y}, {labels})")
    add_lines(draft, arrays, lines, early=False)


def _random(draft: Draft, np: str, data: tuple[str, str, str], share: str) -> list[str]:
    """Rows of the rare classes, drawn again."""
    x, y, numbers = data
    labels, counts, extra, rows = map(draft.fresh, ("labels", "counts", "extra", "rows"))
    wanted, rng = map(draft.fresh, ("wanted", "rng"))
    return [
        f"{rng}, {labels} = {np}.random.default_rng(0), {numbers}",
        f"{counts} = {np}.bincount({labels})",
        f"{wanted} = int({share}{counts}.max())",
        f"{extra} = [",
        f"    {rng}.choice({np}.flatnonzero({labels} == c), max({wanted} - n, 0))",
        f"    for c, n in enumerate({counts})",
        "    if n",
        "]",
        f"{rows} = {np}.concatenate([{np}.arange(len({labels})), *{extra}])",
        f"{x}, {y} = {x}[{rows}], {y}[{rows}]",
    ]


def _smote(np: str, near: str, name: str, share: str) -> list[str]:
    """A function that adds rows between a rare one and one of its neighbours of its class."""
    k = NEIGHBOURS + 1
    return [
        f"def {name}(x, y, labels):",
        f"    rng, counts = {np}.random.default_rng(0), {np}.bincount(labels)",
        "    new_x, new_y = [x], [y]",
        "    for c, n in enumerate(counts):",
        f"        missing = int({share}counts.max()) - n",
        f"        if n >= {k} and missing > 0:",
        "            rare, like = x[labels == c], y[labels == c][:1]",
        "            flat = rare.reshape(n, -1)",
        f"            near = {near}(n_neighbors={k}).fit(flat).kneighbors(flat)[1]",
        "            first = rng.integers(n, size=missing)",
        f"            second = near[first, rng.integers(1, {k}, size=missing)]",
        "            share = rng.random((missing,) + (1,) * (rare.ndim - 1))",
        "            new_x.append(rare[first] + share * (rare[second] - rare[first]))",
        f"            new_y.append({np}.repeat(like, missing, axis=0))",
        f"    return {np}.concatenate(new_x).astype(x.dtype), {np}.concatenate(new_y)",
        "",
    ]
