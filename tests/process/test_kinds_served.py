"""`demotic dev` with every kind of agent, and with one that blocks the event loop."""

import json
from collections.abc import Iterator
from textwrap import dedent

import httpx
import pytest

from process.serving import Server

CODE = """
    import os
    from contextlib import asynccontextmanager

    from langchain_core.runnables import RunnableConfig, RunnableLambda
    from langgraph.func import entrypoint
    from langgraph.graph import START, StateGraph
    from langgraph_sdk.runtime import ServerRuntime
    from typing_extensions import TypedDict


    class State(TypedDict, total=False):
        n: int


    def adding(step: int) -> StateGraph:
        async def node(state: State) -> State:
            return {"n": state["n"] + step}

        return StateGraph(State).add_node("node", node).add_edge(START, "node")


    builder = adding(1)


    @entrypoint()
    async def functional(given: dict) -> dict:
        return {"n": given["n"] + 1}


    def factory(config: RunnableConfig):
        return adding(config["configurable"].get("step", 1))


    @asynccontextmanager
    async def manager(runtime: ServerRuntime):
        yield adding(1).compile()


    async def function(state):
        return {"n": state["n"] + 1}


    async def generator(state):
        yield {"n": state["n"] + 1}


    runnable = RunnableLambda(function)


    async def blocking(state):
        os.listdir(".")  # blocks
        return {"n": state["n"] + 1}
"""

NAMES = ("builder", "functional", "factory", "manager", "function", "generator", "runnable")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of all kinds."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "agent.py").write_text(dedent(CODE), encoding="utf-8")
    graphs = {name: f"./agent.py:{name}" for name in (*NAMES, "blocking")}
    config = {"dependencies": ["."], "graphs": graphs}
    (folder / "langgraph.json").write_text(json.dumps(config), encoding="utf-8")
    with Server(folder / "data", graphs=folder) as started:
        yield started


def wait(server: Server, name: str, **body: object) -> object:
    """Run an agent on a thread that is made for it; its values."""
    thread = httpx.post(f"{server.base_url}/threads", json={}).json()["thread_id"]
    path = f"{server.base_url}/threads/{thread}"
    given = {"assistant_id": name, "input": {"n": 1}, **body}
    values: object = httpx.post(f"{path}/runs/wait", json=given, timeout=10).json()
    state = httpx.get(f"{path}/state").json()
    assert state["values"] == values, state
    return values


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_agent_is_served(server: Server, name: str) -> None:
    assert wait(server, name) == {"n": 2}


def test_a_factory_gets_the_configuration_of_the_run(server: Server) -> None:
    assert wait(server, "factory", config={"configurable": {"step": 5}}) == {"n": 6}


def test_a_node_that_blocks_is_reported_with_file_and_line(server: Server) -> None:
    assert wait(server, "blocking") == {"n": 2}
    line = dedent(CODE).splitlines().index('    os.listdir(".")  # blocks') + 1
    told = server.log_text()
    assert "os.listdir" in told and "agent.py" in told
    assert f"line={line}" in told or f'"line":{line}' in told
