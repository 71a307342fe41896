"""Graphs that a function of the user's makes: for each run and each look at a state."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from langchain_core.runnables import RunnableConfig
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel
from langgraph.store.base import BaseStore
from langgraph_sdk.runtime import AccessContext, ServerRuntime
from pydantic import BaseModel

from demotic.agents.langgraph.internals import ExecutionRuntime, ReadRuntime
from demotic.domain.errors import AgentError

Graph = Pregel[Any, Any, Any, Any]
Slot = Literal["config", "runtime"]
"""What a factory's parameter takes."""

SLOTS: tuple[Slot, ...] = ("config", "runtime")

HOW = (
    "A factory takes nothing, `config: RunnableConfig`, `runtime: ServerRuntime`, or both; name "
    "or annotate its parameters like this."
)

_RUNTIMES = (ServerRuntime, ExecutionRuntime, ReadRuntime)
_GRAPHS = ("StateGraph", "CompiledStateGraph", "CompiledGraph", "Pregel")


@dataclass(frozen=True, slots=True)
class Use:
    """What a graph is opened for, and with which store, configuration and context."""

    access: AccessContext
    store: BaseStore
    config: RunnableConfig
    context: Mapping[str, Any] | None = None


class Factory:
    """A function that makes a graph, or a context manager around one; `where` names it."""

    def __init__(self, where: str, make: Callable[..., Any], slots: Mapping[str, Slot]) -> None:
        self._where, self._make, self._slots = where, make, slots
        self._context_type = _context_type(make, slots)
        if inspect.isasyncgenfunction(make):
            self._make = asynccontextmanager(make)

    @asynccontextmanager
    async def open(self, use: Use) -> AsyncIterator[Graph]:
        """The graph for one use; what the factory opened is closed at the end."""
        async with AsyncExitStack() as stack:
            given = {name: self._given(slot, use) for name, slot in self._slots.items()}
            made = self._make(**given)
            if inspect.isawaitable(made):
                made = await made
            if hasattr(type(made), "__aenter__"):
                made = await stack.enter_async_context(made)
            elif hasattr(type(made), "__enter__"):
                made = stack.enter_context(made)
            yield self._graph(made)

    def _graph(self, made: object) -> Graph:
        if isinstance(made, Pregel):
            return made
        if isinstance(made, StateGraph):
            return made.compile()
        raise AgentError(
            f"{self._where} is a factory that made something of the type {type(made).__name__}. "
            "Let it return (or, as a context manager, yield) a graph, as `builder.compile()` is."
        )

    def _given(self, slot: Slot, use: Use) -> Any:
        if slot == "config":
            return use.config
        if use.access == "threads.create_run":
            context = _typed(self._context_type, use.context)
            return ExecutionRuntime(access_context=use.access, store=use.store, context=context)
        reading: ReadRuntime[Any] = ReadRuntime(access_context=use.access, store=use.store)
        return reading


def factory_slots(make: Callable[..., Any]) -> dict[str, Slot] | None:
    """What each parameter of a factory takes; None for a function that is no factory.

    It is one if every parameter it needs is recognised by annotation or name, or if its return
    annotation is a graph: then unknown parameters take config and runtime, in this order.
    Raises `AgentError` for a factory that needs more.
    """
    hints = _hints(make)
    slots: dict[str, Slot] = {}
    unknown: list[str] = []
    for name, parameter in inspect.signature(make).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if slot := _slot(name, hints.get(name, parameter.annotation)):
            slots[name] = slot
        elif parameter.default is parameter.empty:
            unknown.append(name)
    if unknown and not _makes_graph(hints.get("return")):
        return None
    left = [slot for slot in SLOTS if slot not in slots.values()]
    if len(unknown) > len(left):
        raise AgentError(f"needs the parameters {', '.join([*slots, *unknown])}. {HOW}")
    return slots | dict(zip(unknown, left, strict=False))


def _hints(make: Callable[..., Any]) -> dict[str, Any]:
    plain = inspect.isroutine(make) or inspect.isfunction(make)
    try:
        return get_type_hints(make if plain else type(make).__call__)
    except Exception:  # a name that exists for type checkers only: what is written will do
        return dict(getattr(make, "__annotations__", {}))


def _slot(name: str, annotation: Any) -> Slot | None:
    written = annotation if isinstance(annotation, str) else ""
    kinds = (annotation, get_origin(annotation), *get_args(annotation))
    if any(kind is each for kind in kinds for each in _RUNTIMES) or "ServerRuntime" in written:
        return "runtime"
    if RunnableConfig in kinds or "RunnableConfig" in written:
        return "config"
    return next((slot for slot in SLOTS if slot == name), None)


def _makes_graph(annotation: Any) -> bool:
    names = [str(annotation), getattr(annotation, "__name__", "")]
    return any(name in text for name in _GRAPHS for text in names)


def _context_type(make: Callable[..., Any], slots: Mapping[str, Slot]) -> Any:
    """The `C` of `ServerRuntime[C]`."""
    hints = _hints(make)
    for name, slot in slots.items():
        if slot == "runtime" and (arguments := get_args(hints.get(name))):
            return arguments[0]
    return None


def _typed(kind: Any, context: Mapping[str, Any] | None) -> Any:
    """A run's context as the type that the factory declares."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_validate(context or {})
    if isinstance(kind, type) and is_dataclass(kind):
        return kind(**(context or {}))
    return context
