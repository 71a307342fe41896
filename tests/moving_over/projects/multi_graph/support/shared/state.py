"""How documents come together."""

import uuid
from typing import Any, Literal

from langchain_core.documents import Document


def reduce_docs(
    existing: list[Document] | None,
    new: list[Document] | list[dict[str, Any]] | list[str] | str | Literal["delete"],
) -> list[Document]:
    """Add documents, in whatever form they come, or delete all."""
    if new == "delete":
        return []
    known = list(existing) if existing else []
    if isinstance(new, str):
        return [*known, Document(page_content=new, metadata={"uuid": str(uuid.uuid4())})]
    for item in new:
        if isinstance(item, str):
            known.append(Document(page_content=item, metadata={"uuid": str(uuid.uuid4())}))
        elif isinstance(item, dict):
            known.append(Document(**item))
        else:
            known.append(item)
    return known
