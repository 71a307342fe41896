"""Checkpoints as bytes: what an agent adapter saves, without knowing the database.

A checkpoint belongs to (thread, namespace). Values are content-addressed per thread: a row
refers to them by digest. `head` is a pointer per (thread, namespace), moved in the same
operation as the checkpoint that becomes the latest; order is a counter of the thread's, never a
clock. Writes carry the run and epoch that made them and never overwrite another run's row.

Operations are submitted at once and answered later, so that sync code (a node in a thread) and
async code use the same calls: `result()` blocks, `await` does not.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from demotic.domain.errors import DemoticError
from demotic.domain.runs import LeaseKey

T_co = TypeVar("T_co", covariant=True)


class Reply(Protocol[T_co]):
    """The answer to a submitted operation."""

    def result(self) -> T_co:
        """Block until it is there (never from the thread that owns the storage)."""
        ...

    def __await__(self) -> Generator[Any, None, T_co]: ...


LEAF, BRANCH = b"\x00", b"\x01"
"""First byte of a stored value: a leaf carries the adapter's bytes, a branch the digests of its
children one after the other, so that the storage can follow what a checkpoint needs."""

DIGEST_SIZE = 16
"""Bytes of a value's digest."""


def children(data: bytes) -> Sequence[bytes]:
    """The digests that a stored value refers to."""
    return split_digests(data[1:]) if data.startswith(BRANCH) else ()


def split_digests(digests: bytes) -> Sequence[bytes]:
    """Digests stored one after the other."""
    return [digests[i : i + DIGEST_SIZE] for i in range(0, len(digests), DIGEST_SIZE)]


class MissingValues(DemoticError):
    """A checkpoint or write refers to values that the thread does not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWrite:
    """A pending write of a task. `idx` below 0 is a slot that a newer write replaces.

    `data` is the adapter's own encoding; `roots` are the digests it refers to. Read back, `run_id`
    and `epoch` tell whose attempt wrote it.
    """

    task_id: str
    task_path: str
    idx: int
    channel: str
    data: bytes
    roots: Sequence[bytes] = ()
    run_id: str | None = None
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCheckpoint:
    """A checkpoint as stored.

    `body` is the adapter's own encoding; `roots` are the digests it refers to; `metadata` is
    JSON. `inherited` names the parts of the state that are not in it but are rebuilt from the
    writes of its ancestors, back to the nearest one that does not inherit that part itself.
    `run_id` says who made it; a fenced `put` takes it from the key. Read back, `writes` are its
    pending writes in the order (task path, task id, idx), and `values` holds at least everything
    that checkpoint and writes refer to.
    """

    ns: str
    id: str
    parent_id: str | None
    body: bytes
    roots: Sequence[bytes] = ()
    metadata: bytes = b"{}"
    inherited: Sequence[str] = ()
    run_id: str | None = None
    writes: Sequence[StoredWrite] = ()
    values: Mapping[bytes, bytes] = field(default_factory=dict)


class Put(NamedTuple):
    """A checkpoint that is to be stored, with values that it refers to."""

    checkpoint: StoredCheckpoint
    values: Mapping[bytes, bytes]


class PutWrites(NamedTuple):
    """Writes that are to be stored on a checkpoint, with values that they refer to."""

    ns: str
    checkpoint_id: str
    writes: Sequence[StoredWrite]
    values: Mapping[bytes, bytes]


Change = Put | PutWrites
"""A part of what a change of state is to store: all its parts are stored together, or none."""


class Node(NamedTuple):
    """A stored value without its content: its bytes, and the digests that it refers to."""

    size: int
    children: Sequence[bytes]


class Outline(NamedTuple):
    """Everything of a thread but its values: checkpoints without writes, and what there is."""

    checkpoints: Sequence[StoredCheckpoint]
    nodes: Mapping[bytes, Node]


class CheckpointAccess(Protocol):
    """Saved thread state, read and written."""

    def put(
        self,
        key: LeaseKey | None,
        thread_id: str,
        checkpoint: StoredCheckpoint,
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """Store a checkpoint with the values it refers to, and move the namespace's head to it.

        With a `key` the write is fenced (`LeaseLost`); without one it is an administrative write.
        Values that the thread holds already may be left out; when one is not there after all,
        `MissingValues` is raised and nothing is written. Put again under its id, a checkpoint
        keeps its place in the order, its run and its parent.
        """
        ...

    def put_writes(
        self,
        key: LeaseKey | None,
        thread_id: str,
        ns: str,
        checkpoint_id: str,
        writes: Sequence[StoredWrite],
        values: Mapping[bytes, bytes],
    ) -> Reply[None]:
        """Store a task's writes: fenced, and with values left out, as in `put`.

        `idx` ≥ 0: the first stored stays; below 0: the last one wins. Where several runs wrote
        the same slot all are kept, and the lowest epoch (`idx` ≥ 0) or the highest (below 0) is
        read back. The checkpoint may be put later than its writes.
        """
        ...

    def get(
        self, thread_id: str, ns: str, checkpoint_id: str | None
    ) -> Reply[StoredCheckpoint | None]:
        """One checkpoint with its writes (in task-path order) and values; None id: the head."""
        ...

    def list(
        self,
        thread_id: str | None,
        ns: str | None,
        *,
        checkpoint_id: str | None = None,
        before: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        limit: int | None = None,
    ) -> "Reply[Sequence[tuple[str, StoredCheckpoint]]]":
        """(thread id, checkpoint) newest first, with writes and values.

        `before` is the id of a checkpoint of the thread, in whatever namespace: only what was
        first put before it is listed, and nothing if there is no such checkpoint. `metadata`
        must equal the checkpoint's in each of its keys.
        """
        ...


class Checkpoints(CheckpointAccess, Protocol):
    """Saved thread state, and what is done with whole threads of it."""

    def outline(self, thread_id: str) -> Reply[Outline]:
        """What there is of a thread, in any order, however large its values are."""
        ...

    def delete_thread(self, thread_id: str) -> Reply[None]:
        """Delete all of a thread's checkpoints, writes and values."""
        ...

    def delete_runs(self, run_ids: Sequence[str]) -> Reply[None]:
        """Delete the checkpoints and writes that the given runs made.

        A head that is deleted falls back to the namespace's newest remaining checkpoint. What a
        remaining checkpoint of another run inherits from is kept.
        """
        ...

    def copy_thread(self, source: str, target: str) -> Reply[None]:
        """Copy everything of `source` to `target`, which must be empty (else `Conflict`).

        The copies belong to no run, and any run's write overrides a copied one below 0.
        """
        ...

    def prune(self, thread_ids: Sequence[str], *, keep_latest: bool) -> Reply[None]:
        """Delete all checkpoints, or all but each namespace's head and what it inherits from."""
        ...
