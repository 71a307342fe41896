"""What the streaming dialect promises: one entry per command, channel and error code, and more.

`test_manifest` checks that each promise has a test and each test of a promise has an entry.
"""

from dialects.langgraph.promises import Requirement

CDDL = "Agent streaming protocol, CDDL 0.0.13"
API = "LangGraph API 0.16, observed"

REQUIREMENTS: dict[str, Requirement] = {
    "streaming.channels.values": Requirement(f"{CDDL}, values", "the state after each step"),
    "streaming.channels.updates": Requirement(f"{CDDL}, updates", "what each node changed"),
    "streaming.channels.messages": Requirement(f"{CDDL}, messages", "messages block by block"),
    "streaming.channels.tools": Requirement(f"{CDDL}, tools", "calls that a model issues"),
    "streaming.channels.lifecycle": Requirement(f"{CDDL}, lifecycle", "how runs stand"),
    "streaming.channels.input": Requirement(
        f"{CDDL}, input", "each question once, when it can be answered; and that it is"
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
    "streaming.foreign": Requirement("Demotic", "runs of other dialects tell what they record"),
    "streaming.positions": Requirement(f"{CDDL}, seq", "unique, rising, whoever listens"),
    "streaming.since": Requirement(f"{CDDL}, since", "strictly above, from any place"),
}
"""Promises by id."""
