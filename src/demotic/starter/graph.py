"""An agent that sends messages after asking. It needs no key: its model is a few rules.

Say "Tell Ada that the demo is on Friday": it asks before it sends. Answer with {"send": true},
or with {"send": true, "text": "..."} to change the words.
"""

import os
import re
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt

NAME = os.environ.get("AGENT_NAME", "Agent")
REQUEST = re.compile(r"\W*tell (?P<to>\w+) (that )?(?P<text>.+)", re.IGNORECASE | re.DOTALL)


class State(MessagesState):
    """What a thread keeps: the conversation, and the message to be sent."""

    draft: dict[str, str] | None


async def think(state: State) -> dict[str, Any]:
    """Understand the last message. This is where your model goes."""
    asked = REQUEST.fullmatch(state["messages"][-1].text)
    if asked:
        return {"draft": {"to": asked["to"], "text": asked["text"]}}
    help_text = f'{NAME} here. Say for example: "Tell Ada that the demo is on Friday".'
    return {"draft": None, "messages": [AIMessage(help_text)]}


async def approve(state: State) -> dict[str, Any]:
    """Ask a person. The run pauses here until it is resumed with an answer."""
    draft = state["draft"] or {}
    answer = interrupt({"question": f"Send this to {draft['to']}?", "draft": draft})
    if not isinstance(answer, dict) or answer.get("send") is not True:
        return {"draft": None, "messages": [AIMessage("Not sent.")]}
    return {"draft": {**draft, "text": answer.get("text") or draft["text"]}}


async def send(state: State) -> dict[str, Any]:
    """Act. This is where the call that must not be made without asking goes."""
    draft = state["draft"] or {}
    said = f'Sent to {draft["to"]}: "{draft["text"]}"'
    return {"draft": None, "messages": [AIMessage(said)]}


def is_drafted(state: State) -> bool:
    """Whether there is a message to send."""
    return state["draft"] is not None


builder = StateGraph(State)
builder.add_node("think", think)
builder.add_node("approve", approve)
builder.add_node("send", send)
builder.add_edge(START, "think")
builder.add_conditional_edges("think", is_drafted, {True: "approve", False: END})
builder.add_conditional_edges("approve", is_drafted, {True: "send", False: END})
builder.add_edge("send", END)
graph = builder.compile()
