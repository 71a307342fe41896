"""This graph routes a question, plans research and answers."""

from typing import Any, Literal

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph

from support.shared.retrieval import find

from . import prompts
from .configuration import AgentConfiguration
from .state import AgentState, InputState, Router


async def analyze_and_route_query(
    state: AgentState, *, config: RunnableConfig
) -> dict[str, Router]:
    """Decide what the question needs."""
    short = len(state.messages[-1].text.split()) < 2
    return {"router": Router(type="more-info" if short else "documents", logic="length")}


def route_query(state: AgentState) -> Literal["create_research_plan", "ask_for_more_info"]:
    """Where to go."""
    wants = state.router["type"]
    return "ask_for_more_info" if wants == "more-info" else "create_research_plan"


async def ask_for_more_info(state: AgentState) -> dict[str, Any]:
    """Ask back."""
    return {"messages": [AIMessage("What do you want to know?")]}


async def create_research_plan(state: AgentState) -> dict[str, Any]:
    """What to look for."""
    return {"steps": [state.messages[-1].text], "documents": "delete"}


async def conduct_research(state: AgentState, *, config: RunnableConfig) -> dict[str, Any]:
    """Take the first step of the plan."""
    kwargs = AgentConfiguration.from_runnable_config(config).search_kwargs
    return {"documents": await find(state.steps[0], kwargs.get("k", 3)), "steps": state.steps[1:]}


def check_finished(state: AgentState) -> Literal["respond", "conduct_research"]:
    """Whether there are steps left."""
    return "conduct_research" if state.steps else "respond"


async def respond(state: AgentState, *, config: RunnableConfig) -> dict[str, Any]:
    """Answer."""
    configuration = AgentConfiguration.from_runnable_config(config)
    context = " ".join(each.page_content for each in state.documents)
    said = prompts.RESPONSE.format(
        greeting=configuration.greeting, count=len(state.documents), context=context
    )
    return {"messages": [AIMessage(said)]}


builder = StateGraph(AgentState, input_schema=InputState, context_schema=AgentConfiguration)
builder.add_node(analyze_and_route_query)
builder.add_node(ask_for_more_info)
builder.add_node(create_research_plan)
builder.add_node(conduct_research)
builder.add_node(respond)
builder.add_edge(START, "analyze_and_route_query")
builder.add_conditional_edges("analyze_and_route_query", route_query)
builder.add_edge("create_research_plan", "conduct_research")
builder.add_conditional_edges("conduct_research", check_finished)
builder.add_edge("ask_for_more_info", END)
builder.add_edge("respond", END)
graph = builder.compile()
graph.name = "RetrievalGraph"
