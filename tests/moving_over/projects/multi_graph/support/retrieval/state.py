"""The state of the answering graph."""

from dataclasses import dataclass, field
from typing import Annotated, Literal, TypedDict

from langchain_core.documents import Document
from langchain_core.messages import AnyMessage
from langgraph.graph import add_messages

from ..shared.state import reduce_docs


class Router(TypedDict):
    """Classify a query."""

    logic: str
    type: Literal["more-info", "documents"]


@dataclass(kw_only=True)
class InputState:
    """What callers pass."""

    messages: Annotated[list[AnyMessage], add_messages]


@dataclass(kw_only=True)
class AgentState(InputState):
    """What the graph knows."""

    router: Router = field(default_factory=lambda: Router(type="documents", logic=""))
    steps: list[str] = field(default_factory=list)
    documents: Annotated[list[Document], reduce_docs] = field(default_factory=list)
