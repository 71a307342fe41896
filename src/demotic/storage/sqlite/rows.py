"""Rows to things and back: the only place that knows the columns' order."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import orjson

from demotic.domain.assistants import Assistant
from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import (
    Change,
    Delivery,
    DeliveryAttempt,
    DeliveryClaim,
    DeliveryKey,
    DeliveryState,
)
from demotic.domain.events import Event
from demotic.domain.lifecycle import Reason, RunState, ThreadState
from demotic.domain.model import Json, Scope
from demotic.domain.runs import BusyPolicy, Outcome, Run, RunRequest
from demotic.domain.threads import Lifetime, Pruning, Thread

LONGEST_TAG = 256  # characters


class _Packed(NamedTuple):
    """An event as a batch holds it; those of before the time was kept tell none."""

    seq: int
    kind: str
    ns: str
    data: bytes
    at_us: int = 0


_request_decoder = msgspec.json.Decoder(RunRequest)
_request_encoder = msgspec.json.Encoder()
_callback_decoder = msgspec.json.Decoder(Callback)
_change_encoder = msgspec.msgpack.Encoder()
_change_decoder = msgspec.msgpack.Decoder(Change)
_log_decoder = msgspec.json.Decoder(list[DeliveryAttempt])
_batch_encoder = msgspec.msgpack.Encoder()
_batch_decoder = msgspec.msgpack.Decoder(list[_Packed])

VANISHES, KEPT, ENDS_THREAD = 1, 2, 3
"""`run.temporary`, 0 for most: a run that goes with a thread of its own; one that is read by its id
afterwards; one that ends the thread that it names, and is read afterwards, too."""


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


def dump_callback(callback: Callback | None) -> str | None:
    """A run's callback as JSON text; NULL for none."""
    return None if callback is None else _request_encoder.encode(callback).decode()


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
        lifetime=None if row[12] is None else Lifetime(row[12], Pruning(row[13])),
        expires_us=row[14],
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
        temporary=row[9] in (VANISHES, KEPT),
        ends_thread=row[9] == ENDS_THREAD,
        reply_format=orjson.loads(row[10]),
        attempt=row[11],
        epoch=row[12],
        error=load_or_none(row[13]),
        created_us=row[14],
        updated_us=row[15],
        started_us=row[16],
        callback=_callback_decoder.decode(row[17]) if row[17] else None,
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


def dump_change(change: Change) -> bytes:
    """A change as a row of the outbox holds it."""
    return _change_encoder.encode(change)


def dump_log(log: Sequence[DeliveryAttempt]) -> str:
    """A delivery's latest attempts as JSON text."""
    return _request_encoder.encode(log).decode()


def load_log(text: str) -> list[DeliveryAttempt]:
    """A delivery's latest attempts."""
    return _log_decoder.decode(text)


def delivery_claim(row: Sequence[Any]) -> DeliveryClaim:
    """From `claim_delivery`. Raises `msgspec.MsgspecError` for a change that cannot be read."""
    return DeliveryClaim(
        key=DeliveryKey(row[0], row[1]),
        url=row[2],
        receiver=row[3],
        change=_change_decoder.decode(row[4]),
        attempts=row[5],
        since_us=row[6],
    )


def delivery(row: Sequence[Any]) -> Delivery:
    """From `get_delivery`."""
    state = DeliveryState(row[5])
    return Delivery(
        id=row[0],
        run_id=row[1],
        thread_id=row[2],
        url=row[3],
        run_state=RunState(row[4]),
        state=state,
        attempts=row[6],
        log=load_log(row[7]),
        due_us=row[8] if state is DeliveryState.PENDING else None,
        created_us=row[9],
        updated_us=row[10],
    )


def tags(entries: Mapping[str, Json]) -> list[tuple[str, str]]:
    """The entries of a thread's metadata or values that an index holds: top-level scalars, and
    of them the short ones. Equal numbers are written alike."""
    scalars = (
        (key, dump(int(value) if _is_whole(value) else value))
        for key, value in entries.items()
        if not isinstance(value, (dict, list))
    )
    return [(key, text) for key, text in scalars if len(text) <= LONGEST_TAG]


def _is_whole(value: Json) -> bool:
    return isinstance(value, float) and value.is_integer() and abs(value) < 2**53
