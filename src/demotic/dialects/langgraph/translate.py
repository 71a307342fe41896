"""From wire to engine words; pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from demotic.dialects.langgraph.choices import (
    ACTIONS,
    ASSISTANT_SORT,
    BUSY,
    DURABILITY,
    IF_NOT_EXISTS,
    KINDS,
    MAX_COUNT,
    MAX_DELAY_S,
    MAX_EVENT_ID,
    MAX_LIMIT,
    MAX_OFFSET,
    ON_COMPLETION,
    ON_DISCONNECT,
    RUN_STATES,
    SORT_ORDER,
    STAMPS,
    STATE_FIELDS,
)
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.errors import Contradiction
from demotic.dialects.langgraph.wire import (
    AssistantSearch,
    Checkpoint,
    HistorySearch,
    RunCreate,
    StateUpdate,
)
from demotic.domain import configs, states
from demotic.domain.assistants import AssistantQuery, mirrored
from demotic.domain.callbacks import Callback
from demotic.domain.errors import BadInput
from demotic.domain.ids import is_uuid, system_assistant_id
from demotic.domain.lifecycle import RunState
from demotic.domain.runs import CancelAction, Idempotency, NewRun, RunRequest
from demotic.web.bodies import as_shape
from demotic.web.choosing import choose
from demotic.web.idempotency import idempotency as idempotency
from demotic.web.queries import bounded


def assistant_id(text: str, graphs: Sequence[str]) -> str:
    """The assistant that a run's body names: by its id, or by its graph for the default one."""
    if text in graphs:
        return system_assistant_id(text)
    if is_uuid(text):
        return text.lower()
    raise BadInput(
        f"Invalid assistant: {text!r}. Must be either:\n- A valid assistant UUID, or\n"
        f"- One of the registered graphs: {', '.join(graphs)}"
    )


def assistant_query(body: AssistantSearch) -> AssistantQuery:
    """POST /assistants/search; newest first unless it says otherwise."""
    return AssistantQuery(
        agent=body.graph_id,
        name=body.name,
        metadata=body.metadata or {},
        limit=limit(body.limit),
        offset=offset(body.offset),
        sort_by=choose("sort_by", body.sort_by or "created_at", ASSISTANT_SORT),
        descending=choose("sort_order", body.sort_order or "desc", SORT_ORDER),
        count_up_to=MAX_COUNT,
    )


def limit(value: int | None) -> int:
    """A page's length: 1 to 1000, 10 by default."""
    return 10 if value is None else bounded("`limit`", value, 1, MAX_LIMIT)


def offset(value: int | None) -> int:
    """Where a page begins."""
    return bounded("`offset`", value or 0, 0, MAX_OFFSET)


def selected(fields: Sequence[str] | None, known: Collection[str]) -> Sequence[str] | None:
    """The fields to show; None for all."""
    for field in fields or ():
        if field not in known:
            raise BadInput(f"`select` knows {', '.join(known)}; not {field!r}.")
    return fields or None


def state_selected(fields: Sequence[str] | None) -> Sequence[str] | None:
    """The fields of a state to show, of its values also single keys; None for all."""
    for field in fields or ():
        if field not in STATE_FIELDS and not field.startswith("values."):
            known = ", ".join(STATE_FIELDS)
            raise BadInput(f"`select` knows {known} and values.<key>; not {field!r}.")
    return fields or None


def checkpoint(given: Checkpoint | str | None, thread_id: str) -> dict[str, Any] | None:
    """Where a state is; None for the latest. The thread is the one in the path."""
    if given is None:
        return None
    if isinstance(given, str):
        return {"checkpoint_id": given}
    if given.configurable is not None:  # the JS SDK's form: a whole config
        given = as_shape(given.configurable, Checkpoint)
    if given.thread_id is not None and given.thread_id.lower() != thread_id:
        raise BadInput(
            f"`checkpoint.thread_id` must be the thread of the path, {thread_id}, or be left out."
        )
    fields = {
        "checkpoint_id": _checkpoint_id(given),
        "checkpoint_ns": given.checkpoint_ns,
        "checkpoint_map": given.checkpoint_map,
    }
    return {key: value for key, value in fields.items() if value is not None} or None


def _checkpoint_id(given: Checkpoint) -> str | None:
    """The checkpoint, by its id or by what the map has for the namespace."""
    mapped = (given.checkpoint_map or {}).get(given.checkpoint_ns or "")
    if not isinstance(mapped, str | None):
        raise BadInput("`checkpoint.checkpoint_map` must hold ids by namespace.")
    if None not in (mapped, given.checkpoint_id) and mapped != given.checkpoint_id:
        raise BadInput(
            "`checkpoint.checkpoint_id` and what `checkpoint.checkpoint_map` has for the namespace "
            "differ: give one."
        )
    return given.checkpoint_id if mapped is None else mapped


