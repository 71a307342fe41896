"""From wire to engine words; pure."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from demotic.dialects.acp import messages
from demotic.dialects.acp.choices import (
    ACTIONS,
    BUSY,
    DIALECT,
    IF_EXISTS,
    IF_NOT_EXISTS,
    KINDS,
    MAX_DELAY_S,
    MAX_EVENT_ID,
    MAX_LIMIT,
    MAX_OFFSET,
    MAX_WEBHOOK,
    ON_COMPLETION,
    ON_DISCONNECT,
    RUN_STATES,
    THREAD_STATES,
)
from demotic.dialects.acp.errors import Mismatch
from demotic.dialects.acp.versions import Version
from demotic.dialects.acp.wire import (
    RunCreate,
    RunCreateStateful,
    RunCreateStateless,
    RunSearch,
    ThreadCreate,
    ThreadPatch,
    ThreadSearch,
)
from demotic.domain import configs
from demotic.domain.assistants import mirrored
from demotic.domain.callbacks import Callback
from demotic.domain.errors import AssistantNotFound, BadInput
from demotic.domain.ids import is_uuid, system_assistant_id
from demotic.domain.model import Json
from demotic.domain.runs import CancelAction, Idempotency, NewRun, RunQuery, RunRequest
from demotic.domain.states import StateUpdate
from demotic.domain.threads import NewThread, ThreadQuery
from demotic.web.choosing import choose, uuid
from demotic.web.queries import bounded


def agent_id(text: str | None, graphs: Sequence[str], default: str | None) -> str:
    """The agent that a body names: by its id, or by its graph; the default graph's where it names
    none. Raises `AssistantNotFound` for what can be neither.
    """
    name = text or default or ""
    if name in graphs:
        return system_assistant_id(name)
    if is_uuid(name):
        return name.lower()
    raise AssistantNotFound(
        f"There is no agent {name!r}. `agent_id` is an agent's id, or one of the graphs: "
        f"{', '.join(graphs)}."
    )


def new_thread(body: ThreadCreate, fresh_id: str) -> tuple[NewThread, bool]:
    """POST /threads: the thread, and whether an existing one will do."""
    id = fresh_id if body.thread_id is None else uuid("thread", body.thread_id)
    or_existing = choose("if_exists", body.if_exists or "raise", IF_EXISTS)
    return NewThread(id=id, metadata=body.metadata or {}), or_existing


def thread_query(body: ThreadSearch) -> ThreadQuery:
    """POST /threads/search; newest first."""
    return ThreadQuery(
        metadata=body.metadata or {},
        values=body.values or {},
        state=None if body.status is None else choose("status", body.status, THREAD_STATES),
        limit=limit(body.limit),
        offset=offset(body.offset),
    )


def state_update(body: ThreadPatch) -> StateUpdate | None:
    """PATCH /threads/{thread_id}: the change of state; None where only metadata is given, whose
    `checkpoint` ACP 0.2.3 says to ignore."""
    if body.values is None and body.messages is None:
        return None
    values = body.values
    if body.messages is not None:
        if not isinstance(values, dict | None):
            raise BadInput("`values` must be an object where `messages` are given.")
        values = {**(values or {}), messages.KEY: messages.incoming(body.messages)}
    if not isinstance(values, dict | list):
        raise BadInput("`values` must be an object or an array of objects.")
    return StateUpdate(values=values, checkpoint=checkpoint(body))


def checkpoint(body: ThreadPatch) -> dict[str, Any] | None:
    """Where a change of state branches off; None for the latest state."""
    if body.checkpoint is None:
        return None
    return {"checkpoint_id": uuid("checkpoint", body.checkpoint.checkpoint_id)}


def before(text: str | None) -> dict[str, Any] | None:
    """GET …/history: the checkpoint before which states are listed."""
    return None if text is None else {"checkpoint_id": text}


def run_query(body: RunSearch, graphs: Sequence[str]) -> RunQuery:
    """POST /runs/search; newest first."""
    states = None if body.status is None else choose("status", body.status, RUN_STATES)
    return RunQuery(
        assistant_id=None if body.agent_id is None else agent_id(body.agent_id, graphs, None),
        states=states,
        metadata=body.metadata or {},
        limit=limit(body.limit),
        offset=offset(body.offset),
    )


def limit(value: int | None) -> int:
    """A page's length: 1 to 1000, 10 by default."""
    return 10 if value is None else bounded("`limit`", value, 1, MAX_LIMIT)


def offset(value: int | None) -> int:
    """Where a page begins."""
    return bounded("`offset`", value or 0, 0, MAX_OFFSET)


def cancel_action(text: str | None) -> CancelAction:
    """POST …/cancel: query parameter `action`."""
    return choose("action", text or "interrupt", ACTIONS)


def replay_from(last_event_id: str | None) -> int | None:
    """Where a joined stream begins: None for what is still to come, which is ACP's rule; behind
    the event that a returning client saw last; 0 and -1 for the run's beginning."""
    if last_event_id is None:
        return None
    text = last_event_id.strip()
    if text in ("-1", "0"):
        return 0
    if not text.isascii() or not text.isdecimal() or int(text) > MAX_EVENT_ID:
        raise BadInput(f"`Last-Event-ID` must be an id from the stream, -1 or 0; not {text!r}.")
    return int(text)


