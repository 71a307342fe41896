"""The glossary is complete: every public class of the domain and the engine is in it."""

import importlib
import inspect
import pkgutil
import re
from types import ModuleType

import demotic.domain
import demotic.engine
from docs.pages import DOCS, read

PACKAGES = (demotic.domain, demotic.engine)
CLASS_ROW = re.compile(r"^\| (`[A-Z]\w+`(?:, `[A-Z]\w+`)*) \|", re.MULTILINE)


def public_classes(package: ModuleType) -> set[str]:
    """The public classes that a package's modules define."""
    found: set[str] = set()
    for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(each.name)
        found |= {
            name
            for name, value in vars(module).items()
            if inspect.isclass(value) and value.__module__ == each.name and name[0] != "_"
        }
    return found


def test_the_glossary_names_exactly_the_public_classes() -> None:
    rows = CLASS_ROW.findall(read(DOCS / "glossary.md"))
    named = {name for row in rows for name in re.findall(r"\w+", row)}
    assert named == set[str]().union(*map(public_classes, PACKAGES))


def test_every_class_is_named_once() -> None:
    rows = CLASS_ROW.findall(read(DOCS / "glossary.md"))
    named = [name for row in rows for name in re.findall(r"\w+", row)]
    assert len(named) == len(set(named))
