"""From wire to engine words; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from demotic.dialects.agent_protocol import messages
from demotic.dialects.agent_protocol.choices import (
    ACTIONS,
    DEFAULT_MODES,
    IF_EXISTS,
    IF_NOT_EXISTS,
    MAX_EVENT_ID,
    MAX_LIMIT,
    MAX_OFFSET,
    MODES,
    ON_COMPLETION,
    ON_DISCONNECT,
    OWNERS,
    RUN_STATES,
    THREAD_STATES,
)
from demotic.dialects.agent_protocol.wire import (
    AgentSearch,
    RunCreate,
    RunSearch,
    ThreadCreate,
    ThreadPatch,
    ThreadSearch,
)
from demotic.domain import configs, states
from demotic.domain.assistants import AssistantQuery, mirrored
from demotic.domain.callbacks import Callback
from demotic.domain.errors import AssistantNotFound, BadInput
from demotic.domain.ids import is_uuid, system_assistant_id
from demotic.domain.runs import BusyPolicy, CancelAction, Idempotency, NewRun, RunQuery, RunRequest
from demotic.domain.threads import NewThread, ThreadQuery
from demotic.web.choosing import choose, uuid
from demotic.web.queries import bounded


def agent_id(named: str, hosted: Sequence[str]) -> str:
    """The assistant that is named: by its id, or by a hosted agent for that one's default.

    Agent Protocol 0.1.6: an agent's id is any string. Raises `AssistantNotFound`.
    """
    if named in hosted:
        return system_assistant_id(named)
    if is_uuid(named):
        return named.lower()
    raise AssistantNotFound(
        f"There is no agent {named!r}. Name one by its id, or one of: {', '.join(hosted)}."
    )


def chosen_agent(named: str | None, hosted: Sequence[str], default: str | None) -> str:
    """The assistant for a run: the one that is named, else that of the service's default agent."""
    wanted = default if named is None else named
    if wanted is None:
        raise AssistantNotFound("This server hosts no agent.")
    return agent_id(wanted, hosted)


