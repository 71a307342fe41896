"""Paths into JSON values, and the texts found there.

A path is field names with dots between them: `title`, `author.name`. `[0]` and `[-1]` take an
element of a list, `[*]` each of them; `*` takes every field or element; `{title,author.name}` at
the end several fields. `$`, or nothing, is the whole value.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from demotic.domain.model import Json

WHOLE = "$"

_STEP = re.compile(r"\[([^\]]*)\]|(\{[^}]*\})|([^.\[{]+)")
_INDEX = re.compile(r"-?\d+")

EVERY, EVERY_ELEMENT = "*", "[*]"

Step = str | int
"""Of a path: a field's name, an element's place, one of the above, or several fields in braces."""


def texts_at(value: Json, path: str) -> list[str]:
    """The texts at a path: what is no text as JSON; null and what is not there gives none."""
    if path in ("", WHOLE):
        return [_json(value)]
    return list(_texts(value, _steps(path)))


def _steps(path: str) -> list[Step]:
    steps: list[Step] = []
    for found in _STEP.finditer(path.removeprefix("$.")):
        element, fields, name = found.groups()
        if element is None:
            steps.append(fields or name)
        else:
            steps.append(int(element) if _INDEX.fullmatch(element) else found[0])
    return steps


def _texts(value: Json, steps: Sequence[Step]) -> Iterator[str]:
    if not steps:
        if value is not None:
            yield _text(value)
        return
    step, rest = steps[0], steps[1:]
    if isinstance(step, str) and step.startswith("{"):
        yield from _several(value, step)
        return
    for part in _parts(value, step):
        yield from _texts(part, rest)


def _parts(value: Json, step: Step) -> Iterator[Json]:
    if _is_list(value):
        if step in (EVERY, EVERY_ELEMENT):
            yield from value
        elif isinstance(step, int) and -len(value) <= step < len(value):
            yield value[step]
    elif isinstance(value, Mapping):
        if step == EVERY:
            yield from value.values()
        elif step in value:
            yield value[step]


def _several(value: Json, fields: str) -> Iterator[str]:
    for field in fields[1:-1].split(","):
        if isinstance(value, Mapping) and (steps := _steps(field.strip())):
            yield from _texts(value, steps)


def _is_list(value: Json) -> bool:
    return isinstance(value, list | tuple)


def _text(value: Json) -> str:
    return str(value) if isinstance(value, str | int | float) else _json(value)


def _json(value: Json) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
