"""The steps that training goes through, for the other split too."""

from __future__ import annotations

import re

import libcst as cst

from convalesce.core.changes.data import UnifyPreprocessing
from convalesce.treat.patch.source.calls import drop_argument, set_argument, value
from convalesce.treat.patch.source.data import (
    bound_in,
    image_generator,
    latest,
    pipeline,
    slices,
    training,
)
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.script import Script, dotted, renamed, sole
from convalesce.treat.patch.source.splits import validation_pair
from convalesce.treat.patch.source.training import fit_call

MAY_DIFFER = re.compile(
    "shuffle|augment|train|repeat|drop|batch|seed|rng|name|split", re.IGNORECASE
)

GENERATED = (
    "rescale",
    "samplewise_center",
    "samplewise_std_normalization",
    "preprocessing_function",
)
FITTED = ("featurewise_center", "featurewise_std_normalization", "zca_whitening")

SNIPPET = """\
# layers in front of the model treat every split alike:
layers.Rescaling(1 / 255)  # or layers.Normalization(), adapted on the training split"""


def write(change: UnifyPreprocessing, draft: Draft) -> None:  # noqa: ARG001 - as all writers
    """What only one split goes through, done to both: in steps, in pipelines, in calls.

    Which of the two ways is the right one, that of training or that of validation, no source
    tells: training's stands, as the model is made for it. Whether that was it, a run of the edited
    script tells.
    """
    script = draft.script
    fit = fit_call(script)
    given = value(script, fit, "validation_data")
    if given is None:
        raise NoFaithfulEdit("fit is given no validation data", line=script.line(fit))
    train = value(script, fit, "x")
    if train is not None and _in_generators(draft, train, given):
        return
    pair = _variables(script)
    if pair is not None and (_refitted(draft, pair[1]) or _in_steps(draft, *pair)):
        return
    if train is not None and (_in_pipelines(draft, train, given) or _in_calls(draft, train, given)):
        return
    what = "no step is seen that one split goes through and the other doesn't"
    raise NoFaithfulEdit(what, line=script.line(fit))


def _in_generators(draft: Draft, train: cst.BaseExpression, given: cst.BaseExpression) -> bool:
    """Steps of Keras's ImageDataGenerator that only one of two is told to make."""
    script, done = draft.script, False
    ours, theirs = (image_generator(script, flow) for flow in (train, given))
    if ours is None or theirs is None or ours is theirs:
        return False
    for name in FITTED:
        if value(script, ours, name) is not None and value(script, theirs, name) is None:
            what = f"{name} takes figures of the data that the generator is fitted to"
            raise NoFaithfulEdit(what, line=script.line(theirs))
    for name in GENERATED:
        mine, other = value(script, ours, name), value(script, theirs, name)
        if mine is None and other is not None:
            drop_argument(draft, theirs, name)
            done = True
        elif mine is not None and (other is None or script.code(mine) != script.code(other)):
            set_argument(draft, theirs, name, script.code(mine))
            done = True
    return done


def _variables(script: Script) -> tuple[str, str] | None:
    """The variables of both splits' inputs; None where they are no variables."""
    try:
        ours = training(script).given_x
    except NoFaithfulEdit:
        return None
    theirs = _held_inputs(script)
    if not isinstance(ours, cst.Name) or not isinstance(theirs, cst.Name):
        return None
    return ours.value, theirs.value


def _held_inputs(script: Script) -> cst.BaseExpression | None:
    """The inputs of validation, those behind a tf.data pipeline included."""
    pair = validation_pair(script)
    if pair is not None:
        return pair[0]
    given = value(script, fit_call(script), "validation_data")
    sliced = slices(script, pipeline(script, given)) if given is not None else None
    return sliced.given_x if sliced is not None else None


def _refitted(draft: Draft, theirs: str) -> bool:
    """`scaler.fit_transform(x_val)` becomes `scaler.transform(x_val)`."""
    script, done = draft.script, False
    for call in script.of(cst.Call):
        func = call.func
        if not isinstance(func, cst.Attribute) or func.attr.value != "fit_transform":
            continue
        if call.args and _mentions(script.code(call.args[0]), theirs):
            draft.replace(func.attr, "transform")
            done = True
    return done


