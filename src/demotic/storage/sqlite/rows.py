"""Rows to things and back: the only place that knows the columns' order."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from demotic.domain.events import Event
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import (
    Assistant,
    BusyPolicy,
    Json,
    Outcome,
    Run,
    RunRequest,
    Scope,
    Thread,
)


class _Packed(NamedTuple):
    """An event as a batch holds it; those of before the time was kept tell none."""

    seq: int
    kind: str
    ns: str
    data: bytes
    at_us: int = 0


_request_decoder = msgspec.json.Decoder(RunRequest)
_request_encoder = msgspec.json.Encoder()
_batch_encoder = msgspec.msgpack.Encoder()
_batch_decoder = msgspec.msgpack.Decoder(list[_Packed])


def dump(value: Json) -> str:
    """JSON text."""
    return orjson.dumps(value).decode()


def dump_or_null(value: Json) -> str | None:
    """JSON text, or NULL for an empty or missing value."""
    return dump(value) if value else None


def load_or_none(text: str | None) -> Any:
    """The value of JSON text; None for NULL."""
    return None if text is None else orjson.loads(text)


def scope_filter(scope: Scope) -> str | None:
    """The bound parameter that `json_within` takes for a scope."""
    return dump(scope.filters) if scope.filters else None


def dump_request(request: RunRequest) -> str:
    """A run's request as JSON text."""
    return _request_encoder.encode(request).decode()


def digest(thread_id: str, data: bytes) -> bytes:
    """The address of a document among its thread's."""
    return hashlib.blake2b(data, digest_size=16, key=thread_id.encode()[:64]).digest()


def assistant(row: Sequence[Any]) -> Assistant:
    """From `get_assistant`."""
    return Assistant(
        id=row[0],
        agent=row[1],
        name=row[2],
        description=row[3],
        config=orjson.loads(row[4]),
        context=orjson.loads(row[5]),
        metadata=orjson.loads(row[6]),
        version=row[7],
        created_us=row[8],
        updated_us=row[9],
    )


def thread(row: Sequence[Any], values: bytes | None) -> Thread:
    """From `get_thread`, with the document that column 5 addresses."""
    return Thread(
        id=row[0],
        metadata=orjson.loads(row[1]),
        config=orjson.loads(row[2]),
        agent=row[3],
        state=ThreadState(row[4]),
        values=values,
        interrupts=load_or_none(row[6]),
        error=load_or_none(row[7]),
        created_us=row[8],
        updated_us=row[9],
        state_updated_us=row[10],
        reason=Reason(row[11]) if row[11] else None,
    )


def run(row: Sequence[Any]) -> Run:
    """From `get_run`."""
    return Run(
        id=row[0],
        thread_id=row[1],
        assistant_id=row[2],
        agent=row[3],
        state=RunState(row[4]),
        reason=Reason(row[5]) if row[5] else None,
        request=_request_decoder.decode(row[6]),
        metadata=orjson.loads(row[7]),
        busy_policy=BusyPolicy(row[8]),
        temporary=bool(row[9]),
        reply_format=orjson.loads(row[10]),
        attempt=row[11],
        epoch=row[12],
        error=load_or_none(row[13]),
        created_us=row[14],
        updated_us=row[15],
    )


def outcome(row: Sequence[Any], values: bytes | None) -> Outcome:
    """From `get_outcome`, with the document that column 2 addresses."""
    return Outcome(
        state=RunState(row[0]),
        reason=Reason(row[1]),
        values=values,
        interrupts=load_or_none(row[3]) or {},
        shown_interrupts=load_or_none(row[4]) or (),
        error=load_or_none(row[5]),
        pending=bool(row[6]),
    )


def pack(events: Sequence[Event]) -> bytes:
    """A batch of one run's events as a row holds it."""
    return _batch_encoder.encode([(e.seq, e.kind, e.ns, e.data, e.at_us) for e in events])


def unpack(run_id: str, packed: bytes) -> list[Event]:
    """The events of a batch."""
    return [
        Event(seq, run_id, kind, ns, data, at_us)
        for seq, kind, ns, data, at_us in _batch_decoder.decode(packed)
    ]


def tags(metadata: Mapping[str, Json]) -> list[tuple[str, str]]:
    """The entries of a thread's metadata that the index holds: top-level scalars."""
    return [
        (key, dump(value)) for key, value in metadata.items() if not isinstance(value, (dict, list))
    ]
