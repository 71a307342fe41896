"""Paths into a thread, as a search extracts them: `values.messages[-1].content`."""

import re
from collections.abc import Sequence

import orjson

from demotic.domain.errors import BadInput
from demotic.domain.model import Json

Path = Sequence[str | int]
"""Keys of objects and indexes of arrays; below 0 from the end."""

_PART = re.compile(r'\.?([^.\[\]"]+)|\[(-?\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]')


def parse(text: str, roots: Sequence[str]) -> Path:
    """A path that begins at one of the `roots`. Raises `BadInput`."""
    path: list[str | int] = []
    at = 0
    while found := _PART.match(text, at):
        name, index, quoted = found.groups()
        path.append(name if name else int(index) if index else _key(text, quoted))
        at = found.end()
    if at < len(text) or not path or text.startswith("."):
        raise BadInput(
            f"`extract`: {text!r} is no path: join keys with dots and put indexes in brackets, as "
            "in 'values.messages[-1].content'."
        )
    if path[0] not in roots:
        raise BadInput(f"`extract`: a path begins with one of {', '.join(roots)}; not {text!r}.")
    return path


def _key(text: str, quoted: str) -> str:
    try:
        return str(orjson.loads(quoted))
    except orjson.JSONDecodeError:
        raise BadInput(f"`extract`: {quoted} in {text!r} is no JSON string.") from None


def follow(value: Json, path: Path) -> Json:
    """What a path leads to; None where it leads nowhere."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and -len(value) <= part < len(value):
            value = value[part]
        else:
            return None
    return value
