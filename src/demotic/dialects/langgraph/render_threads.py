"""From engine to wire words: threads as they are asked for, and what they take up; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson

from demotic.dialects.langgraph import paths, render
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.translate_threads import MINUTE_US, View
from demotic.domain.model import Json, Size
from demotic.domain.states import StateSnapshot
from demotic.domain.threads import Thread
from demotic.engine.upkeep import Measured
from demotic.web.answers import raw

_values_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])

FOR_NONE: Mapping[str, Json] = {
    "checkpoint_id": "",
    "parent_checkpoint_id": "",
    "created_at": "",
    "metadata": {},
}
"""LangGraph API 0.1.0, ThreadState: what its document prints plain and requires, where a thread has
no state or its first state no parent."""


def thread_json(thread: Thread, view: View) -> dict[str, Any]:
    """LangGraph API 0.16, Thread: what is selected, then what is asked for beyond."""
    row = render.thread_json(thread)
    shown = dict(render.only(row, view.fields))
    if "ttl" in view.include and thread.lifetime is not None:
        shown["ttl"] = ttl_json(thread)
    if view.extract:
        shown["extracted"] = extracted(thread, row, view.extract)
    return shown


def ttl_json(thread: Thread) -> dict[str, Any] | None:
    """LangGraph API 0.16, Thread.ttl; null where a thread has none, and no `expires_at` from
    its pruning to the next run or change of state."""
    if thread.lifetime is None:
        return None
    minutes = thread.lifetime.length_us / MINUTE_US
    return {
        "strategy": thread.lifetime.pruning,
        "ttl_minutes": int(minutes) if minutes.is_integer() else minutes,
        "expires_at": None if thread.expires_us is None else render.instant(thread.expires_us),
    }


def extracted(
    thread: Thread, row: Mapping[str, Any], extract: Mapping[str, paths.Path]
) -> dict[str, Json]:
    """What paths lead to in a thread; null where one leads nowhere."""
    whole = dict(row)
    if any(path[0] == "values" for path in extract.values()):
        whole["values"] = None if thread.values is None else orjson.loads(thread.values)
    return {alias: paths.follow(whole, path) for alias, path in extract.items()}


def storage_json(thread_id: str, measured: Measured) -> dict[str, Any]:
    """LangGraph API 0.16, ThreadStorage; with what runs, their events and outputs take up."""
    size = measured.size
    kinds = (size.checkpoints, size.values, size.writes, size.runs, size.events, size.documents)
    return {
        "thread_id": thread_id,
        "total_bytes": sum(each.size for each in kinds),
        "checkpoints": _size_json(size.checkpoints),
        "channel_values": {
            **_size_json(size.values),
            "by_channel": {
                name: {"versions": each.count, "bytes": each.size}
                for name, each in measured.parts.items()
            },
        },
        "pending_writes": _size_json(size.writes),
        "runs": _size_json(size.runs),
        "events": _size_json(size.events),
        "documents": _size_json(size.documents),
    }


def _size_json(size: Size) -> dict[str, int]:
    return {"count": size.count, "bytes": size.size}


def state_json(
    state: StateSnapshot, select: Sequence[str] | None, compat: Compat = TODAY
) -> Mapping[str, Any]:
    """LangGraph API 0.16, ThreadState; of `select` also `values.<key>`, one key of the values
    (Python SDK 0.4)."""
    row = render.state_json(state)
    if compat.fills_states:
        row.update({name: none for name, none in FOR_NONE.items() if row[name] is None})
    if select is None:
        return row
    keys = [name.removeprefix("values.") for name in select if name.startswith("values.")]
    if keys and "values" not in select:
        row["values"] = _some_values(state.values, keys)
        select = [*select, "values"]
    return render.only(row, [name for name in row if name in select])


def _some_values(values: bytes, keys: Sequence[str]) -> dict[str, Any]:
    """Some keys of a state that is an object; it is not decoded further."""
    try:
        found = _values_decoder.decode(values)
    except msgspec.ValidationError:  # a state that is no object has no keys
        return {}
    return {key: raw(bytes(found[key])) for key in keys if key in found}
