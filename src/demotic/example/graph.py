"""The example's graph: a model that searches the documentation and saves notes after asking."""

import json
import operator
import os
from typing import Annotated, Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolCall, ToolMessage
from langchain_core.tools import BaseTool, tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import interrupt
from pydantic import ValidationError

from demotic.example.model import choose_model, instructions
from demotic.example.retrieval import Index, read_corpus

INDEX = Index(read_corpus())


class State(MessagesState):
    """What a thread keeps: the conversation, and the notes that a person approved."""

    notes: Annotated[list[str], operator.add]


@tool
async def search_docs(query: str) -> str:
    """Search Demotic's documentation. Returns the sections that fit best, as JSON."""
    found = INDEX.search(query)
    return json.dumps(
        [{"section": each.title, "page": each.page, "text": each.text} for each in found],
        ensure_ascii=False,
    )


@tool
async def save_note(text: str) -> str:
    """Save a note or feedback on this thread, in the user's words. A person is asked first."""
    request = {
        "question": f'Save this note? "{text}"',
        "action": "save_note",
        "args": {"text": text},
    }
    return json.dumps(review(text, interrupt(request)), ensure_ascii=False)


TOOLS: dict[str, BaseTool] = {each.name: each for each in (search_docs, save_note)}


def review(text: str, answer: object) -> dict[str, Any]:
    """What a person's answer makes of a note: saved as it is, saved as edited, or declined."""
    decision = answer if isinstance(answer, dict) else {"approve": _is_yes(answer)}
    edits = decision.get("args")
    if isinstance(edits, dict) and decision.get("approve", True) is True:
        edited = edits.get("text", text)
        if isinstance(edited, str) and edited.strip():
            return {"saved": True, "text": edited}
        return {"saved": False, "reason": "The edited note has no text."}
    if decision.get("approve") is True:
        return {"saved": True, "text": text}
    reason = answer if isinstance(answer, str) else decision.get("reason")
    return {"saved": False, "reason": reason if isinstance(reason, str) else ""}


def _is_yes(answer: object) -> bool:
    return answer is True or (isinstance(answer, str) and answer.strip(" .!").lower() == "yes")


async def run_tool(call: ToolCall) -> ToolMessage:
    """What one call returned. A call that no tool can take is answered, so the model may retry."""
    name = call["name"]
    try:
        if name in TOOLS:
            result: ToolMessage = await TOOLS[name].ainvoke({**call, "type": "tool_call"})
            return result
        refusal = f"There is no tool {name!r}; there are {', '.join(TOOLS)}."
    except ValidationError as error:
        refusal = str(error)
    return ToolMessage(refusal, tool_call_id=call["id"], name=name, status="error")


async def tools(state: State) -> dict[str, Any]:
    """Run the calls of the last message.

    One after the other, so that several questions to a person keep their order. An interrupt
    starts this node again from its beginning; the notes are part of what it returns at its end,
    so each is saved exactly once.
    """
    last = state["messages"][-1]
    calls = last.tool_calls if isinstance(last, AIMessage) else []
    results = [await run_tool(call) for call in calls]
    return {"messages": results, "notes": [note for each in results for note in saved_by(each)]}


def saved_by(message: ToolMessage) -> list[str]:
    """The notes that one tool message reports as saved."""
    if message.name != save_note.name or message.status == "error":
        return []
    result = json.loads(message.text)
    return [result["text"]] if result["saved"] else []


async def after_agent(state: State) -> Literal["tools", "__end__"]:
    """Where to go when the model has spoken."""
    last = state["messages"][-1]
    return "tools" if isinstance(last, AIMessage) and last.tool_calls else "__end__"


def build(model: BaseChatModel) -> StateGraph[State]:
    """The graph around a model."""
    bound = model.bind_tools(list(TOOLS.values()))

    async def agent(state: State) -> dict[str, Any]:
        told = instructions(state.get("notes", []))
        return {"messages": [await bound.ainvoke([told, *state["messages"]])]}

    drawing = StateGraph(State)
    drawing.add_node("agent", agent)
    drawing.add_node("tools", tools)
    drawing.add_edge(START, "agent")
    drawing.add_conditional_edges("agent", after_agent)
    drawing.add_edge("tools", "agent")
    return drawing


builder = build(choose_model(os.environ))
graph = builder.compile()
