"""Imports of tests' own files, which must not outlive them: other tests name theirs alike."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


@contextmanager
def forgotten(folder: Path) -> Iterator[None]:
    """What is imported from a folder is forgotten at the end, and `sys.path` is as before."""
    path, modules = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            if any(Path(each).is_relative_to(folder) for each in _places(sys.modules[name])):
                del sys.modules[name]


def _places(module: ModuleType) -> list[str]:
    file = getattr(module, "__file__", None)
    return [file] if file else [*getattr(module, "__path__", ())]