def stream_modes(
    given: str | Sequence[str] | None, supported: Sequence[str], *, streams: bool
) -> list[str]:
    """The stream modes of a run: those that its body names, or else `values`.

    `supported` are the agent's. Raises `Mismatch` for others; where none is named, only if the
    request itself `streams`.
    """
    names = [given] if isinstance(given, str) else given or []
    for name in names:
        choose("stream_mode", name, dict.fromkeys(KINDS))
    wanted = list(dict.fromkeys(names or ["values"]))
    if not names and not streams:
        return [mode for mode in wanted if mode in supported]
    for mode in wanted:
        if mode not in supported:
            raise Mismatch(
                f"`stream_mode` {mode!r} is not supported by this agent. Its descriptor lists: "
                f"{', '.join(supported) or 'none'}."
            )
    return wanted


def answer(body: Json, version: Version) -> Json:
    """The body of a resume: the answer itself."""
    if body is None:
        raise BadInput("The request body must be the answer to the interrupt, not null.")
    _check_object("The request body", body, version)
    return body


def new_run(
    body: RunCreate,
    *,
    run_id: str,
    thread_id: str | None,
    assistant_id: str,
    modes: Sequence[str],
    version: Version,
    waits: bool = False,
    idempotency: Idempotency | None = None,
) -> NewRun:
    """A run; `thread_id` None for a stateless one, `modes` from `stream_modes`.

    `waits`: the caller wants the result only, so that nothing is recorded unless it names modes.
    A stateless run outlives its thread: it stays readable by its id.
    """
    _check_options(body)
    recorded = () if waits and body.stream_mode is None else sorted(modes)
    stateful = body if isinstance(body, RunCreateStateful) else RunCreateStateful()
    stateless = body if isinstance(body, RunCreateStateless) else RunCreateStateless()
    return NewRun(
        id=run_id,
        thread_id=thread_id,
        assistant_id=assistant_id,
        request=_request(body, thread_id, recorded, version),
        metadata=body.metadata or {},
        busy_policy=choose("multitask_strategy", body.multitask_strategy or "reject", BUSY),
        create_thread=choose("if_not_exists", stateful.if_not_exists or "reject", IF_NOT_EXISTS),
        keep_thread=choose("on_completion", stateless.on_completion or "delete", ON_COMPLETION),
        keep_run=True,
        spares_waiting=True,
        delay_s=_delay_s(body),
        idempotency=idempotency,
        callback=None if body.webhook is None else Callback(body.webhook, every_change=True),
        reply_format={"dialect": DIALECT, "stream_mode": list(modes), "creation": creation(body)},
    )


def cancels_on_disconnect(body: RunCreate) -> bool:
    """Whether the run ends with the last connection that follows it (default: it does)."""
    return choose("on_disconnect", body.on_disconnect or "cancel", ON_DISCONNECT)


def configurable(body: RunCreate) -> Json:
    """What the agent is configured with."""
    return None if body.config is None else body.config.configurable


def input_of(body: RunCreate) -> Json:
    """What the agent is given; an empty object where nothing is."""
    return {} if body.input is None else body.input


def creation(body: RunCreate) -> dict[str, Any]:
    """The body as the run tells it later: what was given, and the defaults that ACP documents."""
    defaults: Mapping[str, Json] = {"on_disconnect": "cancel", "multitask_strategy": "reject"}
    more: Mapping[str, Json] = (
        {"stream_subgraphs": False, "if_not_exists": "reject"}
        if isinstance(body, RunCreateStateful)
        else {"on_completion": "delete"}
    )
    told = {**defaults, **more, **_given(body)}
    return {**told, "config": _given(body.config)} if body.config is not None else told


def _given(struct: msgspec.Struct) -> dict[str, Any]:
    fields = msgspec.structs.asdict(struct)
    return {name: value for name, value in fields.items() if value is not None}


def _request(
    body: RunCreate, thread_id: str | None, kinds: Sequence[str], version: Version
) -> RunRequest:
    given = input_of(body)
    _check_object("`input`", given, version)
    settings = mirrored(configs.clean(_config(body), thread_id), {})
    return RunRequest(
        input=given,
        config=settings.config,
        context=settings.config.get("configurable") or None,
        modes=kinds,
        subgraphs=isinstance(body, RunCreateStateful) and bool(body.stream_subgraphs),
    )


def _config(body: RunCreate) -> dict[str, Any]:
    return {} if body.config is None else _given(body.config)


def _check_object(what: str, value: Json, version: Version) -> None:
    if version.objects_only and not isinstance(value, dict):
        raise BadInput(f"{what} must be an object: ACP {version.name} knows no other values.")


def _check_options(body: RunCreate) -> None:
    """Nothing is accepted and ignored."""
    cancels_on_disconnect(body)
    if body.webhook is not None:
        _check_webhook(body.webhook)


def _check_webhook(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url) > MAX_WEBHOOK:
        raise BadInput("`webhook` must be a whole http or https URL of at most 65536 characters.")


def _delay_s(body: RunCreate) -> float:
    """`after_seconds`; less than none is none."""
    delay_s = body.after_seconds or 0
    if delay_s > MAX_DELAY_S:
        raise BadInput(f"`after_seconds` must be at most {MAX_DELAY_S} (a year).")
    return float(max(0, delay_s))
