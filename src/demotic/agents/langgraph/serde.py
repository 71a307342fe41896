"""The strict serializer: what it would not restore, it does not store."""

from collections.abc import Collection, Iterable
from typing import Any, cast

import ormsgpack
from langgraph._internal._serde import build_serde_allowlist
from langgraph.checkpoint.serde._msgpack import SAFE_MSGPACK_METHODS, SAFE_MSGPACK_TYPES
from langgraph.checkpoint.serde.jsonplus import (
    EXT_DELTA_SNAPSHOT,
    EXT_METHOD_SINGLE_ARG,
    EXT_NUMPY_ARRAY,
    JsonPlusSerializer,
)
from langgraph.graph.state import CompiledStateGraph
from langgraph.pregel import Pregel

from demotic.agents.langgraph.messages import hook_before, pack

SETTING = "checkpointer.serde.allowed_msgpack_modules"
"""The setting in langgraph.json that allows further types."""

TypeName = tuple[str, ...]
"""Module and name of a type."""

_PLAIN = frozenset({str, int, float, bool})
_KINDS = frozenset({"null", "bytes", "bytearray", "msgpack"})


class TypeNotAllowed(TypeError):
    """A value has a type that may not be stored."""


class StrictSerializer(JsonPlusSerializer):
    """Msgpack with an allow-list, for saving as for loading; no pickle and no JSON constructors.

    LangGraph's own safe types are always allowed; `allowed_msgpack_modules` and
    `with_msgpack_allowlist` add more, as types or as (module, name). Saving any other type
    raises `TypeNotAllowed`; loading one, should the store hold it, gives its plain data.
    """

    def __init__(
        self, *, allowed_msgpack_modules: Iterable[Collection[str] | type[Any]] = ()
    ) -> None:
        allowed = [_type_name(entry) for entry in _listed(allowed_msgpack_modules)]
        super().__init__(
            pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=allowed
        )

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:
        """The kind of encoding and the bytes; `TypeNotAllowed` for what would not come back."""
        kind, data = self.dumps_unchecked(obj)
        if type(obj) not in _PLAIN:
            self.check(kind, data)
        return kind, data

    def dumps_unchecked(self, obj: Any) -> tuple[str, bytes]:
        """The kind of encoding and the bytes, of which new ones must be checked."""
        if obj is None or isinstance(obj, (bytes, bytearray)):
            return super().dumps_typed(obj)
        return "msgpack", pack(obj)

    def check(self, kind: str, data: bytes) -> None:
        """Raises `TypeNotAllowed` for what would not come back."""
        if kind == "msgpack":
            for refusal in self._refusals(data):
                raise TypeNotAllowed(refusal)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """The value; only the kinds that `dumps_typed` writes are read."""
        if data[0] not in _KINDS:
            raise TypeNotAllowed(f"A stored value of the kind {data[0]!r} is never loaded.")
        if data[0] != "msgpack":
            return super().loads_typed(data)
        return _unpack(data[1], hook_before(self._unpack_ext_hook))

    def _allowed(self) -> Collection[TypeName]:
        return cast("set[TypeName] | None", self._allowed_msgpack_modules) or ()

    def _refusals(self, data: bytes) -> list[str]:
        """What loading would refuse. The hook only notes it: it may not raise (ormsgpack)."""
        found: list[str] = []

        def note(code: int, content: bytes) -> None:
            inner = _unpack(content, note)
            if code not in (EXT_DELTA_SNAPSHOT, EXT_NUMPY_ARRAY):
                found.extend(self._refusal(code, inner))

        _unpack(data, note)
        return found

    def _refusal(self, code: int, content: Any) -> Iterable[str]:
        name: TypeName = (content[0], content[1])
        if code == EXT_METHOD_SINGLE_ARG:
            if (*name, content[3]) not in SAFE_MSGPACK_METHODS:
                yield f"A value of the type {'.'.join(name)} cannot be stored: convert it first."
        elif name not in SAFE_MSGPACK_TYPES and name not in self._allowed():
            yield (
                f"A value of the type {'.'.join(name)} may not be stored. To allow it, add "
                f'["{name[0]}", "{name[1]}"] to {SETTING} in langgraph.json.'
            )


def graph_types(graph: Pregel[Any, Any, Any, Any]) -> set[TypeName]:
    """The types that a graph and its subgraphs declare in their schemas and channels.

    LangGraph collects them only where LANGGRAPH_STRICT_MSGPACK was set before it was imported,
    and forgets them when a graph is copied: give them to `Saver.with_allowlist`.
    """
    types = build_serde_allowlist(schemas=_schemas(graph), channels=dict(graph.channels))
    for _, subgraph in graph.get_subgraphs(recurse=True):
        if isinstance(subgraph, Pregel):
            types |= build_serde_allowlist(
                schemas=_schemas(subgraph), channels=dict(subgraph.channels)
            )
    return types


def _schemas(graph: Pregel[Any, Any, Any, Any]) -> list[type[Any]]:
    found: list[Any] = [graph.context_schema]
    if isinstance(graph, CompiledStateGraph):
        builder = graph.builder
        found += [builder.state_schema, builder.input_schema, builder.output_schema]
        found += [node.input_schema for node in builder.nodes.values()]
        found += [
            branch.input_schema
            for branches in builder.branches.values()
            for branch in branches.values()
        ]
    return cast(list[type[Any]], found)


def _listed(entries: object) -> Iterable[Collection[str] | type[Any]]:
    if isinstance(entries, (bool, str)) or not isinstance(entries, Iterable):
        raise ValueError(
            f"{SETTING} must be a list of [module, name] pairs; types are never allowed wholesale."
        )
    return entries


def _type_name(entry: Collection[str] | type[Any]) -> TypeName:
    if isinstance(entry, type):
        return (entry.__module__, entry.__name__)
    name = tuple(entry)
    if isinstance(entry, str) or len(name) != 2 or not all(isinstance(part, str) for part in name):
        raise ValueError(f"{SETTING}: {entry!r} is not a [module, name] pair.")
    return name


def _unpack(data: bytes, hook: Any) -> Any:
    return ormsgpack.unpackb(data, ext_hook=hook, option=ormsgpack.OPT_NON_STR_KEYS)
