"""The calls of compile and fit, the optimizer and the callbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import libcst as cst

from convalesce import core
from convalesce.readings.rates import default_rate as rate_of_keras
from convalesce.treat.patch.source.calls import (
    OPTIMIZERS,
    append,
    argument,
    set_argument,
    take_out,
    value,
)
from convalesce.treat.patch.source.draft import Draft
from convalesce.treat.patch.source.edit import NoFaithfulEdit
from convalesce.treat.patch.source.names import spell
from convalesce.treat.patch.source.script import Script, dotted
from convalesce.treat.patch.source.values import follow, quoted, source_of, string


@dataclass(frozen=True, eq=False)
class Optimizer:
    """The optimizer as it is written.

    Attributes:
        name: Its class.
        call: The call that makes it; None where it is a name in quotes, or not given.
        text: The name in quotes, where it is written; None elsewhere.
    """

    name: str
    call: cst.Call | None = None
    text: cst.BaseExpression | None = None


def setup_of(script: Script) -> core.Setup:
    """What compile and fit were told.

    Raises:
        NoFaithfulEdit: It was not recorded.
    """
    if script.facts.setup is None:
        raise NoFaithfulEdit("what compile and fit were told was not recorded")
    return script.facts.setup


def compile_call(script: Script) -> cst.Call:
    """The call of `compile` that the fit used."""
    setup = script.facts.setup
    return _method(script, "compile", setup.compile_site if setup else None)


def fit_call(script: Script) -> cst.Call:
    """The call of `fit`."""
    setup = script.facts.setup
    if setup is not None and setup.partial:
        raise NoFaithfulEdit(f"the training loop is the user's own ({setup.partial})")
    return _method(script, "fit", setup.fit_site if setup else None)


def _method(script: Script, name: str, site: core.Site | None) -> cst.Call:
    calls = [
        c
        for c in script.of(cst.Call)
        if isinstance(c.func, cst.Attribute) and c.func.attr.value == name
    ]
    if name == "compile":
        calls = [c for c in calls if script.full_name(c.func) != "re.compile"]
    if site is not None:
        line = script.line_of(site, f"the call of {name}")
        around = [c for c in calls if _spans(script, c, line)]
        if around:
            return min(around, key=lambda c: script.end(c) - script.start(c))
        raise NoFaithfulEdit(f"line {line} doesn't call {name}", line=line)
    if len(calls) != 1:
        raise NoFaithfulEdit(f"the script calls {name} at {len(calls)} places")
    return calls[0]


def _spans(script: Script, call: cst.Call, line: int) -> bool:
    return script.line(call) <= line <= script.line_at(script.end(call) - 1)


def optimizer_of(script: Script) -> Optimizer:
    """The optimizer that compile is given.

    Raises:
        NoFaithfulEdit: How it is made can't be followed.
    """
    given = value(script, compile_call(script), "optimizer")
    if given is None:
        return Optimizer("RMSprop")
    written = follow(script, given)
    text = string(script, written)
    if text is not None:
        names = {name.lower(): name for name in OPTIMIZERS}
        return Optimizer(names.get(text.lower(), text), text=source_of(script, given))
    if isinstance(written, cst.Call) and script.called(written) in OPTIMIZERS:
        return Optimizer(script.called(written), call=written)
    if isinstance(written, cst.Call):
        inner = _returned(script, written)
        if inner is not None:
            return Optimizer(script.called(inner), call=inner)
    what = f"it is open which optimizer `{script.code(given)}` is"
    raise NoFaithfulEdit(what, line=script.line(given))


def _returned(script: Script, call: cst.Call) -> cst.Call | None:
    """The optimizer that a function of the script returns."""
    for function in script.of(cst.FunctionDef):
        if function.name.value == dotted(call.func):
            returns = [r for r in script.of(cst.Return) if function in script.ancestors(r)]
            if len(returns) == 1 and returns[0].value is not None:
                made = follow(script, returns[0].value)
                if isinstance(made, cst.Call) and script.called(made) in OPTIMIZERS:
                    return made
    return None


def set_optimizer(draft: Draft, settings: Mapping[str, str]) -> None:
    """Give the optimizer settings; one named in quotes, or not given, becomes a call."""
    optimizer = optimizer_of(draft.script)
    if optimizer.call is not None:
        for name, text in settings.items():
            set_argument(draft, optimizer.call, name, text)
        return
    spelled = spell(draft, f"keras.optimizers.{optimizer.name}")
    made = f"{spelled}({', '.join(f'{name}={text}' for name, text in settings.items())})"
    if optimizer.text is not None:
        draft.replace(optimizer.text, made)
    else:
        set_argument(draft, compile_call(draft.script), "optimizer", made)


def default_rate(script: Script, name: str) -> float:
    """The rate of an optimizer that is given none."""
    setup = script.facts.setup
    known = setup.optimizer if setup is not None else None
    if known is not None and known.name == name and known.schedule is None:
        return known.learning_rate
    return rate_of_keras(name)


def callbacks(script: Script) -> list[cst.Call]:
    """Callbacks that fit is given, as far as they are written in a list."""
    given = value(script, fit_call(script), "callbacks")
    listed = follow(script, given) if given is not None else None
    if not isinstance(listed, cst.List | cst.Tuple):
        return []
    made = [follow(script, e.value) for e in listed.elements]
    return [m for m in made if isinstance(m, cst.Call)]


def callback(script: Script, kind: str) -> cst.Call | None:
    """The callback of a class; None where fit is given none."""
    return next((c for c in callbacks(script) if script.called(c) == kind), None)


def add_callback(draft: Draft, kind: str, settings: Mapping[str, str]) -> None:
    """Hand fit one callback more."""
    script, fit = draft.script, fit_call(draft.script)
    like = next(iter(callbacks(script)), None)
    spelled = spell(draft, f"keras.callbacks.{kind}", like)
    made = f"{spelled}({', '.join(f'{k}={v}' for k, v in settings.items())})"
    given = argument(script, fit, "callbacks")
    if given is None:
        set_argument(draft, fit, "callbacks", f"[{made}]")
        return
    listed = follow(script, given.value)
    if isinstance(listed, cst.List):
        append(draft, listed.elements, script.end(listed) - 1, made)
    elif isinstance(listed, cst.Name) and listed.value == "None":
        draft.replace(source_of(script, given.value), f"[{made}]")
    elif isinstance(listed, cst.Name | cst.Attribute | cst.Tuple):
        draft.replace(given.value, f"[*{script.code(given.value)}, {made}]")
    else:
        draft.replace(given.value, f"[{script.code(given.value)}, {made}]")


def drop_callback(draft: Draft, kind: str) -> None:
    """Take callbacks of a class out of the list that fit is given; nothing where it has none.

    Raises:
        NoFaithfulEdit: How the callbacks are made can't be followed.
    """
    script = draft.script
    given = value(script, fit_call(script), "callbacks")
    listed = follow(script, given) if given is not None else None
    if listed is None or script.code(listed) == "None":
        return
    if not isinstance(listed, cst.List):
        what = f"it is open which callbacks `{script.code(listed)}` are"
        raise NoFaithfulEdit(what, f"# leave {kind} out", script.line(listed))
    for index, element in enumerate(listed.elements):
        made = follow(script, element.value)
        if isinstance(made, cst.Call) and script.called(made) == kind:
            take_out(draft, listed.elements, index)


def monitor_text(script: Script, monitor: str) -> str:
    """A monitor's name in quotes."""
    return quoted(script, monitor)


def has_validation(script: Script) -> bool:
    """Whether fit is given validation data."""
    fit = fit_call(script)
    return any(
        v is not None and script.code(v) != "None"
        for v in (value(script, fit, "validation_data"), value(script, fit, "validation_split"))
    )
