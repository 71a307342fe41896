"""Commands: what there are, and how each is answered."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import uuid4

import structlog

from demotic.dialects.streaming import looking, starting, translate, wire
from demotic.dialects.streaming.errors import SubscriptionNotFound, UnknownCommand, code_of
from demotic.dialects.streaming.starting import Call, Done
from demotic.dialects.streaming.told import through
from demotic.domain.errors import BadInput, DemoticError, ShuttingDown, StorageUnavailable
from demotic.domain.model import Json
from demotic.web.answers import encode
from demotic.web.bodies import as_shape
from demotic.web.problems import UNEXPECTED, shortened

log = structlog.get_logger("demotic.streaming")

Handler = Callable[[Call, Mapping[str, Any]], Awaitable[Done]]

MAX_ID = 2**53

RAISED = (StorageUnavailable, ShuttingDown)
"""What makes every command impossible."""

SHAPELESS = "Protocol commands must include an integer id and string method."

HANDLERS: Mapping[str, Handler] = {
    "run.start": starting.start,
    "input.respond": starting.respond,
    "input.inject": starting.inject,
    "state.fork": starting.fork,
    "state.get": looking.state,
    "state.listCheckpoints": looking.checkpoints,
    "agent.getTree": looking.tree,
}
"""Commands that are the same wherever they come from."""


class Malformed(BadInput):
    """This is no command."""


def command(given: Any) -> wire.Command:
    """A command. Raises `Malformed`, naming the field."""
    try:
        found = as_shape(given, wire.Command)
    except BadInput as error:
        raise Malformed(f"{SHAPELESS} {error.message}") from None
    if not 0 <= found.id < MAX_ID:
        raise Malformed(f"{SHAPELESS} `id` must be between 0 and {MAX_ID - 1}; not {found.id}.")
    return found


async def answered(
    call: Call,
    asked: wire.Command,
    handlers: Mapping[str, Handler],
    raised: tuple[type[DemoticError], ...] = RAISED,
) -> bytes:
    """The answer to a command, as JSON. Only errors that are `raised` are none."""
    try:
        handler = handlers.get(asked.method)
        if handler is None:
            raise UnknownCommand(f"Unknown protocol command: {asked.method}")
        return await _success(call, asked.id, await handler(call, asked.params or {}))
    except raised:
        raise
    except DemoticError as error:
        return failure(asked.id, code_of(error), _told(call, asked, error))
    except Exception as error:
        log.error("unexpected error", exc_info=error, command=asked.method, thread=call.thread_id)
        return failure(asked.id, "unknown_error", UNEXPECTED)


def _told(call: Call, asked: wire.Command, error: DemoticError) -> str:
    """What a caller is told of an error; of one of the server's only what it is in general."""
    if code_of(error) != "unknown_error":
        return error.message
    log.error("command failed", error=error.message, command=asked.method, thread=call.thread_id)
    return type(error)().message


async def _success(call: Call, id: int, done: Done) -> bytes:
    """CDDL 0.0.13, CommandResponse."""
    position = done.position
    if position is None:
        position = through((await call.engine.threads.span(call.thread_id)).last)
    meta = {"applied_through_seq": position}
    return encode({"type": "success", "id": id, "result": done.result, "meta": meta})


def failure(id: int | None, code: str, message: str) -> bytes:
    """CDDL 0.0.13, ErrorResponse."""
    told: dict[str, Json] = {"type": "error", "id": id, "error": code}
    return encode({**told, "message": shortened(message)})


async def subscribe_once(call: Call, params: Mapping[str, Any]) -> Done:
    """subscription.subscribe over HTTP: a subscription lives as long as its connection, and that
    ends with the answer, so nothing is replayed to it. Event streams are for that."""
    body = wire.read(params, wire.Subscribe)
    translate.subscription(body)
    translate.since(body)
    return Done({"subscription_id": str(uuid4()), "replayed_events": 0})


async def unsubscribe_once(call: Call, params: Mapping[str, Any]) -> Done:
    """subscription.unsubscribe over HTTP: there is none."""
    body = wire.read(params, wire.Unsubscribe)
    raise SubscriptionNotFound(f"There is no subscription {body.subscription_id} here.")


async def reconnect_once(call: Call, params: Mapping[str, Any]) -> Done:
    """subscription.reconnect over HTTP: nothing to restore, but what was missed is told."""
    body = wire.read(params, wire.Reconnect)
    run = await call.engine.runs.get(call.thread_id, body.run_id, call.scope)
    return Done(await looking.reconnection(call, run, body, restored=False))


HTTP_HANDLERS: Mapping[str, Handler] = {
    **HANDLERS,
    "subscription.subscribe": subscribe_once,
    "subscription.unsubscribe": unsubscribe_once,
    "subscription.reconnect": reconnect_once,
}
