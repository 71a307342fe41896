"""This graph indexes documents."""

import os
from dataclasses import dataclass
from typing import Annotated

from langchain_core.documents import Document
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph

from .shared.configuration import BaseConfiguration
from .shared.retrieval import add
from .shared.state import reduce_docs


@dataclass(kw_only=True)
class IndexConfiguration(BaseConfiguration):
    """What indexing can be told."""

    separator: str = "|"


@dataclass(kw_only=True)
class IndexState:
    """The documents to be indexed."""

    docs: Annotated[list[Document], reduce_docs]


async def index_docs(state: IndexState, *, config: RunnableConfig | None = None) -> dict[str, str]:
    """Index what is given, or else the samples."""
    configuration = IndexConfiguration.from_runnable_config(config)
    docs = state.docs or [
        Document(page_content=text)
        for text in os.environ["SAMPLE_DOCS"].split(configuration.separator)
    ]
    await add(docs)
    return {"docs": "delete"}


builder = StateGraph(IndexState, context_schema=IndexConfiguration)
builder.add_node(index_docs)
builder.add_edge(START, "index_docs")
builder.add_edge("index_docs", END)
graph = builder.compile()
graph.name = "IndexGraph"
