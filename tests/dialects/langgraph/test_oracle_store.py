"""The store's recorded exchanges of LangGraph API 0.16, made again; optional, see
`DEMOTIC_SPEC_DIR`."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from dialects.langgraph.langgraph_http import Wire
from dialects.langgraph.test_oracle import RECORDING, ROUTES

pytestmark = pytest.mark.skipif(
    not (RECORDING.is_file() and ROUTES.is_file()),
    reason="DEMOTIC_SPEC_DIR names no folder with oracle/ recordings",
)

PLAIN_ERRORS = "its errors are plain text, or JSON with `detail` only; ours have one JSON body"
DIFFERENCES: Mapping[tuple[str, str], str] = {
    ("GET", "/store/items?namespace=u&namespace=1&key=k"): (
        "it takes one label of a repeated parameter and finds nothing; the published documents "
        "say that the parameter is repeated"
    ),
    ("POST", "/store/namespaces"): "its recorder had stored one more item before",
}
"""Exchanges that differ, and why."""


def exchanges() -> Iterator[Any]:
    """The recorded exchanges, in their order."""
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        asked = row.get("req")
        if isinstance(asked, list) and asked[1].startswith("/store/"):
            yield row


def shape(value: Any) -> Any:
    """What kind of value it is, with the names of its fields in their order."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value).__name__


def without_times(value: Any) -> Any:
    """A body without what differs from one moment to the next."""
    if isinstance(value, dict):
        return {key: without_times(each) for key, each in value.items() if key[-3:] != "_at"}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def check(answer: httpx.Response, row: Any) -> None:
    """An answer is as it was recorded."""
    method, path = row["req"][:2]
    assert answer.status_code == row["status"], (method, path, answer.text)
    if row["status"] >= 400:
        body = row["body"]
        said = json.loads(body)["detail"] if body.startswith("{") else body
        if "Failed validating" not in said:  # JSON Schema's own words
            assert answer.json()["detail"] == said, PLAIN_ERRORS
    elif (method, path) not in DIFFERENCES:
        wanted = json.loads(row["body"]) if row["body"] else None
        got = json.loads(answer.content) if answer.content else None
        assert shape(got) == shape(wanted), (method, path)
        assert without_times(got) == without_times(wanted), (method, path)
        if wanted is not None:
            assert answer.headers["content-type"] == row["headers"]["content-type"]


async def test_the_recorded_exchanges_are_answered_alike(wire: Wire) -> None:
    rows = list(exchanges())
    assert len(rows) > 10
    assert {(row["req"][0], row["req"][1]) for row in rows} > set(DIFFERENCES)
    for row in rows:
        method, path, body = row["req"][:3]
        check(await wire.ask(method, path, body), row)
