"""Schemas of what is answered."""

from collections.abc import Mapping
from typing import Any

from demotic.dialects.acp.choices import KINDS, RUN_STATES, THREAD_STATES
from demotic.dialects.acp.versions import Version
from demotic.web.openapi.describing import (
    FLAG,
    MOMENT,
    OBJECT,
    TEXT,
    UUID,
    Schema,
    described,
    ref,
    shape,
)

MADE = described(MOMENT, "When it was made.")
CHANGED = described(MOMENT, "When it last changed.")
ANY_VALUE: Schema = {"type": ["object", "array", "string", "number", "boolean"]}
STATUS: Schema = {"type": "string", "enum": list(RUN_STATES)}
SCHEMA = described(OBJECT, "A JSON schema.")
MESSAGES: Schema = {"type": "array", "items": ref("Message")}
OUTPUTS = {"result": "RunResult", "interrupt": "RunInterrupt", "error": "RunError"}
"""Types of an output, and their shapes."""

CODES = (
    "0 unknown, 1 an exception of the agent, 2 out of time, 3 cancelled, 4 an output that does "
    "not fit the descriptor."
)
ERRCODE: Schema = {"type": "integer", "enum": [0, 1, 2, 3, 4], "description": CODES}
ERROR_FIELDS: Mapping[str, Schema] = {
    "errcode": ERRCODE,
    "description": described(TEXT, "What went wrong, for people."),
}

_AGENTS: Mapping[str, Schema] = {
    "AgentRef": shape(
        "What an agent is called.",
        ("name", "version"),
        name=described(TEXT, "Its name; by default that of the graph."),
        version=described(TEXT, "Its version, as in `1.0.0`."),
        url=described(TEXT, "Where its record is."),
    ),
    "AgentMetadata": shape(
        "What an agent is.",
        ("ref", "description"),
        ref=ref("AgentRef"),
        description=described(TEXT, "What it is good for."),
    ),
    "Agent": shape(
        "An agent.",
        ("agent_id", "metadata"),
        agent_id=UUID,
        metadata=ref("AgentMetadata"),
    ),
    "Streaming": shape("What can be streamed.", KINDS, **dict.fromkeys(KINDS, FLAG)),
    "Capabilities": shape(
        "What an agent can do.",
        ("threads", "interrupts", "callbacks", "streaming"),
        threads=FLAG,
        interrupts=FLAG,
        callbacks=FLAG,
        streaming=ref("Streaming"),
    ),
    "InterruptKind": shape(
        "A kind of interrupt.",
        ("interrupt_type", "interrupt_payload", "resume_payload"),
        interrupt_type=described(TEXT, "Its name."),
        interrupt_payload=described(SCHEMA, "JSON schema of what is asked."),
        resume_payload=described(SCHEMA, "JSON schema of the answer."),
    ),
    "AgentSpecs": shape(
        "What an agent takes and gives.",
        ("capabilities", "input", "output", "config"),
        capabilities=ref("Capabilities"),
        input=described(SCHEMA, "JSON schema of `input`."),
        output=described(SCHEMA, "JSON schema of the result's `values`."),
        config=described(SCHEMA, "JSON schema of `config.configurable`."),
        thread_state=described(SCHEMA, "JSON schema of a thread's values, messages included."),
        custom_streaming_update=described(SCHEMA, "JSON schema of custom updates."),
        interrupts={"type": "array", "items": ref("InterruptKind")},
    ),
    "AgentDescriptor": shape(
        "All that an agent promises.",
        ("metadata", "specs"),
        metadata=ref("AgentMetadata"),
        specs=ref("AgentSpecs"),
    ),
}

_ERRORS: Mapping[str, Schema] = {
    "ErrorResponse": {"type": "string", "description": "What went wrong and how to mend it."},
    "Error": shape(
        "What went wrong, for statuses that ACP does not know.",
        ("detail", "code", "message", "metadata"),
        detail=described(TEXT, "What went wrong and how to mend it, for people."),
        code=described(TEXT, "The same for programs."),
        message=described(TEXT, "The same as `detail`."),
        metadata=described(OBJECT, "More about it."),
    ),
}


