"""The subgraph that researches and writes one section."""

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from report_types import Section, SectionState


def generate_queries(state: SectionState) -> dict[str, Any]:
    """What to look for."""
    return {"queries": [f"What is {state['section'].name}?"]}


def ask_expert(state: SectionState) -> dict[str, Any]:
    """A person knows better than the web."""
    answer = interrupt({"expert": state["queries"][0]})
    done = state["section"].model_copy(update={"content": str(answer)})
    return {"completed_sections": [done]}


builder = StateGraph(SectionState)
builder.add_node("generate_queries", generate_queries)
builder.add_node("ask_expert", ask_expert)
builder.add_edge(START, "generate_queries")
builder.add_edge("generate_queries", "ask_expert")
builder.add_edge("ask_expert", END)

__all__ = ["Section", "builder"]
