"""What the OpenAPI document says of this dialect's operations; data."""

from collections.abc import Mapping

from msgspec import Struct

from demotic.dialects.streaming import wire
from demotic.dialects.streaming.channels import CHANNELS, MAX_CHANNELS, MAX_NAMESPACES
from demotic.dialects.streaming.commands import HTTP_HANDLERS, MAX_ID
from demotic.dialects.streaming.errors import CODES, ERRORS
from demotic.dialects.streaming.translate import MAX_POSITION
from demotic.domain.errors import BadInput
from demotic.web.openapi.describing import (
    OBJECT,
    TEXT,
    UUID,
    Answer,
    Described,
    Schema,
    Words,
    described,
    optional,
    ref,
    shape,
    words,
)
from demotic.web.openapi.document import Tables
from demotic.web.problems import ErrorTable, find

COUNT: Schema = {"type": "integer", "minimum": 0}
CHANNEL: Schema = {"anyOf": [{"enum": [*CHANNELS]}, {"type": "string", "pattern": "^custom:.+"}]}
META = described(
    shape("More about it.", ("applied_through_seq",), applied_through_seq=COUNT),
    "Where the feed stood before what the command has caused.",
)

_EVENTS = Described(
    "Streaming",
    "Follow a thread",
    {
        200: Answer(
            "Server-sent events: `event` is the method, `id` the position, `data` a "
            "`StreamingEvent`. It stays open over all runs, with a comment every five seconds.",
            TEXT,
            "text/event-stream",
        )
    },
    body=wire.Subscribe,
    detail=(
        "The same address takes WebSockets, which carry commands, answers and events. The thread "
        "need not exist yet. Without `since`, what is recent is told first: runs that are "
        "unfinished or ended within the last two minutes."
    ),
)

_COMMAND = Described(
    "Streaming",
    "Send a command",
    {
        200: Answer(
            "What it came to; a command that fails is answered with 200, too.",
            {"anyOf": [ref("StreamingSuccess"), ref("StreamingError")]},
        ),
    },
    body=wire.Command,
    detail="Names may be spelled in snake_case or camelCase.",
)

_NO_COMMAND = Answer(
    "The body is no command, or the thread's id is none.",
    {"anyOf": [ref("StreamingError"), ref("Error")]},
)

_UPGRADE = Described(
    "Streaming",
    "Talk to a thread by WebSocket",
    {
        101: Answer("From here on commands go in; their answers, and events, come out."),
        426: Answer("The request did not ask for an upgrade.", ref("Error")),
    },
)


def _operations(mount: ErrorTable | None) -> Mapping[tuple[str, str], Described]:
    """The operations by method and path; a mount has errors, and addresses, of its own."""
    status, _ = find(BadInput(), mount or ERRORS)
    events = _EVENTS._replace(bad_input=status)
    told = {
        ("POST", "/threads/{thread_id}/stream/events"): events,
        ("POST", "/threads/{thread_id}/stream"): events._replace(
            summary="Follow a thread, at the Agent Protocol's address"
        ),
    }
    command = ("POST", "/threads/{thread_id}/commands")
    if mount is None:
        answers = {**_COMMAND.answers, status: _NO_COMMAND}
        return {**told, command: _COMMAND._replace(answers=answers, bad_input=status)}
    upgrade = _UPGRADE._replace(bad_input=status)
    return {
        **told,
        command: _COMMAND._replace(errors=(404,), bad_input=status),
        ("GET", "/threads/{thread_id}/stream/events"): upgrade,
        ("GET", "/threads/{thread_id}/stream"): upgrade,
    }


FIELDS: Mapping[type[Struct], Mapping[str, Words]] = {
    wire.Subscribe: {
        "channels": words(
            "What to be told of.",
            items=CHANNEL,
            minItems=1,
            maxItems=MAX_CHANNELS,
            examples=[["values", "messages", "lifecycle"]],
        ),
        "namespaces": words(
            "Only what comes from these nested agents and from those below them; a part matches "
            "with or without its task's id.",
            maxItems=MAX_NAMESPACES,
            examples=[[["researcher"]]],
        ),
        "depth": words("How many levels below those namespaces.", minimum=0),
        "since": words("Only what lies above this position.", minimum=0, maximum=MAX_POSITION),
    },
    wire.Command: {
        "id": words("Comes back with the answer.", minimum=0, maximum=MAX_ID - 1),
        "method": words("What to do.", examples=sorted(HTTP_HANDLERS)),
        "params": words(
            "What the command takes.", examples=[{"assistant_id": "agent", "input": {}}]
        ),
    },
}

COMPONENTS: Mapping[str, Schema] = {
    "StreamingSuccess": shape(
        "What a command came to.",
        ("type", "id", "result", "meta"),
        type={"const": "success"},
        id=COUNT,
        result=OBJECT,
        meta=META,
    ),
    "StreamingError": shape(
        "Why a command failed.",
        ("type", "id", "error", "message"),
        type={"const": "error"},
        id=optional(COUNT),
        error={"enum": [*dict.fromkeys(CODES.values())]},
        message=TEXT,
    ),
}


def tables(mount: ErrorTable | None = None) -> Tables:
    """What is told of the operations; `mount` are the errors of one that has its own."""
    return Tables(
        title="Demotic: streaming protocol",
        introduction="Events of a whole thread, and commands to it.",
        operations=_operations(mount),
        fields=FIELDS,
        components=COMPONENTS,
        parameters={"thread_id": ("The thread.", UUID)},
        headers={},
        tags={"Streaming": "The events of a thread's runs, and commands to it."},
        errors=mount or ERRORS,
    )
