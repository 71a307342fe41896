"""Schemas of what is answered."""

from collections.abc import Mapping

from demotic.dialects.agent_protocol.choices import (
    IF_NOT_EXISTS,
    MODES,
    ON_COMPLETION,
    ON_DISCONNECT,
    RUN_STATES,
    THREAD_STATES,
)
from demotic.dialects.agent_protocol.messages import ROOT
from demotic.dialects.agent_protocol.render import ERROR, INTERRUPTS
from demotic.web.openapi.describing import (
    ANYTHING,
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
METADATA = described(OBJECT, "Free data about it.")
VALUES = described(
    OBJECT,
    f"The state, without its messages. One that is no object stands under `{ROOT}`.",
)
MESSAGES: Schema = {
    "type": "array",
    "items": ref("Message"),
    "description": "The state's messages; absent where the agent has none.",
}

COMPONENTS: Mapping[str, Schema] = {
    "Error": shape(
        "What went wrong.",
        ("code", "message", "metadata", "detail"),
        code=described(TEXT, "For programs; see the errors of this server."),
        message=described(TEXT, "What went wrong and how to mend it, for people."),
        metadata=described(OBJECT, "More about it."),
        detail=described(TEXT, "The same as `message`."),
    ),
    "Agent": shape(
        "What runs address: settings of a hosted program.",
        ("agent_id", "name", "metadata", "capabilities"),
        agent_id=described(UUID, "Its id. A hosted program's name stands for its default agent."),
        name=described(TEXT, "A name for people."),
        description=described(TEXT, "What it is good for."),
        metadata=METADATA,
        capabilities={
            "type": "object",
            "description": "What it can do.",
            "properties": {
                "ap.io.messages": described(FLAG, "It takes, keeps or gives `messages`."),
                "ap.io.streaming": described(FLAG, "Its runs can be streamed: always true."),
            },
            "required": ["ap.io.messages", "ap.io.streaming"],
        },
    ),
    "AgentSchemas": shape(
        "JSON schemas of what an agent takes and keeps.",
        ("agent_id", "input_schema", "output_schema"),
        agent_id=UUID,
        input_schema=described(OBJECT, "Of its input; empty where that cannot be told."),
        output_schema=described(OBJECT, "Of its output; empty where that cannot be told."),
        state_schema=described(OBJECT, "Of its state, if that can be told."),
        config_schema=described(OBJECT, "Of `config.configurable`, if that can be told."),
    ),
    "Message": {
        **shape(
            "A message of a conversation. What else it carries stands beside these fields.",
            ("role", "content"),
            role=described(
                TEXT,
                "Given: user, assistant, system or tool; human and ai mean the first two. "
                "Answered: one of the first four, or a role that the agent made up.",
            ),
            content={
                "anyOf": [TEXT, {"type": "array", "items": ref("MessageBlock")}],
                "description": "Text, or blocks of content.",
            },
            id=described(TEXT, "Its id; one that the conversation knows replaces that message."),
            metadata=described(OBJECT, "Free data about it."),
        ),
        "additionalProperties": True,
    },
    "MessageBlock": {
        "type": "object",
        "description": "A part of a message. What else it carries stands beside these fields.",
        "properties": {
            "type": described(TEXT, "`text`, or another kind that the agent knows."),
            "text": described(TEXT, "The text of a block of type `text`."),
        },
        "required": ["type"],
        "additionalProperties": True,
    },
    "Run": shape(
        "One request to run an agent.",
        (
            "run_id",
            "thread_id",
            "agent_id",
            "created_at",
            "updated_at",
            "status",
            "metadata",
            "on_completion",
            "on_disconnect",
            "if_not_exists",
        ),
        run_id=UUID,
        thread_id=described(UUID, "Its thread; for a run without one, a thread of its own."),
        agent_id=UUID,
        created_at=MADE,
        updated_at=CHANGED,
        status=described(
            {"type": "string", "enum": list(RUN_STATES)},
            "`pending` until it ends; `interrupted`: it waits, the next run on its thread goes on; "
            "`error` also after a cancel.",
        ),
        metadata=METADATA,
        input=described(ANYTHING, "The input, without its messages."),
        messages={"type": "array", "items": ref("Message"), "description": "As they were given."},
        config=described(OBJECT, "How the agent is called."),
        webhook=described(TEXT, "Where its end is told."),
        stream_mode={
            "type": "array",
            "items": {"type": "string", "enum": list(MODES)},
            "description": "As it was given.",
        },
        on_completion={"type": "string", "enum": list(ON_COMPLETION)},
        on_disconnect={"type": "string", "enum": list(ON_DISCONNECT)},
        if_not_exists={"type": "string", "enum": list(IF_NOT_EXISTS)},
    ),
    "RunOutput": shape(
        "A run and what it came to.",
        ("run", "values"),
        run=ref("Run"),
        values=described(
            OBJECT,
            f"The state that it ended with, without its messages; `{INTERRUPTS}` holds what it "
            f"asks where it waits, `{ERROR}` class and message of the error where it failed.",
        ),
        messages=MESSAGES,
    ),
    "Thread": shape(
        "A conversation with its state.",
        ("thread_id", "created_at", "updated_at", "metadata", "status", "values"),
        thread_id=UUID,
        created_at=MADE,
        updated_at=CHANGED,
        metadata=METADATA,
        status=described(
            {"type": "string", "enum": list(THREAD_STATES)},
            "`interrupted`: it waits for an answer, or has steps left to run.",
        ),
        values=VALUES,
        messages=MESSAGES,
    ),
    "ThreadState": shape(
        "A thread's state at one checkpoint.",
        ("checkpoint", "values"),
        checkpoint=shape(
            "Where it is saved.",
            ("checkpoint_id",),
            checkpoint_id=described(TEXT, "For `before`, and to branch off by a patch."),
        ),
        values=VALUES,
        messages=MESSAGES,
        metadata=described(OBJECT, "About the checkpoint."),
    ),
}
"""The schemas of answers by name."""

STREAM = (
    "Server-sent events. First `metadata` with `run_id` and `attempt`; then an event per mode that "
    "was asked for: `values` (the whole state), `updates` (what each step adds), `messages` (a "
    "message or a part of one, and where it comes from), `custom`; `error` with class and message "
    "where the run fails. Each has an `id`. A comment every five seconds keeps the connection open."
)
JOINED = f"{STREAM} Of a run that has ended, its last `values` and its `error`."
OUTPUT = "The run and its output. Newlines may come first: they keep the connection open."