def agent_query(body: AgentSearch) -> AssistantQuery:
    """POST /agents/search; newest first."""
    return AssistantQuery(
        name=body.name,
        metadata=body.metadata or {},
        limit=limit(body.limit),
        offset=offset(body.offset),
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


def state_update(body: ThreadPatch) -> states.StateUpdate | None:
    """PATCH /threads/{thread_id}: what to write into the state; None for nothing.

    A checkpoint alone makes the state that was saved there the latest one again, unless the patch
    is about metadata (Agent Protocol 0.1.6: it is ignored then).
    """
    writes = body.values is not None or body.messages is not None
    if not writes and (body.checkpoint is None or body.metadata is not None):
        return None
    values = _with_messages(body.values, body.messages) if writes else None
    return states.StateUpdate(values=values, checkpoint=_place(body))


def _place(body: ThreadPatch) -> Mapping[str, str] | None:
    return None if body.checkpoint is None else {"checkpoint_id": body.checkpoint.checkpoint_id}


def owner(metadata: Mapping[str, Any]) -> str | None:
    """Who a thread's metadata says its state belongs to, as long as no run was made on it."""
    named = (metadata.get(key) for key in OWNERS)
    return next((each for each in named if isinstance(each, str)), None)


def run_query(body: RunSearch, hosted: Sequence[str]) -> RunQuery:
    """POST /runs/search; newest first."""
    return RunQuery(
        thread_id=None if body.thread_id is None else uuid("thread", body.thread_id),
        assistant_id=None if body.agent_id is None else agent_id(body.agent_id, hosted),
        states=None if body.status is None else choose("status", body.status, RUN_STATES),
        metadata=body.metadata or {},
        limit=limit(body.limit),
        offset=offset(body.offset),
    )


def new_run(
    body: RunCreate,
    *,
    run_id: str,
    assistant_id: str,
    waits: bool = False,
    idempotency: Idempotency | None = None,
) -> NewRun:
    """A run: on the thread that the body names, else on one of its own.

    `waits`: the caller wants the result only, so that nothing is recorded unless it names modes.
    """
    given = stream_modes(body.stream_mode)
    keeps = ON_COMPLETION[_on_completion(body)]
    recorded = given or (() if waits else DEFAULT_MODES)
    settings = mirrored(configs.clean(body.config, body.thread_id), {})
    return NewRun(
        id=run_id,
        thread_id=None if body.thread_id is None else uuid("thread", body.thread_id),
        assistant_id=assistant_id,
        request=RunRequest(
            input=_input(body),
            config=settings.config,
            context=settings.context or None,
            modes=sorted({MODES[mode] for mode in recorded}),
        ),
        metadata=body.metadata or {},
        busy_policy=BusyPolicy.REJECT,
        create_thread=choose("if_not_exists", body.if_not_exists or "reject", IF_NOT_EXISTS),
        keep_thread=keeps,
        keep_run=True,
        ends_thread=body.thread_id is not None and not keeps,
        idempotency=idempotency,
        reply_format=_reply_format(body, given),
        callback=None if body.webhook is None else Callback(body.webhook),
    )


def cancels_on_disconnect(body: RunCreate) -> bool:
    """Whether the run ends with the last connection that follows it (default: it does)."""
    return choose("on_disconnect", body.on_disconnect or "cancel", ON_DISCONNECT)


def stream_modes(given: str | Sequence[str] | None) -> list[str]:
    """The stream modes that a body names; none where it leaves that to the default."""
    names = [given] if isinstance(given, str) else given or ()
    for name in names:
        choose("stream_mode", name, MODES)
    return list(dict.fromkeys(names))


def cancel_action(text: str | None) -> CancelAction:
    """POST /runs/{run_id}/cancel: query parameter `action`."""
    return choose("action", text or "interrupt", ACTIONS)


def replay_from(last_event_id: str | None) -> int | None:
    """Where a joined stream begins: None for what is still to come (Agent Protocol 0.1.6).

    A client that comes back names the last event that it has seen; 0 and -1 mean the beginning.
    """
    if last_event_id is None:
        return None
    text = last_event_id.strip()
    if text in ("-1", "0"):
        return 0
    if not text.isascii() or not text.isdecimal() or int(text) > MAX_EVENT_ID:
        raise BadInput(f"`Last-Event-ID` must be an id from the stream, -1 or 0; not {text!r}.")
    return int(text)


def limit(value: int | None) -> int:
    """A page's length: 1 to 1000, 10 by default."""
    return 10 if value is None else bounded("`limit`", value, 1, MAX_LIMIT)


def offset(value: int | None) -> int:
    """Where a page begins."""
    return bounded("`offset`", value or 0, 0, MAX_OFFSET)


def _input(body: RunCreate) -> Any:
    if body.messages is None:
        return body.input
    if not isinstance(body.input, (dict, type(None))):
        raise BadInput("`input` must be an object or null where `messages` are given.")
    return _with_messages(body.input, body.messages)


def _with_messages(
    values: Mapping[str, Any] | None, given: Sequence[Mapping[str, Any]] | None
) -> dict[str, Any]:
    """Values with the messages among them: agents have one place for both."""
    together = dict(values or {})
    if given is None:
        return together
    if together.get(messages.KEY) is not None:
        raise BadInput("Give `messages` once: beside the values or among them.")
    return {**together, messages.KEY: messages.incoming(given)}


def _on_completion(body: RunCreate) -> str:
    """What becomes of the thread (Agent Protocol 0.1.6, RunCreate.on_completion): one of its own
    is deleted by default, one that is named is kept."""
    given = body.on_completion
    if given is None:
        return "delete" if body.thread_id is None else "keep"
    choose("on_completion", given, ON_COMPLETION)
    return given


def _reply_format(body: RunCreate, given: Sequence[str]) -> dict[str, Any]:
    """What rendering needs to know of the request later."""
    return {
        "dialect": "agent_protocol",
        "stream_mode": given or None,
        "on_completion": _on_completion(body),
        "on_disconnect": body.on_disconnect or "cancel",
        "if_not_exists": body.if_not_exists or "reject",
        "has_messages": body.messages is not None,
    }