def _in_steps(draft: Draft, ours: str, theirs: str) -> bool:
    """Give the other split the steps `x = f(x)` of training, and no others."""
    script = draft.script
    steps, others = _steps(script, ours), _steps(script, theirs)
    wanted = [renamed(script.code(s), {ours: theirs}) for s in steps]
    said = [script.code(s) for s in others]
    lacking = [s for s, text in zip(steps, wanted, strict=True) if text not in said]
    extra = [s for s in others if script.code(s) not in wanted]
    if extra and len(extra) == len(lacking):
        for step, other in zip(lacking, extra, strict=True):
            draft.replace(other, _twin(script, step, ours, theirs))
        return True
    if extra and not lacking and len(others) > len(steps):
        for other in extra:
            draft.remove(other)
        return True
    if not lacking and not extra:
        return _made_alike(draft, ours, theirs)
    bound = [s for s in script.tree.body if isinstance(s, cst.BaseStatement)]
    first = next((s for s in bound if theirs in set(bound_in(script, s))), None)
    if first is None or extra:
        return False
    for step in lacking:
        place = step if script.start(step) > script.start(first) else first
        draft.after(place, *_twin(script, step, ours, theirs).split("\n"))
    return True


def _twin(script: Script, step: cst.BaseStatement, ours: str, theirs: str) -> str:
    """A step of training for the other split.

    Raises:
        NoFaithfulEdit: It reads more of the training split than it makes anew.
    """
    read = len(re.findall(rf"\b{ours}\b", script.code(step).partition("=")[2]))
    if read != (0 if isinstance(sole(step), cst.AugAssign) else 1):
        what = "the step takes figures from the training split itself"
        raise NoFaithfulEdit(what, line=script.line(step))
    return renamed(script.code(step), {ours: theirs})


def _made_alike(draft: Draft, ours: str, theirs: str) -> bool:
    """Make the other split from its source as training is made from its own.

    `x_val = power_val / power_val.max()` becomes `x_val = to_db(power_val)` where training is
    `x = to_db(power)`.
    """
    script = draft.script
    mine, other = _last_value(script, ours), _last_value(script, theirs)
    if mine is None or other is None:
        return False
    sources = _read_names(script, mine), _read_names(script, other)
    only = sources[0] - sources[1], sources[1] - sources[0]
    if len(only[0]) != 1 or len(only[1]) != 1:
        return False
    (here,), (there,) = only
    root, made = _root(script, there)
    if len(re.findall(rf"\b{here}\b", script.code(mine))) != 1:
        return False  # figures of the training split itself
    twin = renamed(script.code(mine), {here: root})
    twin = (
        twin.replace(made, there)
        if made and made in twin
        else renamed(script.code(mine), {here: there})
    )
    if twin == script.code(other):
        return False
    draft.replace(other, twin)
    return True


def _root(script: Script, name: str) -> tuple[str, str]:
    """The one variable that another is made from, and how; itself and nothing where it is none."""
    value = _last_value(script, name)
    read = _read_names(script, value) if value is not None else set()
    if value is None or len(read) != 1:
        return name, ""
    return next(iter(read)), script.code(value)


def _last_value(script: Script, name: str) -> cst.BaseExpression | None:
    """What a variable at the top of the file is made from, where that is said in one place."""
    found = [
        small.value
        for statement in script.tree.body
        if isinstance(small := sole(statement), cst.Assign)
        and script.code(small.targets[0].target) == name
    ]
    return found[0] if len(found) == 1 else None


def _read_names(script: Script, expression: cst.BaseExpression) -> set[str]:
    """Variables that it reads, without functions that it calls and modules."""
    start, end = script.start(expression), script.end(expression)
    return {
        name.value
        for name in script.of(cst.Name)
        if start <= script.start(name) < end
        and name.value not in script.imported
        and not _is_label(script.parent(name), name)
    }