def history(body: HistorySearch, thread_id: str) -> dict[str, Any]:
    """POST /threads/{id}/history: the arguments of the engine's history."""
    return {
        "limit": limit(body.limit),
        "before": checkpoint(body.before, thread_id),
        "metadata": body.metadata or None,
        "checkpoint": checkpoint(body.checkpoint, thread_id),
    }


def run_states(status: str | None) -> Sequence[RunState] | None:
    """The engine states of a status; None for any."""
    return None if status is None else choose("status", status, RUN_STATES)


def cancel_action(text: str | None) -> CancelAction:
    """POST …/cancel: query parameter `action`."""
    return choose("action", text or "interrupt", ACTIONS)


def replay_from(last_event_id: str | None, *, resumable: bool) -> int | None:
    """Where a joined stream begins: None for what is still to come.

    LangGraph API 0.16: only a resumable run can be replayed; `-1` and `0` mean from its
    beginning, an id means strictly after that event.
    """
    if last_event_id is None or not resumable:
        return None
    text = last_event_id.strip()
    if text in ("-1", "0"):
        return 0
    if not text.isascii() or not text.isdecimal() or int(text) > MAX_EVENT_ID:
        raise BadInput(f"`Last-Event-ID` must be an id from the stream, -1 or 0; not {text!r}.")
    return int(text)


def stream_modes(given: str | Sequence[str] | None) -> list[str]:
    """The stream modes that a body or query names; `values` by default."""
    names = [given] if isinstance(given, str) else given
    for name in names or ():
        choose("stream_mode", name, KINDS)
    return list(dict.fromkeys(names or ["values"]))


def new_run(
    body: RunCreate,
    *,
    run_id: str,
    thread_id: str | None,
    graphs: Sequence[str],
    waits: bool = False,
    follows: bool = False,
    idempotency: Idempotency | None = None,
    compat: Compat = TODAY,
) -> NewRun:
    """A run; `thread_id` None for a stateless one.

    `waits`: the caller wants the result only, so that nothing is recorded unless it names modes or
    is to be able to come back to the stream.
    `follows`: the caller stays for the end, as who waits or reads the stream does.
    `compat` says what a field means that is not given.
    """
    cancels_on_disconnect(body)  # checked, whoever asks for it later
    if thread_id is None:
        _check_stateless(body)
    modes = stream_modes(body.stream_mode)
    nothing = waits and body.stream_mode is None and not body.stream_resumable
    kinds = [] if nothing else sorted({KINDS[mode] for mode in modes})
    return NewRun(
        id=run_id,
        thread_id=thread_id,
        assistant_id=assistant_id(body.assistant_id, graphs),
        request=_request(body, thread_id, kinds),
        metadata=body.metadata or {},
        busy_policy=choose(
            "multitask_strategy", body.multitask_strategy or compat.multitask_strategy, BUSY
        ),
        create_thread=choose("if_not_exists", body.if_not_exists or "reject", IF_NOT_EXISTS),
        keep_thread=choose("on_completion", body.on_completion or "delete", ON_COMPLETION),
        delay_s=_delay_s(body),
        idempotency=idempotency,
        stamps=STAMPS,
        reply_format=_reply_format(body, modes),
        callback=None if body.webhook is None else Callback(body.webhook),
        caller=_caller(body) if follows else None,
    )


def _caller(body: RunCreate) -> str | None:
    """The run in which a RemoteGraph asks for this one, if it is one of this server's."""
    run_id = configs.calling_run(body.config or {})
    return run_id if run_id is not None and is_uuid(run_id) else None


def cancels_on_disconnect(body: RunCreate, compat: Compat = TODAY) -> bool:
    """Whether the run ends with the last connection that follows it."""
    return choose("on_disconnect", body.on_disconnect or compat.on_disconnect, ON_DISCONNECT)


def _delay_s(body: RunCreate) -> float:
    """`after_seconds`; less than none is none (observed)."""
    delay_s = body.after_seconds or 0.0
    if delay_s > MAX_DELAY_S:
        raise BadInput(f"`after_seconds` must be at most {MAX_DELAY_S} (a year).")
    return max(0.0, delay_s)


def _request(body: RunCreate, thread_id: str | None, kinds: Sequence[str]) -> RunRequest:
    command = _command(body)
    cleaned = configs.clean(body.config, thread_id)
    if cleaned.get("configurable") and body.context:
        raise Contradiction(
            "Cannot specify both configurable and context. Prefer setting context alone."
        )
    settings = mirrored(cleaned, body.context or {})
    return RunRequest(
        input=None if command else body.input,
        command=command,
        checkpoint=state_start(body, thread_id),
        config=settings.config,
        context=settings.context or None,
        modes=kinds,
        subgraphs=body.stream_subgraphs or False,
        interrupt_before=_nodes("interrupt_before", body.interrupt_before),
        interrupt_after=_nodes("interrupt_after", body.interrupt_after),
        durability=_durability(body),
        strict=body.strict_resume or False,
        tracing=_tracing(body.langsmith_tracer),
        forwarded=None if command else configs.forwarded_answers(body.config or {}),
    )


