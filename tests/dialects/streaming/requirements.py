"""What the streaming dialect promises: one entry per command, channel and error code, and more.

`test_manifest` checks that each promise has a test and each test of a promise has an entry.
"""

from dialects.langgraph.promises import Requirement

CDDL = "Agent streaming protocol, CDDL 0.0.13"
API = "LangGraph API 0.16, observed"

ERRORS = {
    "invalid_argument": "what cannot be understood, or contradicts the present state",
    "unknown_command": "no such method",
    "unknown_error": "the server failed; nothing of what is inside is told",
    "no_such_run": "a run that is not there, or none that is in progress",
    "no_such_subscription": "not on this connection",
    "no_such_namespace": "no nested agent at work there",
    "no_such_interrupt": "not asked, or answered before",
    "no_such_checkpoint": "not in this thread's history",
    "not_supported": "what cannot be done here",
}
"""Codes, and when they are told. `permission_denied` is not: there is no authorization."""

REQUIREMENTS: dict[str, Requirement] = {
    "streaming.channels.values": Requirement(f"{CDDL}, values", "the state after each step"),
    "streaming.channels.updates": Requirement(f"{CDDL}, updates", "what each node changed"),
    "streaming.channels.messages": Requirement(f"{CDDL}, messages", "messages block by block"),
    "streaming.channels.tools": Requirement(f"{CDDL}, tools", "calls that a model issues"),
    "streaming.channels.lifecycle": Requirement(f"{CDDL}, lifecycle", "how runs stand"),
    "streaming.channels.input": Requirement(
        f"{CDDL}, input", "each question once, when it can be answered; and that it is"
    ),
    "streaming.channels.input.value": Requirement(
        "langgraph-sdk (Python) 0.4; Demotic: beside the recorded `payload`",
        "a question is in `value`, too",
    ),
    "streaming.channels.checkpoints": Requirement(f"{CDDL}, checkpoints", "envelopes only"),
    "streaming.channels.checkpoints.paired": Requirement(
        "@langchain/langgraph-sdk 1.15", "a state comes right after its checkpoint"
    ),
    "streaming.channels.tasks": Requirement(f"{CDDL}, tasks", "begins and ends of tasks"),
    "streaming.channels.custom": Requirement(f"{CDDL}, custom", "payloads, and custom:<name>"),
    "streaming.channels.namespaces": Requirement(
        f"{CDDL}, namespaces", "prefixes match with and without a task's id"
    ),
    "streaming.channels.depth": Requirement(f"{CDDL}, depth", "levels below a namespace"),
    "streaming.channels.bad": Requirement(API, "channels that there are not are 400"),
    "streaming.lifecycle.nested": Requirement(f"{CDDL}, lifecycle", "nested agents, too"),
    "streaming.lifecycle.cause": Requirement(f"{CDDL}, LifecycleCause", "the tool call behind it"),
    "streaming.lifecycle.failed": Requirement(f"{CDDL}, LifecycleData.error", "why it failed"),
    "streaming.messages.blocks": Requirement(API, "start, deltas, finish, as recorded"),
    "streaming.messages.calls": Requirement(
        "langchain-protocol 0.0.20, ToolCallDelta", "arguments in pieces, read at the finish"
    ),
    "streaming.messages.usage": Requirement(f"{CDDL}, UsageInfo", "tokens are added up"),
    "streaming.messages.whole": Requirement(f"{CDDL}, messages", "whole messages, too"),
    "streaming.messages.providers": Requirement(f"{CDDL}, 2", "standard blocks of any provider"),
    "streaming.messages.media": Requirement(f"{CDDL}, DataDelta", "media in pieces or whole"),
    "streaming.messages.broken": Requirement(f"{CDDL}, MessageErrorData", "what breaks off"),
    "streaming.input.namespace": Requirement(f"{CDDL}, InputEvent", "where it is asked"),
    "streaming.state.changed": Requirement(f"{CDDL}, CheckpointSource", "changes by hand"),
    "streaming.run.start": Requirement(f"{CDDL}, run.start", "makes the thread, starts a run"),
    "streaming.run.row": Requirement(
        f"{API}; Demotic: without `__event_streaming_v2` in its config",
        "a run like any other, which records everything, of graphs within too, and can be replayed",
    ),
    "streaming.run.start.options": Requirement(
        f"{CDDL}, RunStartParams", "config and metadata are the run's; assistants by id or name"
    ),
    "streaming.run.start.resume": Requirement(
        f"{CDDL}, 4a run.start", "where the thread asks, the input is the answer"
    ),
    "streaming.run.start.resume.many": Requirement(
        f"{CDDL}, 4a run.start", "several questions are answered by an object of their ids"
    ),
    "streaming.run.start.inject": Requirement(
        f"{CDDL}, 4a run.start", "on a busy thread it comes next, or as `multitask_strategy` says"
    ),
    "streaming.run.start.place": Requirement(
        "@langchain/langgraph-sdk 1.15, run.start", "it begins at the checkpoint in its config"
    ),
    "streaming.input.respond.one": Requirement(f"{CDDL}, input.respond", "a question, once"),
    "streaming.input.respond.many": Requirement(
        f"{CDDL}, InputRespondMany", "several questions in one run, or one after the other"
    ),
    "streaming.input.respond.update": Requirement(
        f"{CDDL}, InputRespondOne.update", "changes the state with the answer"
    ),
    "streaming.input.respond.goto": Requirement(
        f"{CDDL}, Goto", "a step, a step with an input, or several"
    ),
    "streaming.input.respond.options": Requirement(
        f"{CDDL}, InputRespondOne", "config and metadata are the run's"
    ),
    "streaming.input.respond.bad": Requirement(
        f"{CDDL}, InputRespondParams", "what answers nothing, or twice, is refused"
    ),
    "streaming.input.respond.run": Requirement(
        API, "an answer is a run of its own, resumed by the question's id; its result is {}"
    ),
    "streaming.input.inject": Requirement(
        f"{CDDL}, input.inject", "a message for the root agent, after the run in progress"
    ),
    "streaming.agent.tree": Requirement(
        f"{CDDL}, agent.getTree", "nested agents and how each stands, of any run or the latest"
    ),
    "streaming.state.get": Requirement(
        f"{CDDL}, state.get", "the state, whole or by keys, and its checkpoint"
    ),
    "streaming.state.get.nested": Requirement(
        f"{CDDL}, StateGetParams.namespace", "that of a nested agent while it is at work"
    ),
    "streaming.state.checkpoints": Requirement(
        f"{CDDL}, state.listCheckpoints", "newest first, by `limit` (10, 1 to 1000) and `before`"
    ),
    "streaming.state.fork": Requirement(
        f"{CDDL}, state.fork", "a run from an earlier checkpoint, with or without an input"
    ),
    "streaming.subscriptions.http": Requirement(
        f"{CDDL}, 6 SSE/HTTP", "subscription.* over HTTP replay nothing, and tell what was missed"
    ),
    "streaming.subscriptions.subscribe": Requirement(
        f"{CDDL}, subscription.subscribe", "tells events over all runs"
    ),
    "streaming.subscriptions.subscribe.replay": Requirement(
        f"{CDDL}, SubscribeResult.replayedEvents", "how much of what is recent is told again"
    ),
    "streaming.subscriptions.several": Requirement(
        f"{CDDL}, 6 WebSocket", "what several subscriptions want is told once"
    ),
    "streaming.subscriptions.unsubscribe": Requirement(
        f"{CDDL}, subscription.unsubscribe", "that one is told no more"
    ),
    "streaming.subscriptions.reconnect": Requirement(
        f"{CDDL}, subscription.reconnect", "takes up this thread's subscriptions where they broke"
    ),
    "streaming.subscriptions.limit": Requirement("Demotic", "1000 on one connection"),
    "streaming.sockets.commands": Requirement(
        f"{CDDL}, 4 WebSocket", "commands, answers and events on one connection, at both paths"
    ),
    "streaming.sockets.first": Requirement(
        "Demotic, where the recorded server wants a subscription first", "any command may be first"
    ),
    "streaming.sockets.refused": Requirement(
        "langgraph-sdk 0.4, errors", "closes with 4000 and the status of a stream"
    ),
    "streaming.sockets.garbage": Requirement("Demotic", "outlive what is no command"),
    "streaming.streams.early": Requirement(
        f"{CDDL}, 4 SSE/HTTP", "may be opened before the thread; stay open over runs"
    ),
    "streaming.streams.since": Requirement(f"{CDDL}, EventStreamRequest.since", "what was missed"),
    "streaming.streams.snapshot": Requirement(
        f"{CDDL}, 12 values", "begin with the state where nothing is recent"
    ),
    "streaming.streams.gone": Requirement("Demotic", "end with their thread"),
    "streaming.streams.bad": Requirement(API, "filters that cannot be are 400"),
    "streaming.events": Requirement(
        f"{API}; {CDDL}, Event",
        "an event's name is its method, its id its position, its data one line; sockets get the "
        "same objects",
    ),
    "streaming.paths": Requirement(
        f"{CDDL}, /stream; {API}, /stream/events", "both addresses serve the same, sockets too"
    ),
    "streaming.spelling": Requirement(
        f"{CDDL}, camelCase; langchain-protocol 0.0.20, snake_case",
        "what is received may be in either spelling, what is sent is in snake_case",
    ),
    "streaming.messages.input": Requirement(
        "langchain-core 1, content blocks", "messages of the input may be lists of blocks"
    ),
    "streaming.applied": Requirement(
        f"{CDDL}, ResponseMeta.appliedThroughSeq", "nothing of what was before lies above"
    ),
    "streaming.errors.http": Requirement(
        API, "a command that fails is HTTP 200 with its id; an address that is none is 400"
    ),
    "streaming.errors.shapeless": Requirement(API, "what is no command is 400, without an id"),
    "streaming.errors.unknown_thread": Requirement(
        "Demotic", "commands that need a thread say so: invalid_argument"
    ),
    **{
        f"streaming.errors.{code}": Requirement(f"{CDDL}, ErrorCode {code}", behavior)
        for code, behavior in ERRORS.items()
    },
    "streaming.foreign": Requirement("Demotic", "runs of other dialects tell what they record"),
    "streaming.positions": Requirement(f"{CDDL}, seq", "unique, rising, whoever listens"),
    "streaming.since": Requirement(f"{CDDL}, since", "strictly above, from any place"),
}
"""Promises by id."""
