"""Schemas that graphs' own types give: whatever a graph's value becomes as JSON, it fits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import orjson
import pytest
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langgraph.graph import START, StateGraph
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from demotic.agents.langgraph import introspection
from demotic.agents.langgraph.encoding import encode
from demotic.dialects.acp.descriptors import specs_of
from demotic.dialects.acp.manifest import SILENT
from demotic.dialects.acp.relaxing import MESSAGE, configured, given, taken
from demotic.dialects.acp.schemas import compiled
from demotic.domain.assistants import AgentSchemas


class Colour(Enum):
    """An enumeration."""

    RED = "red"


@dataclass
class Point:
    """A dataclass."""

    x: int
    y: float = 0.5


class Aliased(BaseModel):
    """A model whose JSON schema names its fields otherwise than its JSON."""

    model_config = {"extra": "forbid"}
    own: int = Field(alias="theirs")


class Everything(TypedDict):
    """One of each."""

    text: str
    number: int
    real: float
    flag: bool
    one_of: Literal["a", "b"]
    colour: Colour
    point: Point
    aliased: Aliased
    moment: datetime
    day: date
    hour: time
    duration: timedelta
    exact: Decimal
    id: UUID
    path: Path
    data: bytes
    members: set[int]
    pair: tuple[int, str]
    table: dict[str, list[int]]
    anything: Any
    document: Document
    messages: list[AnyMessage]
    base: list[BaseMessage]
    last: AIMessage
    maybe: int | None


VALUES: dict[str, Any] = {
    "text": "t",
    "number": 1,
    "real": 1,
    "flag": True,
    "one_of": "a",
    "colour": Colour.RED,
    "point": Point(1),
    "aliased": Aliased(theirs=1),
    "moment": datetime(2026, 1, 1, tzinfo=UTC),
    "day": date(2026, 1, 1),
    "hour": time(1, 2),
    "duration": timedelta(seconds=90),
    "exact": Decimal("1.50"),
    "id": UUID(int=1),
    "path": Path("a/b"),
    "data": b"\x00\xff",
    "members": {1, 2},
    "pair": (1, "a"),
    "table": {"a": [1]},
    "anything": [{"a": None}],
    "document": Document("text", metadata={"a": 1}),
    "messages": [
        HumanMessage("hi"),
        AIMessage("", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "1"}]),
        ToolMessage("done", tool_call_id="1"),
        AIMessage([{"type": "text", "text": "x"}]),
    ],
    "base": [HumanMessage("hi")],
    "last": AIMessage("yes"),
    "maybe": None,
}


def schemas() -> AgentSchemas:
    """Those of a graph whose state is one of each."""
    graph = StateGraph(Everything)
    graph.add_node("keep", lambda state: state)
    graph.add_edge(START, "keep")
    return introspection.schemas(graph.compile())


@pytest.mark.parametrize("name", VALUES)
def test_what_a_graph_gives_fits_its_own_descriptor(name: str) -> None:
    specs = specs_of(schemas(), SILENT)
    for schema in (specs.output, specs.state):
        assert name in schema["properties"]
        check = compiled(schema)
        assert check is not None
        value = orjson.loads(encode({name: VALUES[name]}))
        assert check(value) is None, (value, schema["properties"][name])
        assert check({name: None}) is None
        assert check({}) is None


@pytest.mark.parametrize("name", ["number", "flag", "one_of", "table", "pair", "messages", "point"])
def test_what_no_graph_of_these_types_gives_does_not_fit(name: str) -> None:
    check = compiled(specs_of(schemas(), SILENT).output)
    assert check is not None
    misfit = check({name: "wrong"})
    assert misfit is not None and misfit.place == f".{name}"


def test_messages_have_one_shape_and_nothing_is_left_of_the_others() -> None:
    for schema in (specs_of(schemas(), SILENT).input, specs_of(schemas(), SILENT).output):
        assert "AIMessage" not in str(schema) and "ToolCall" not in str(schema)
        assert schema["properties"]["messages"]["items"] == {"$ref": "#/$defs/Message"}
        assert schema["$defs"]["Message"]["properties"] == MESSAGE["properties"]


def test_what_cannot_be_told_may_be_anything() -> None:
    assert taken(None) == given(None) == {}
    assert compiled({}) is None
    specs = specs_of(AgentSchemas(), SILENT)
    assert (specs.input, specs.output, specs.config) == ({}, {}, {"type": "object"})


def test_settings_are_the_context_or_the_older_form_of_it() -> None:
    inner = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    expected = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert configured(None, inner) == expected
    older = {"properties": {"configurable": inner}}
    assert configured(older, None) == expected
    referred = {"properties": {"configurable": {"$ref": "#/$defs/C"}}, "$defs": {"C": inner}}
    assert configured(referred, None)["properties"] == expected["properties"]
    assert configured({"properties": {}}, None) == {"type": "object"}
