"""Checkpoints in memory, for a run whose thread is deleted at its end."""

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, Generic, TypeVar

import orjson

from demotic.domain.chains import Link, Place, left_by, needed_by
from demotic.domain.errors import Conflict
from demotic.domain.runs import LeaseKey
from demotic.ports.checkpoints import (
    Checkpoints,
    MissingValues,
    Node,
    Outline,
    Reply,
    StoredCheckpoint,
    StoredWrite,
    children,
)

T = TypeVar("T")
Slot = tuple[str, int, str]
"""Task, index and run of a write."""


class Done(Generic[T]):
    """A reply that is there already."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def result(self) -> T:
        """The answer."""
        return self._value

    def __await__(self) -> Generator[Any, None, T]:
        return self._value
        yield  # makes this a generator


@dataclass(slots=True)
class _Thread:
    """What is held of one thread; checkpoints in the order of their first put."""

    checkpoints: dict[Place, StoredCheckpoint] = field(default_factory=dict)
    writes: dict[Place, dict[Slot, tuple[int, StoredWrite]]] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    values: dict[bytes, bytes] = field(default_factory=dict)

    def add_values(self, roots: Iterable[bytes], values: Mapping[bytes, bytes]) -> None:
        wanted = set(roots)
        for data in values.values():
            wanted.update(children(data))
        if not wanted <= self.values.keys() | values.keys():
            raise MissingValues
        self.values |= values

    def read_writes(self, place: Place) -> list[StoredWrite]:
        chosen: dict[tuple[str, int], tuple[int, StoredWrite]] = {}
        for epoch, write in self.writes.get(place, {}).values():
            slot = (write.task_id, write.idx)
            best = chosen.get(slot)
            if best is None or (epoch > best[0] if write.idx < 0 else epoch < best[0]):
                chosen[slot] = (epoch, write)
        found = [write for _, write in chosen.values()]
        return sorted(found, key=lambda w: (w.task_path, w.task_id, w.idx))

    def read(self, places: Iterable[Place]) -> list[StoredCheckpoint]:
        values = dict(self.values)
        return [
            replace(self.checkpoints[place], writes=self.read_writes(place), values=values)
            for place in places
            if place in self.checkpoints
        ]

    def chains(self) -> dict[Place, Link]:
        return {
            place: Link(stored.parent_id, stored.run_id, frozenset(stored.inherited))
            for place, stored in self.checkpoints.items()
        }

    def remove(self, places: Iterable[Place]) -> None:
        for place in places:
            self.checkpoints.pop(place, None)
            self.writes.pop(place, None)
        newest = dict(self.checkpoints.keys())
        for ns, head in list(self.heads.items()):
            if (ns, head) not in self.checkpoints:
                self.heads.pop(ns)
                self.heads |= {ns: newest[ns]} if ns in newest else {}


class BufferedCheckpoints:
    """The port `Checkpoints` in memory: every reply is there at once.

    There is nothing to fence: what it holds is seen by nobody else. `flush` writes it to another
    store when the run turns out to need it. Values are held until their thread is deleted.
    """

    def __init__(self) -> None:
        self._threads: dict[str, _Thread] = {}
        self._lock = RLock()

    async def flush(self, target: Checkpoints, key: LeaseKey | None) -> None:
        """Write everything to `target`, in order and fenced with `key`; keep it here as well."""
        with self._lock:
            replies = [
                reply
                for thread_id, thread in self._threads.items()
                for reply in _flush_thread(thread_id, thread, target, key)
            ]
        for reply in replies:
            await reply

    def put(
        self,
        key: LeaseKey | None,
        thread_id: str,
        checkpoint: StoredCheckpoint,
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """See the port."""
        place = (checkpoint.ns, checkpoint.id)
        with self._lock:
            thread = self._threads.setdefault(thread_id, _Thread())
            thread.add_values(checkpoint.roots, values)
            before = thread.checkpoints.get(place)
            parent_id = before.parent_id if before else checkpoint.parent_id
            run_id = before.run_id if before else key.run_id if key else checkpoint.run_id
            thread.checkpoints[place] = replace(
                checkpoint,
                parent_id=parent_id if parent_id != checkpoint.id else None,
                run_id=run_id,
            )
            thread.heads[checkpoint.ns] = checkpoint.id
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
        with self._lock:
            thread = self._threads.setdefault(thread_id, _Thread())
            thread.add_values((root for write in writes for root in write.roots), values)
            slots = thread.writes.setdefault((ns, checkpoint_id), {})
            for write in writes:
                run_id = key.run_id if key else write.run_id
                slot = (write.task_id, write.idx, run_id or "")
                if write.idx < 0 or slot not in slots:
                    slots[slot] = (key.epoch if key else 0, replace(write, run_id=run_id))
        return Done(None)

    def get(
        self, thread_id: str, ns: str, checkpoint_id: str | None
    ) -> Reply[StoredCheckpoint | None]:
        """See the port."""
        with self._lock:
            thread = self._threads.get(thread_id, _Thread())
            wanted = checkpoint_id if checkpoint_id is not None else thread.heads.get(ns)
            found = [] if wanted is None else thread.read([(ns, wanted)])
            return Done(found[0] if found else None)

    def list(
        self,
        thread_id: str | None,
        ns: str | None,
        *,
        checkpoint_id: str | None = None,
        before: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> Reply[Sequence[tuple[str, StoredCheckpoint]]]:
        """See the port."""
        found: list[tuple[str, StoredCheckpoint]] = []
        with self._lock:
            for name in [thread_id] if thread_id is not None else sorted(self._threads):
                thread = self._threads.get(name, _Thread())
                places = [
                    place
                    for place in _earlier(thread, ns, before)
                    if ns in (None, place[0])
                    and checkpoint_id in (None, place[1])
                    and _has_metadata(thread.checkpoints[place], metadata or {})
                ]
                left = None if limit is None else limit - len(found)
                found += ((name, stored) for stored in thread.read(places[:left]))
        return Done(found)

    def outline(self, thread_id: str) -> Reply[Outline]:
        """See the port."""
        with self._lock:
            thread = self._threads.get(thread_id, _Thread())
            nodes = {
                digest: Node(len(data) + len(digest), children(data))
                for digest, data in thread.values.items()
            }
            return Done(Outline(list(thread.checkpoints.values()), nodes))

    def delete_thread(self, thread_id: str) -> Reply[None]:
        """See the port."""
        with self._lock:
            self._threads.pop(thread_id, None)
        return Done(None)

    def delete_runs(self, run_ids: Sequence[str]) -> Reply[None]:
        """See the port."""
        with self._lock:
            for thread in self._threads.values():
                gone, kept = left_by(thread.chains(), run_ids)
                for place in thread.writes.keys() - kept:
                    slots = thread.writes[place]
                    thread.writes[place] = {s: w for s, w in slots.items() if s[2] not in run_ids}
                thread.remove(gone)
        return Done(None)

    def copy_thread(self, source: str, target: str) -> Reply[None]:
        """See the port."""
        with self._lock:
            if target in self._threads:
                raise Conflict("The thread to copy to has checkpoints of its own.")
            if original := self._threads.get(source):
                self._threads[target] = _copy(original)
        return Done(None)

    def prune(self, thread_ids: Sequence[str], *, keep_latest: bool) -> Reply[None]:
        """See the port."""
        with self._lock:
            for thread_id in thread_ids:
                if not keep_latest:
                    self._threads.pop(thread_id, None)
                elif thread := self._threads.get(thread_id):
                    kept = needed_by(thread.chains(), list(thread.heads.items()))
                    thread.remove(thread.checkpoints.keys() - kept)
        return Done(None)


def _earlier(thread: _Thread, ns: str | None, before: str | None) -> list[Place]:
    """Places first put before the checkpoint `before`, newest first."""
    places = list(thread.checkpoints)
    if before is not None:
        same_id = [place for place in places if place[1] == before]
        own = [place for place in same_id if place[0] == ns]
        places = places[: places.index((own or same_id)[0])] if same_id else []
    return places[::-1]


def _has_metadata(stored: StoredCheckpoint, wanted: Mapping[str, Any]) -> bool:
    found = orjson.loads(stored.metadata) if wanted else {}
    return all(key in found and found[key] == value for key, value in wanted.items())


def _copy(thread: _Thread) -> _Thread:
    return _Thread(
        checkpoints={p: replace(stored, run_id=None) for p, stored in thread.checkpoints.items()},
        writes={
            place: {
                (write.task_id, write.idx, ""): (0, replace(write, run_id=None))
                for write in thread.read_writes(place)
            }
            for place in thread.writes
        },
        heads=dict(thread.heads),
        values=dict(thread.values),
    )


def _flush_thread(
    thread_id: str, thread: _Thread, target: Checkpoints, key: LeaseKey | None
) -> Iterator[Reply[None]]:
    unsent = thread.values  # all at once, with whatever is written first
    for stored in thread.checkpoints.values():
        yield target.put(key, thread_id, stored, unsent)
        unsent = {}
    for ns, head in thread.heads.items():  # put last is the head
        yield target.put(key, thread_id, thread.checkpoints[ns, head], unsent)
    for ns, checkpoint_id in thread.writes:
        writes = thread.read_writes((ns, checkpoint_id))
        yield target.put_writes(key, thread_id, ns, checkpoint_id, writes, unsent)
        unsent = {}
