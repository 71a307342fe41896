"""Functions and Runnables as graphs of one node, so that they are run like any other agent.

The state is what the annotation of the first parameter says, where that is a TypedDict, a
dataclass or a pydantic model; else it is a plain object whose top-level keys a result replaces.
A generator's yields are `custom` events, and the last object it yields (or what a synchronous one
returns) is its result.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Annotated, Any, cast, get_type_hints

from langchain_core.runnables import Runnable
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from langgraph.pregel import Pregel
from pydantic import BaseModel
from typing_extensions import is_typeddict


def one_node(call: Callable[..., Any] | Runnable[Any, Any]) -> Pregel[Any, Any, Any, Any]:
    """A graph whose only node is `call`."""
    name = getattr(call, "__name__", "")
    name = name if name.isidentifier() else "agent"
    graph = StateGraph(cast(Any, _state(call)))
    graph.add_node(name, cast(Any, call if isinstance(call, Runnable) else _node(call)))
    return graph.add_edge(START, name).compile()


def merged(old: Any, new: Any) -> Any:
    """The state after a result: the keys of an object are replaced one by one."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return {**old, **new}
    return new


def _state(call: Any) -> Any:
    try:
        hints = get_type_hints(call if inspect.isroutine(call) else type(call).__call__)
        first = next(iter(inspect.signature(call).parameters), "")
    except Exception:  # a name that exists for type checkers only
        return Annotated[dict, merged]
    kind = hints.get(first)
    is_model = isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, BaseModel))
    if is_typeddict(kind) or is_model:
        return kind
    return Annotated[dict, merged]


def _node(call: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.isasyncgenfunction(call):
        return _of_async_generator(call)
    if inspect.isgeneratorfunction(call):
        return _of_generator(call)
    return call


def _of_async_generator(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    async def node(*args: Any, **kwargs: Any) -> Any:
        write, result = get_stream_writer(), _nothing()
        async for each in call(*args, **kwargs):
            write(each)
            result = each if isinstance(each, Mapping) else result
        return result

    return node


def _of_generator(call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def node(*args: Any, **kwargs: Any) -> Any:
        write, result = get_stream_writer(), _nothing()
        steps = call(*args, **kwargs)
        while True:
            try:
                each = next(steps)
            except StopIteration as end:
                return result if end.value is None else end.value
            write(each)
            result = each if isinstance(each, Mapping) else result

    return node


def _nothing() -> Mapping[str, Any]:
    return {}
