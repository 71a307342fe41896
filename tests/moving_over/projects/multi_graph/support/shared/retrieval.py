"""A retriever for tests: it lives as long as the process."""

from langchain_core.documents import Document

KNOWN: list[Document] = []


async def add(documents: list[Document]) -> None:
    """Index documents."""
    KNOWN.extend(documents)


async def find(query: str, k: int) -> list[Document]:
    """The documents that share a word with the query."""
    words = {word.strip("?.").lower() for word in query.split()}
    found = [each for each in KNOWN if words & set(each.page_content.lower().strip(".").split())]
    return found[:k]