def components(version: Version) -> Mapping[str, Schema]:
    """The schemas of answers by name."""
    values = OBJECT if version.objects_only else ANY_VALUE
    return {
        **_ERRORS,
        **_AGENTS,
        "Message": shape(
            "A message of a conversation.",
            ("role", "content"),
            role=described(TEXT, "user, assistant, system or tool."),
            content={
                "anyOf": [TEXT, {"type": "array", "items": ref("MessageBlock")}],
                "description": "Text, or blocks.",
            },
            id=described(TEXT, "Its id."),
            metadata=described(OBJECT, "What else it carries, such as tool calls."),
        ),
        "MessageBlock": {
            "type": "object",
            "description": "A part of a message.",
            "properties": {"type": TEXT, "text": TEXT},
            "required": ["type"],
        },
        "Thread": shape(
            "A conversation with its state.",
            ("thread_id", "created_at", "updated_at", "metadata", "status"),
            thread_id=UUID,
            created_at=MADE,
            updated_at=CHANGED,
            metadata=described(OBJECT, "Free data about it."),
            status={"type": "string", "enum": list(THREAD_STATES)},
            values=described(values, "The latest state, without its messages."),
            messages=described(MESSAGES, "The messages of the state, if it has any."),
        ),
        "ThreadCheckpoint": shape(
            "Where a state is saved.", ("checkpoint_id",), checkpoint_id=UUID
        ),
        "ThreadState": shape(
            "A thread's state at one checkpoint.",
            ("checkpoint", "values"),
            checkpoint=ref("ThreadCheckpoint"),
            values=described(values, "The state, without its messages."),
            messages=described(MESSAGES, "The messages of the state, if it has any."),
            metadata=described(OBJECT, "What is known of the checkpoint."),
        ),
        **_runs("RunStateful", "RunCreateStateful", "on a thread"),
        **_runs("RunStateless", "RunCreateStateless", "without a thread of the caller's"),
        "RunOutput": {
            "description": "What a run came to.",
            "oneOf": [ref(shape) for shape in OUTPUTS.values()],
            "discriminator": {
                "propertyName": "type",
                "mapping": {kind: ref(shape)["$ref"] for kind, shape in OUTPUTS.items()},
            },
        },
        "RunResult": shape(
            "It succeeded.",
            ("type",),
            type=kind("result"),
            values=described(values, "The agent's output, whole."),
            messages=described(MESSAGES, "The messages of the output, if it has any."),
        ),
        "RunInterrupt": shape(
            "It asks something.",
            ("type", "interrupt"),
            type=kind("interrupt"),
            interrupt=described(OBJECT, "What is asked, under the type of the interrupt."),
        ),
        "RunError": shape(
            "It failed.",
            ("type", "run_id", "errcode", "description"),
            type=kind("error"),
            run_id=UUID,
            **ERROR_FIELDS,
        ),
        **_events(version, values),
    }


def kind(name: str) -> Schema:
    """The `type` that tells a shape from others; as generated clients check it."""
    return {"type": "string", "enum": [name]}


def _runs(name: str, creation: str, where: str) -> dict[str, Schema]:
    """A run, and what waiting for it answers."""
    return {
        name: shape(
            f"A run {where}.",
            ("run_id", "agent_id", "created_at", "updated_at", "status", "creation"),
            run_id=UUID,
            thread_id=described(UUID, "Its thread, where that outlives the run."),
            agent_id=UUID,
            created_at=MADE,
            updated_at=CHANGED,
            status=described(STATUS, "`interrupted`: it can be resumed."),
            creation=described(ref(creation), "What it was asked for."),
        ),
        f"{name}Waited": shape(
            "A run and what it came to.",
            ("run", "output"),
            run=ref(name),
            output=ref("RunOutput"),
        ),
    }


def _events(version: Version, values: Schema) -> dict[str, Schema]:
    """What the events of a stream hold."""

    def update(text: str, name: str, **more: Schema) -> dict[str, Any]:
        required = ("type", "run_id", "status", *(field for field in more if field != "messages"))
        return shape(text, required, type=kind(name), run_id=UUID, status=STATUS, **more)

    text = "The output so far; it replaces the one before."
    if version.ends_by_values:
        text += " With status `interrupted`: what is asked; `error`: errcode and description."
    told: dict[str, Schema] = {
        "ValuesUpdate": update(text, "values", values=values, messages=MESSAGES),
        "CustomUpdate": update("Something of the agent's own.", "custom", update=OBJECT),
    }
    if version.ends_by_values:
        return told
    return {
        **told,
        "InterruptUpdate": update(
            "The run asks something; the last event.",
            "interrupt",
            interrupt=described(OBJECT, "What is asked, under the type of the interrupt."),
        ),
        "ErrorUpdate": update("The run failed; the last event.", "error", **ERROR_FIELDS),
    }


def stream_words(version: Version) -> str:
    """What a stream is."""
    end = (
        "by a `values` event whose status says so"
        if version.ends_by_values
        else "by an event of type `interrupt` or `error`"
    )
    return (
        "Server-sent events named `agent_event`, each with an `id` that rises, and JSON whose "
        "`type` is `values` or `custom`. The last one tells what the run came to: `values` with "
        f"status `success`, or an interrupt or an error {end}."
    )


WAITED = "The run and what it came to. Newlines may come first: they keep the connection open."
