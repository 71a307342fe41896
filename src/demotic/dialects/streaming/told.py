"""Events of the protocol: what is told, before and after it has its position."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from demotic.dialects.streaming.channels import Path, path_of
from demotic.domain.events import Event
from demotic.domain.ids import SPACING


class Facts(NamedTuple):
    """What is to be known of a run to tell its events: its agent, the kinds of events that it
    records, the questions that it answers."""

    run_id: str
    agent: str = ""
    kinds: frozenset[str] = frozenset()
    answers: tuple[str, ...] = ()


class Draft(NamedTuple):
    """An event without its position. `data` is JSON; `node` is the step it came from."""

    channel: str
    method: str
    ns: str
    data: bytes
    at_us: int
    event_id: str
    node: str | None = None


class Told(NamedTuple):
    """An event of the protocol (CDDL 0.0.13, Event)."""

    seq: int
    event_id: str
    channel: str
    method: str
    path: Path
    data: bytes
    at_us: int
    node: str | None = None

    def json(self) -> bytes:
        """As it is sent."""
        node = b"" if self.node is None else b',"node":' + orjson.dumps(self.node)
        return (
            b'{"type":"event","event_id":%b,"seq":%d,"method":"%b","params":'
            b'{"namespace":%b,"timestamp":%d,"data":%b%b}}'
        ) % (
            orjson.dumps(self.event_id),
            self.seq,
            self.method.encode(),
            orjson.dumps(self.path),
            self.at_us // 1000,
            self.data,
            node,
        )


def placed(event: Event, drafts: Sequence[Draft]) -> list[Told]:
    """What one event of the feed tells, each with a position of its own from there on.

    Beyond the fifteenth they share one: `unseen` knows.
    """
    return [
        Told(
            event.seq + min(n, SPACING - 1),
            draft.event_id,
            draft.channel,
            draft.method,
            path_of(draft.ns),
            draft.data,
            draft.at_us,
            draft.node,
        )
        for n, draft in enumerate(drafts)
    ]


def through(seq: int) -> int:
    """The last position at which an event of the feed may tell something; 0 for none."""
    return seq + SPACING - 1 if seq else 0


def unseen(group: Sequence[Told], after: int) -> Sequence[Told]:
    """Those of one event's that are above a position. Where several share it, all of them."""
    if not group or group[0].seq > after:
        return group
    shared = group[-1].seq if len(group) > SPACING else None
    return [told for told in group if told.seq > after or told.seq == after == shared]


def plain(event: Event, data: bytes, n: int = 0, node: str | None = None) -> Draft:
    """The n-th of what an event tells on the channel of its kind, whenever that is told."""
    kind = event.kind
    return Draft(kind, kind, event.ns, data, event.at_us, f"{event.seq}-{n}", node)


def lifecycle(
    run_id: str, ns: str, status: str, at_us: int, graph: str, more: Mapping[str, Any] | None = None
) -> Draft:
    """How a run, or a nested agent, stands. The SDKs read the run out of the event's id."""
    data: dict[str, Any] = {"event": status}
    if graph:
        data["graph_name"] = graph
    event_id = f"synth:{run_id}:lc|{ns}|{status}"
    told = orjson.dumps({**data, **(more or {})})
    return Draft("lifecycle", "lifecycle", ns, told, at_us, event_id)


def requested(run_id: str, ns: str, id: str, payload: Any, at_us: int) -> Draft:
    """A question. `value` is where the Python SDK looks for what `payload` holds."""
    told = orjson.dumps({"interrupt_id": id, "payload": payload, "value": payload})
    event_id = f"synth:{run_id}:input|{ns}|{id}"
    return Draft("input", "input.requested", ns, told, at_us, event_id)


def answered(run_id: str, ids: Sequence[str], at_us: int) -> Draft:
    """Questions that a run answers."""
    told = orjson.dumps({"interrupt_ids": ids})
    return Draft("input", "input.answered", "", told, at_us, f"synth:{run_id}:answered")