def _is_label(parent: cst.CSTNode, name: cst.Name) -> bool:
    """It names an attribute, an argument or the function of a call, and no variable."""
    match parent:
        case cst.Attribute(attr=attr):
            return attr is name
        case cst.Arg(keyword=keyword):
            return keyword is name
        case cst.Call(func=func):
            return func is name
    return False


def _in_pipelines(draft: Draft, train: cst.BaseExpression, held: cst.BaseExpression) -> bool:
    """Map validation through what training is mapped through, from the same arrays' form."""
    script = draft.script
    ours, theirs = pipeline(script, train), pipeline(script, held)
    maps = [_map_text(script, c) for c in reversed(ours) if script.called(c) == "map"]
    wanted = [text for text in maps if text and "random" not in text.lower()]
    said = [_map_text(script, c) for c in theirs if script.called(c) == "map"]
    lacking = [text for text in wanted if text not in said]
    if not ours or not theirs or not lacking or len(lacking) != len(wanted) - len(said):
        return False
    source = next((c for c in theirs if script.called(c) == "from_tensor_slices"), None)
    if source is None:
        return False
    draft.insert(script.end(source), "".join(f".map({text})" for text in lacking))
    pair = source.args[0].value if source.args else None
    if isinstance(pair, cst.Tuple) and pair.elements:
        bare = _unscaled(pair.elements[0].value)
        if bare is not None:
            draft.replace(pair.elements[0].value, bare.value)
    return True


def _map_text(script: Script, call: cst.Call) -> str:
    return ", ".join(script.code(a).rstrip(", ") for a in call.args)


def _unscaled(expression: cst.BaseExpression) -> cst.Name | None:
    """The variable in `x / 255.0`; None where it is something else."""
    if not isinstance(expression, cst.BinaryOperation):
        return None
    scaled = isinstance(expression.operator, cst.Divide | cst.Multiply | cst.Subtract)
    left, right = expression.left, expression.right
    plain = isinstance(left, cst.Name) and isinstance(right, cst.Integer | cst.Float)
    return left if scaled and plain and isinstance(left, cst.Name) else None


def _in_calls(draft: Draft, train: cst.BaseExpression, held: cst.BaseExpression) -> bool:
    """Tell what builds validation what training's twin is told: `Clips(a, b, top=1.0)`."""
    script = draft.script
    ours, theirs = latest(script, train), latest(script, held)
    if not isinstance(ours, cst.Call) or not isinstance(theirs, cst.Call):
        return False
    if dotted(ours.func) != dotted(theirs.func) or not dotted(ours.func):
        return False
    given = [_keywords(script, call) for call in (ours, theirs)]
    differing = {n: t for n, t in given[0].items() if given[1].get(n) != t}
    extra = [n for n in given[1] if n not in given[0]]
    if len(differing) + len(extra) != 1:
        return False  # which of them it is, is open
    for name, text in differing.items():
        set_argument(draft, theirs, name, text)
    for name in extra:
        drop_argument(draft, theirs, name)
    return True


def _keywords(script: Script, call: cst.Call) -> dict[str, str]:
    """What it is told by name, but for what may differ: order, batches, augmentation."""
    return {
        a.keyword.value: script.code(a.value)
        for a in call.args
        if a.keyword is not None and not MAY_DIFFER.search(a.keyword.value)
    }


def _steps(script: Script, name: str) -> list[cst.BaseStatement]:
    """Statements at the top of the file that make a variable anew from itself."""
    out: list[cst.BaseStatement] = []
    for statement in script.tree.body:
        small = sole(statement)
        step = isinstance(small, cst.AugAssign) and script.code(small.target) == name
        if isinstance(small, cst.Assign) and script.code(small.targets[0].target) == name:
            step = _mentions(script.code(small.value), name)
        if step and isinstance(statement, cst.SimpleStatementLine):
            out.append(statement)
    return out


def _mentions(code: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", code) is not None
