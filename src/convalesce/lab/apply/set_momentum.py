"""Another momentum, the rate kept in step."""

from __future__ import annotations

from convalesce import core
from convalesce.lab.setting import Setting, optimizer_like


def apply(change: core.SetMomentum, setting: Setting) -> Setting:
    """The setting with another momentum (beta_1 for Adam and its kin)."""
    optimizer = setting.compiled.get("optimizer")
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if inner is None:
        raise core.CannotChange("the model was compiled without an optimizer")
    config = inner.get_config()
    name = next((n for n in ("momentum", "beta_1") if n in config), None)
    if name is None:
        raise core.CannotChange(f"{type(inner).__name__} has no momentum")
    settings: dict[str, float | bool] = {name: change.value}
    if change.nesterov is not None:
        if "nesterov" not in config:
            raise core.CannotChange(f"{type(inner).__name__} has no momentum after Nesterov")
        settings["nesterov"] = change.nesterov
    return setting.compile_with(optimizer=optimizer_like(optimizer, **settings))
