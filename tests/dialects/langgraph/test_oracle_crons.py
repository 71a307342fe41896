"""Crons, batches and bulk cancels as LangGraph API 0.16 was recorded; optional, see
`DEMOTIC_SPEC_DIR`: the same requests get the same statuses, header names and shapes."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dialects.langgraph.langgraph_http import AGENT, Wire, run_body

RECORDING = (
    Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent")
    / "oracle"
    / "observed-langgraph-today.jsonl"
)

pytestmark = pytest.mark.skipif(
    not RECORDING.is_file(), reason="DEMOTIC_SPEC_DIR names no folder with oracle/ recordings"
)

INPUTS = ("{}", '{"x": ["q"]}', '{"x": ["cron"]}')
"""What the recorded agent was given; ours is given nothing."""

OURS = {"code", "message", "metadata"}
"""What our errors have beside `detail`."""


def recorded() -> Iterator[tuple[list[Any], int, dict[str, str], str]]:
    """Requests and answers about crons, batches and bulk cancels, in their order."""
    for line in RECORDING.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        path = row["req"][1] if isinstance(row.get("req"), list) else ""
        if "/crons" in path or path in ("/runs/batch", "/runs/cancel"):
            yield row["req"], row["status"], row["headers"], row["body"]


def shape(value: Any) -> Any:
    """A value's structure: keys in their order, types, lengths left out."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items() if key != "configurable"}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


class Replay:
    """Recorded requests, with the names and ids of today put for those of then."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.names: dict[str, str] = {'"echo"': f'"{AGENT}"'}

    async def ask(self, method: str, path: str, body: Any) -> Any:
        """The answer of today."""
        text = json.dumps(body)
        for input in INPUTS:
            text = text.replace(f'"input": {input}', '"input": []')
        for then, now in self.names.items():
            path, text = path.replace(then, now), text.replace(then, now)
        return await self._wire.ask(method, path, json.loads(text))


async def test_recorded_requests_get_answers_of_the_recorded_shape(wire: Wire) -> None:
    thread = await wire.thread()
    await wire.ask("POST", f"/threads/{thread}/runs/wait", run_body())
    replay, count = Replay(wire), 0
    for (method, path, body, _), status, headers, text in recorded():
        if method == "GET" and path == "/runs/crons":
            wanted = await wire.ask(method, path)
            assert (wanted.status_code, wanted.headers["allow"]) == (405, "POST")
            continue
        if path.startswith("/threads/") and status == 200:
            replay.names[path.split("/")[2]] = thread
        answer = await replay.ask(method, path, body)
        assert answer.status_code == status, (method, path, answer.text)
        assert set(headers) <= set(answer.headers), (method, path)
        told: Any = json.loads(text) if text else None
        ours: Any = answer.json() if answer.content else None
        if "cron_id" in _first(told):
            replay.names[_first(told)["cron_id"]] = _first(ours)["cron_id"]
        if status >= 400:
            assert set(ours) - OURS == set(told)
            assert type(ours["detail"]) is type(told["detail"])
        else:
            assert shape(_without_run_facts(ours)) == shape(_without_run_facts(told)), path
            assert list(_first(ours)) == list(_first(told)), path
        count += 1
    assert count == 15


def _first(value: Any) -> Any:
    """The row whose keys' order counts."""
    row = value[0] if isinstance(value, list) and value else value
    return row if isinstance(row, dict) else {}


def _without_run_facts(value: Any) -> Any:
    """Runs without what their metadata and config say of the server itself."""
    if isinstance(value, list):
        return [_without_run_facts(each) for each in value]
    if isinstance(value, dict) and "kwargs" in value:
        kwargs = {k: v for k, v in value["kwargs"].items() if k not in ("input", "config")}
        return {**value, "metadata": {}, "kwargs": kwargs}
    if isinstance(value, dict) and "payload" in value:
        return {**value, "payload": {**value["payload"], "input": None}}
    return value
