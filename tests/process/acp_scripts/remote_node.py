"""A graph with a node of agntcy-acp's that runs an agent over ACP; run by an interpreter that has
both packages.

Arguments: the URL of the mount, `sync` or `async`, and `stateless` or `threads`. Prints what came
of it.
"""

import asyncio
import json
import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import uuid4

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel
from typing_extensions import TypedDict

acp: Any = import_module("agntcy_acp")
models: Any = import_module("agntcy_acp.models")


def node_class() -> Any:
    """ACPNode, from its own module: the package around it needs a mapper that is not needed."""
    package = find_spec("agntcy_acp")
    assert package is not None and package.origin is not None
    file = Path(package.origin).parent / "langgraph" / "acp_node.py"
    spec = spec_from_file_location("acp_node", file)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ACPNode


class Person(BaseModel):
    """What the agent is given."""

    name: str


class Greeting(BaseModel):
    """What it gives."""

    greeting: str


class State(TypedDict, total=False):
    """Of the graph around it."""

    person: dict[str, Any]
    told: Any


def graph(configuration: Any, agent: str, use_threads: bool) -> Any:
    """A graph of one node, which is elsewhere."""
    node = node_class()(
        name="greeter",
        agent_id=agent,
        client_config=configuration,
        input_path="person",
        input_type=Person,
        output_path="told",
        output_type=Greeting,
        use_threads=use_threads,
    )
    outer = StateGraph(State)
    outer.add_node("greeter", node)
    outer.add_edge(START, "greeter")
    return outer.compile(checkpointer=InMemorySaver())


def main(url: str, kind: str, way: str) -> None:
    """Ask, answer, and tell."""
    configuration = acp.ApiClientConfiguration(host=url)
    thread = str(uuid4())
    with acp.ACPClient(configuration=configuration) as client:
        wanted = models.AgentSearchRequest(name="org.example.greeter")
        agent = client.search_agents(wanted)[0].agent_id
        if way == "threads":
            client.create_thread(models.ThreadCreate(thread_id=thread))
    outer = graph(configuration, agent, way == "threads")
    config: RunnableConfig = {"configurable": {"thread_id": thread}}

    def step(given: Any) -> Any:
        if kind == "async":
            return asyncio.run(outer.ainvoke(given, config))
        return outer.invoke(given, config)

    step({"person": {"name": "Ada"}, "told": None})
    [asked] = [each.value for each in outer.get_state(config).interrupts]
    told = step(Command(resume={"shout": True}))["told"]
    print(json.dumps({"asked": asked, "told": told.greeting}))


if __name__ == "__main__":
    main(*sys.argv[1:])