def _tracing(given: dict[str, Any] | None) -> dict[str, Any] | None:
    """Where LangSmith is to keep the run's trace (langgraph-sdk 0.4, LangSmithTracing)."""
    if not given:
        return None
    project, example = given.get("project_name"), given.get("example_id")
    if not isinstance(project, str | None):
        raise BadInput("`langsmith_tracer.project_name` must be a string.")
    if example is not None and not (isinstance(example, str) and is_uuid(example)):
        raise BadInput("`langsmith_tracer.example_id` must be a UUID.")
    return {"project": project, "example": example}


def _check_stateless(body: RunCreate) -> None:
    if body.command is not None and body.command.get("resume") is not None:
        raise Contradiction("You must provide a thread_id when resuming.")
    for field in ("checkpoint", "checkpoint_id"):
        if getattr(body, field) is not None:
            raise BadInput(f"`{field}` needs a thread: use /threads/{{thread_id}}/runs.")
    if body.if_not_exists is not None:
        choose("if_not_exists", body.if_not_exists, IF_NOT_EXISTS)


def _command(body: RunCreate) -> dict[str, Any] | None:
    """`resume`, `update` and `goto`, as far as given (LangGraph API 0.16, Command)."""
    given = command(body.command or {})
    if not given:
        return None
    if body.input not in (None, {}, []):
        raise BadInput("Give either `input` or `command`: to add to the state, use command.update.")
    return given


def command(given: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """A command with what it holds but null; `place` is where in the body it stands."""
    field = f"{place}.command" if place else "command"
    found = {key: value for key, value in given.items() if value is not None}
    unknown = sorted(found.keys() - {"resume", "update", "goto"})
    if unknown:
        raise BadInput(f"`{field}` knows resume, update and goto; not {unknown[0]!r}.")
    if "goto" in found:
        _check_goto(found["goto"], field)
    return found


def _check_goto(goto: Any, field: str) -> None:
    for target in goto if isinstance(goto, list) else [goto]:
        sends = isinstance(target, dict) and isinstance(target.get("node"), str)
        if not sends and not isinstance(target, str):
            raise BadInput(
                f"`{field}.goto` must be a node's name, {{node, input}}, or an array of these."
            )


def state_update(body: StateUpdate, thread_id: str) -> states.StateUpdate:
    """POST /threads/{id}/state with one update."""
    if not isinstance(body.values, (dict, list, type(None))):
        raise BadInput("`values` must be an object, an array of objects, or null.")
    start = state_start(body, thread_id)
    return states.StateUpdate(values=body.values, as_node=body.as_node, checkpoint=start)


def xray(text: str | None) -> int | bool:
    """GET …/graph: how deep subgraphs are opened; true for all the way down."""
    lowered = (text or "false").lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if not lowered.isascii() or not lowered.isdecimal() or len(lowered) > 3:
        raise BadInput(f"Query parameter `xray` must be true, false or a depth, not {text!r}.")
    return int(lowered)


def state_start(body: RunCreate | StateUpdate, thread_id: str | None) -> dict[str, Any] | None:
    """Where a run or an update starts, in either form; None for the latest state."""
    start = checkpoint(body.checkpoint, thread_id or "")
    if body.checkpoint_id is None:
        return start
    if start and start.get("checkpoint_id") not in (None, body.checkpoint_id):
        raise BadInput("`checkpoint_id` and `checkpoint.checkpoint_id` differ: give one.")
    return {**(start or {}), "checkpoint_id": body.checkpoint_id}


def _nodes(field: str, given: str | list[str] | None) -> str | list[str] | None:
    if isinstance(given, str) and given != "*":
        raise BadInput(f"`{field}` must be '*' or an array of node names; not {given!r}.")
    return given


def _durability(body: RunCreate) -> str | None:
    """How often to save; `checkpoint_during` is the older form, false meaning `exit`."""
    if body.durability is None:
        return "exit" if body.checkpoint_during is False else None
    durability = choose("durability", body.durability, DURABILITY)
    if body.checkpoint_during not in (None, durability != "exit"):
        raise BadInput("`durability` and `checkpoint_during` contradict: give `durability` only.")
    return durability


def _reply_format(body: RunCreate, modes: Sequence[str]) -> dict[str, Any]:
    """What rendering needs to know of the request later."""
    return {
        "dialect": "langgraph",
        "stream_mode": modes,
        "subgraphs": body.stream_subgraphs or False,
        "resumable": body.stream_resumable or False,
        "durability": _durability(body) or "async",
    }
