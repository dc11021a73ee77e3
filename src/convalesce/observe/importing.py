"""Calls back once a module has been imported, without importing it and without a lasting trace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Seen = Callable[[ModuleType], None]


@contextmanager
def after_import(callbacks: dict[str, Seen]) -> Iterator[None]:
    """Call back when one of these modules was imported; at once for those that already are."""
    finder = _Finder(callbacks)
    sys.meta_path.insert(0, finder)
    for name, seen in callbacks.items():
        if name in sys.modules:
            seen(sys.modules[name])
    try:
        yield
    finally:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _Finder:
    """Finds a module as the others do, and lends it a loader that calls back."""

    def __init__(self, callbacks: dict[str, Seen]) -> None:
        self._callbacks = callbacks

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._callbacks:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self._callbacks[name])  # type: ignore[assignment] # it does what a loader does
                return spec
        return None


class _Loader:
    """The loader itself, with a call back after it; it is gone before the module runs."""

    def __init__(self, loader: Any, seen: Seen) -> None:
        self._loader = loader
        self._seen = seen

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        self._seen(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
