"""Which promises tests are marked with."""

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]


def marked(folder: Path, prefix: str) -> set[str]:
    """The promises that the tests of a dialect's folder are marked with, and those of its prefix
    that other tests are marked with: what is true of the whole server is tested elsewhere."""
    found: set[str] = set()
    for file in TESTS.rglob("test_*.py"):
        ids = _marks(file)
        found |= ids if file.parent == folder else {id for id in ids if id.startswith(prefix)}
    return found


@cache
def _marks(file: Path) -> frozenset[str]:
    text = file.read_text(encoding="utf-8")
    if ".requirement(" not in text:
        return frozenset()
    return frozenset(
        str(node.args[0].value)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "requirement"
        and isinstance(node.args[0], ast.Constant)
    )
