"""What a graph tells of itself: its schemas, its drawing, its subgraphs."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.channels.base import BaseChannel
from langgraph.pregel import Pregel
from langgraph.warnings import LangGraphDeprecatedSinceV10
from pydantic import create_model

from demotic.domain.assistants import AgentSchemas
from demotic.domain.model import Json

Graph = Pregel[Any, Any, Any, Any]


def schemas(graph: Graph) -> AgentSchemas:
    """The schemas of a graph; one that cannot be told is None.

    pydantic cannot describe `typing.TypedDict` before Python 3.12 (`typing_extensions` has one
    that it can), nor types without a schema of their own.
    """
    return AgentSchemas(
        input=_told(graph.get_input_jsonschema),
        output=_told(graph.get_output_jsonschema),
        state=_told(lambda: _state_schema(graph)),
        config=_told(lambda: _config_schema(graph)),
        context=_told(graph.get_context_jsonschema),
    )


async def drawing(graph: Graph, config: RunnableConfig, depth: int | bool) -> Json:
    """Nodes and edges; subgraphs are opened up to `depth`."""
    drawn = (await graph.aget_graph(config, xray=depth)).to_json()
    for node in drawn["nodes"]:
        data = node.get("data")
        if isinstance(data, dict):  # a Runnable's import path: of no use to a reader
            data.pop("id", None)
    return drawn


async def subgraphs(graph: Graph, namespace: str | None, deep: bool) -> Mapping[str, AgentSchemas]:
    """The schemas of subgraphs by namespace."""
    found = graph.aget_subgraphs(namespace=namespace, recurse=deep)
    return {name: schemas(part) async for name, part in found if isinstance(part, Pregel)}


def _told(schema: Callable[[], Json]) -> Json:
    try:
        return schema()
    except Exception:  # a type of the user's that has no schema
        return None


def _config_schema(graph: Graph) -> Json:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=LangGraphDeprecatedSinceV10)
        return graph.get_config_jsonschema()


def _state_schema(graph: Graph) -> Json:
    """The channels as they are written; one without a schema may be anything."""
    fields: dict[str, Any] = {}
    for name in graph.stream_channels_list:
        channel = graph.channels[name]
        kind: Any = channel.UpdateType if isinstance(channel, BaseChannel) else Any
        is_told = _told(create_model(name, value=(kind, None)).model_json_schema) is not None
        fields[name] = (kind if is_told else Any, None)
    return create_model(graph.get_name("State"), **fields).model_json_schema()
