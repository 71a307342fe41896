"""How errors are told: as text today, as a list of places in 0.1.0; pure."""

import re
from typing import Any

from demotic.dialects.langgraph.compat import Compat
from demotic.web.problems import problem_body

_FIELD = re.compile(r"`([^`\s]+)`")
_QUERY = re.compile(r"Query parameter `([^`]+)`")
_PATH = re.compile(r"Invalid (\w+) ID:")
_INDEX = re.compile(r"\[(\d+)\]")
_HEADERS = ("Idempotency-Key", "Last-Event-ID")

BAD_INPUT = 422


def body_of(compat: Compat, status: int, code: str, message: str) -> dict[str, Any]:
    """The body of an error.

    LangGraph API 0.1.0, HTTPValidationError: the `detail` of a 422 is a list of `{loc, msg, type}`.
    """
    body = problem_body(code, message)
    if compat.lists_errors and status == BAD_INPUT:
        body["detail"] = [{"loc": place(message), "msg": body["message"], "type": code}]
    return body


def place(message: str) -> list[str | int]:
    """Where in the request the field is that a message names."""
    if found := _PATH.match(message):
        return ["path", f"{found[1]}_id"]
    if found := _QUERY.match(message):
        return ["query", found[1]]
    named = _FIELD.search(message)
    if named is None:
        return ["body"]
    if named[1] in _HEADERS:
        return ["header", named[1]]
    parts = _INDEX.sub(r".\1", named[1]).split(".")
    return ["body", *(int(part) if part.isdigit() else part for part in parts if part)]
