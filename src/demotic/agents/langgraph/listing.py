"""A listing of checkpoints, asked for page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from demotic.agents.langgraph.manifest import pack_metadata
from demotic.ports.checkpoints import CheckpointAccess, Reply, StoredCheckpoint

PAGE = 100
"""Checkpoints per request: what they share is read once for all of them."""

Row = tuple[str, StoredCheckpoint]
"""A thread id and a checkpoint of that thread."""


@dataclass(slots=True, kw_only=True)
class Listing:
    """What is listed, and how far: `ask`, then `take` the answer, until `ended`."""

    thread_id: str | None
    ns: str | None
    checkpoint_id: str | None
    metadata: Mapping[str, Any]
    before: str | None
    limit: int | None
    ended: bool = field(default=False, init=False)
    _cursor: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._cursor = self.before
        self.ended = self.limit is not None and self.limit <= 0
        # Compared with metadata that has been through JSON.
        self.metadata = orjson.loads(pack_metadata(self.metadata))

    def ask(self, checkpoints: CheckpointAccess) -> Reply[Sequence[Row]]:
        """Request the next page."""
        return checkpoints.list(
            self.thread_id,
            self.ns,
            checkpoint_id=self.checkpoint_id,
            before=self._cursor,
            metadata=self.metadata,
            limit=self._page_size(),
        )

    def take(self, page: Sequence[Row]) -> list[Row]:
        """The rows of a page that belong to the listing."""
        size = self._page_size()
        self.ended = size is None or len(page) < size
        if page:
            self._cursor = page[-1][1].id
        rows = [row for row in page if not self._is_inside(row[1])]
        if self.limit is not None:
            rows = rows[: self.limit]
            self.limit -= len(rows)
            self.ended = self.ended or self.limit == 0
        return rows

    def _page_size(self) -> int | None:
        # Only within a namespace is an id a cursor.
        if self.thread_id is None or self.ns is None:
            return None if self.before else self.limit
        return PAGE if self.limit is None else min(self.limit, PAGE)

    def _is_inside(self, stored: StoredCheckpoint) -> bool:
        """Whether a nested agent made it in the very step that `before` names.

        LangGraph saves the outer checkpoint in the background: it may have been stored after
        those that its own step made.
        """
        if self.before is None:
            return False
        parents = orjson.loads(stored.metadata).get("parents") or {}
        return self.before in parents.values()
