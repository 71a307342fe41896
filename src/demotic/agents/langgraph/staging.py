"""Checkpoints that are not stored yet: changes of state are worked out on them first."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar

import orjson

from demotic.agents.langgraph.buffer import Done
from demotic.domain.chains import Place
from demotic.domain.runs import LeaseKey
from demotic.ports.checkpoints import (
    Change,
    CheckpointAccess,
    Put,
    PutWrites,
    Reply,
    StoredCheckpoint,
    StoredWrite,
)

T = TypeVar("T")
Row = tuple[str, StoredCheckpoint]


class Mapped(Generic[T]):
    """A reply that is changed when it comes."""

    __slots__ = ("_change", "_reply")

    def __init__(self, reply: Reply[Any], change: Callable[[Any], T]) -> None:
        self._reply, self._change = reply, change

    def result(self) -> T:
        """The answer."""
        return self._change(self._reply.result())

    def __await__(self) -> Generator[Any, None, T]:
        return self._change((yield from self._reply.__await__()))


class StagedCheckpoints:
    """The port `CheckpointAccess` for one thread, over those that are stored.

    What is put is read back, and kept in `parts`; nothing is stored.

    It is for new checkpoints, and for writes on new and stored ones. What a stored value is, it
    knows from what was read through it.
    """

    def __init__(self, stored: CheckpointAccess) -> None:
        self.parts: list[Change] = []
        self._stored = stored
        self._new: dict[Place, StoredCheckpoint] = {}
        self._writes: dict[Place, dict[tuple[str, int], StoredWrite]] = {}
        self._heads: dict[str, str] = {}
        self._values: dict[bytes, bytes] = {}

    def put(
        self,
        key: LeaseKey | None,
        thread_id: str,
        checkpoint: StoredCheckpoint,
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """See the port."""
        self.parts.append(Put(checkpoint, values))
        self._values |= values
        self._new[checkpoint.ns, checkpoint.id] = checkpoint
        self._heads[checkpoint.ns] = checkpoint.id
        return Done(None)

    def put_writes(
        self,
        key: LeaseKey | None,
        thread_id: str,
        ns: str,
        checkpoint_id: str,
        writes: Sequence[StoredWrite],
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """See the port."""
        self.parts.append(PutWrites(ns, checkpoint_id, writes, values))
        self._values |= values
        slots = self._writes.setdefault((ns, checkpoint_id), {})
        for write in writes:
            _fill(slots, write)
        return Done(None)

    def get(
        self, thread_id: str, ns: str, checkpoint_id: str | None
    ) -> Reply[StoredCheckpoint | None]:
        """See the port."""
        wanted = checkpoint_id if checkpoint_id is not None else self._heads.get(ns)
        if wanted is not None and (new := self._new.get((ns, wanted))):
            return Done(self._complete(new))
        return Mapped(
            self._stored.get(thread_id, ns, wanted),
            lambda found: None if found is None else self._read(found),
        )

    def list(
        self,
        thread_id: str | None,
        ns: str | None,
        *,
        checkpoint_id: str | None = None,
        before: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Reply[Sequence[Row]]:
        """See the port; of one thread."""
        assert thread_id is not None, "a change of state is of one thread"
        new, before_stored = self._newest(before)
        found = [
            (thread_id, self._complete(each))
            for each in new
            if ns in (None, each.ns)
            and checkpoint_id in (None, each.id)
            and _has_metadata(each, metadata or {})
        ]
        left = None if limit is None else limit - len(found)
        if left is not None and left <= 0:
            return Done(found[:limit])
        stored = self._stored.list(
            thread_id,
            ns,
            checkpoint_id=checkpoint_id,
            before=before_stored,
            metadata=metadata,
            limit=left,
        )
        return Mapped(stored, lambda rows: [*found, *((t, self._read(each)) for t, each in rows)])

    def _newest(self, before: str | None) -> tuple[Sequence[StoredCheckpoint], str | None]:
        """The new checkpoints before one, newest first, and before which stored one to go on."""
        ids = [id for _, id in self._new]
        if before is None:
            return [*self._new.values()][::-1], None
        if before not in ids:
            return (), before
        return [*self._new.values()][: ids.index(before)][::-1], None

    def _read(self, found: StoredCheckpoint) -> StoredCheckpoint:
        """A stored checkpoint, with the writes that were put on it since."""
        self._values |= found.values
        return self._complete(found)

    def _complete(self, checkpoint: StoredCheckpoint) -> StoredCheckpoint:
        slots = {(write.task_id, write.idx): write for write in checkpoint.writes}
        for write in self._writes.get((checkpoint.ns, checkpoint.id), {}).values():
            _fill(slots, write)
        writes = sorted(slots.values(), key=lambda w: (w.task_path, w.task_id, w.idx))
        return replace(checkpoint, writes=writes, values=self._values)


def _fill(slots: dict[tuple[str, int], StoredWrite], write: StoredWrite) -> None:
    """Put a write in its slot: the first stays, below 0 the last wins."""
    slot = (write.task_id, write.idx)
    if write.idx < 0 or slot not in slots:
        slots[slot] = write


def _has_metadata(checkpoint: StoredCheckpoint, wanted: Mapping[str, Any]) -> bool:
    found = orjson.loads(checkpoint.metadata) if wanted else {}
    return all(key in found and found[key] == value for key, value in wanted.items())
