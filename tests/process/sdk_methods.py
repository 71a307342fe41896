"""The public methods of the Python SDK's classes, and a note of those that are called."""

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import pytest

HANDLES = ("Client", "ThreadStream", "RunModule", "AgentModule", "ToolCallHandle")
"""How the names of classes end whose methods people call."""


def classes(package: ModuleType) -> list[type]:
    """Clients of a package, and what they hand out to be called."""
    modules = [
        importlib.import_module(each.name)
        for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [
        each
        for module in modules
        for _, each in inspect.getmembers(module, inspect.isclass)
        if each.__module__ == module.__name__ and each.__name__.endswith(HANDLES)
    ]


def methods(owners: list[type]) -> dict[str, tuple[type, str, Any]]:
    """Public methods and properties: by their names with the class, where and what they are."""
    return {
        f"{owner.__name__}.{name}": (owner, name, member)
        for owner in owners
        for name, member in vars(owner).items()
        if name[0] != "_" and (inspect.isfunction(member) or isinstance(member, property))
    }


@contextmanager
def noted(known: dict[str, tuple[type, str, Any]]) -> Iterator[set[str]]:
    """The names of methods that are called meanwhile, as they are called."""
    called: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for full, (owner, name, member) in known.items():
            note = functools.partial(called.add, full)
            if isinstance(member, property):
                assert member.fget is not None
                patch.setattr(owner, name, property(_noting(member.fget, note)))
            else:
                patch.setattr(owner, name, _noting(member, note))
        yield called


def _noting(function: Callable[..., Any], note: Callable[[], None]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        note()
        return function(*arguments, **options)

    return call
