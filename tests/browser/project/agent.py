"""An agent with a tool that asks before it acts; its model is scripted."""

from typing import Any

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import interrupt

CALL = {"name": "save_note", "args": {"note": "the demo"}, "id": "call-1"}


@tool
def save_note(note: str) -> str:
    """Save a note, if the user agrees."""
    return f"{note}: {interrupt({'question': f'Save {note}?'})}"


async def model(state: MessagesState) -> dict[str, Any]:
    """Call the tool first, and tell the outcome when it has answered."""
    if state["messages"][-1].type == "human":
        return {"messages": [AIMessage("", tool_calls=[CALL])]}
    chat = GenericFakeChatModel(messages=iter([AIMessage("All of it is done.")]))
    return {"messages": [await chat.ainvoke(state["messages"])]}


def route(state: MessagesState) -> str:
    """To the tool, where it was called."""
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else END


graph = (
    StateGraph(MessagesState)
    .add_node("model", model)
    .add_node("tools", ToolNode([save_note]))
    .add_edge(START, "model")
    .add_conditional_edges("model", route, ["tools", END])
    .add_edge("tools", "model")
    .compile()
)
