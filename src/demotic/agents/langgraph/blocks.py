"""The content of recorded messages as LangChain's standard content blocks."""

from collections.abc import Mapping, Sequence

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from demotic.agents.langgraph.encoding import plain
from demotic.domain.model import Json

CLASSES: Mapping[str, type[BaseMessage]] = {
    "AIMessageChunk": AIMessageChunk,
    "ai": AIMessage,
    "human": HumanMessage,
    "system": SystemMessage,
    "tool": ToolMessage,
}


def content_blocks(message: Mapping[str, Json]) -> Sequence[Json]:
    """The blocks of a message, as JSON holds it; of any provider that LangChain can translate."""
    try:
        made = CLASSES[message["type"]](**message)
        blocks: Sequence[Json] = plain(made.content_blocks)
    except Exception:  # whatever a translator makes of content that is not as it expects
        return [{"type": "non_standard", "value": {"content": message.get("content")}}]
    return blocks
