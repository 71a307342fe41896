"""The one checkpoint saver of LangGraph agents, over the checkpoint port."""

import copy
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from typing import Any, Self, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from demotic.agents.langgraph.listing import Listing
from demotic.agents.langgraph.manifest import (
    Address,
    pack_channels,
    pack_checkpoint,
    pack_writes,
    stored_channels,
    unpack_channels,
    unpack_tuple,
    unpack_writes,
)
from demotic.agents.langgraph.memory import Memory
from demotic.agents.langgraph.serde import StrictSerializer
from demotic.agents.langgraph.staging import StagedCheckpoints
from demotic.agents.langgraph.steps import Steps, afinish, finish
from demotic.agents.langgraph.values import Packer
from demotic.domain.errors import DemoticError
from demotic.domain.runs import LeaseKey
from demotic.ports.checkpoints import (
    CheckpointAccess,
    Checkpoints,
    MissingValues,
    StoredCheckpoint,
)

CHAIN_PAGE = 32
"""Ancestors that are read at once."""


class ReadOnlySaver(DemoticError):
    """This checkpoint saver only reads: it is bound to no attempt."""


class ForeignThread(DemoticError):
    """A run may only use the checkpoints of its own thread."""


class Saver(BaseCheckpointSaver[int]):
    """Checkpoints of LangGraph graphs.

    Bound to a lease key it serves one attempt: every write is fenced (`LeaseLost`) and all else
    than the attempt's own thread is refused (`ForeignThread`). Unbound it serves every thread
    and only reads (`ReadOnlySaver`), unless it is `administrative`, which is for changes of
    state that no run makes. Safe to call from any thread.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        *,
        serde: SerializerProtocol | None = None,
        key: LeaseKey | None = None,
        administrative: bool = False,
    ) -> None:
        super().__init__(serde=serde or StrictSerializer())
        self._checkpoints: CheckpointAccess = checkpoints
        self._key = key
        self._administered = checkpoints if administrative and key is None else None
        self._memory = Memory(enabled=key is not None)
        self._is_empty = False

    @property
    def read_only(self) -> bool:
        """Whether every write is refused."""
        return self._key is None and self._administered is None

    def bound(self, key: LeaseKey, *, is_empty: bool = False) -> Self:
        """A saver of the same kind for one attempt.

        `is_empty`: the thread has no checkpoints yet, so there is nothing to read before the
        attempt's first write.
        """
        clone = copy.copy(self)
        clone._key, clone._administered, clone._is_empty = key, None, is_empty
        clone._memory = Memory(enabled=True)
        return clone

    def staging(self, staged: StagedCheckpoints, thread_id: str) -> Self:
        """A saver of the same kind for a change of a thread's state that is not stored yet."""
        clone = self.bound(LeaseKey(thread_id, "", 0))
        clone._checkpoints = staged
        return clone

    def with_allowlist(self, extra_allowlist: Collection[tuple[str, ...]]) -> Self:
        """The same saver, which also stores the given types."""
        return cast(Self, super().with_allowlist(extra_allowlist))

    # -- reading

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """The checkpoint that a config names, or the latest."""
        return finish(self._get(config))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """See `get_tuple`."""
        return await afinish(self._get(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """Checkpoints newest first, read a page at a time."""
        listing = self._listing(config, filter, before, limit)
        while not listing.ended:
            for thread_id, stored in listing.take(listing.ask(self._checkpoints).result()):
                yield unpack_tuple(self.serde, thread_id, stored)

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """See `list`."""
        listing = self._listing(config, filter, before, limit)
        while not listing.ended:
            for thread_id, stored in listing.take(await listing.ask(self._checkpoints)):
                yield unpack_tuple(self.serde, thread_id, stored)

    async def stored(
        self,
        config: RunnableConfig,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[StoredCheckpoint]:
        """See `list`; the checkpoints of one thread as they are stored."""
        listing = self._listing(config, filter, before, limit)
        while not listing.ended:
            for _, stored in listing.take(await listing.ask(self._checkpoints)):
                yield stored

    def get_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """What the ancestors of a checkpoint contributed to the given channels."""
        return finish(self._history(config, channels))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """See `get_delta_channel_history`."""
        return await afinish(self._history(config, channels))

    # -- writing

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint as the child of the one that `config` names."""
        return finish(self._put(config, checkpoint, metadata, new_versions))

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """See `put`."""
        return await afinish(self._put(config, checkpoint, metadata, new_versions))

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store a task's writes on the checkpoint that `config` names."""
        finish(self._put_writes(config, writes, task_id, task_path))

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """See `put_writes`."""
        await afinish(self._put_writes(config, writes, task_id, task_path))

    # -- administration

    def delete_thread(self, thread_id: str) -> None:
        """Delete all checkpoints of a thread."""
        self._administrator().delete_thread(thread_id).result()

    async def adelete_thread(self, thread_id: str) -> None:
        """See `delete_thread`."""
        await self._administrator().delete_thread(thread_id)

    def delete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what the given runs made, except what other checkpoints are rebuilt from."""
        self._administrator().delete_runs(run_ids).result()

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """See `delete_for_runs`."""
        await self._administrator().delete_runs(run_ids)

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy all checkpoints of a thread to another, empty one."""
        self._administrator().copy_thread(source_thread_id, target_thread_id).result()

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """See `copy_thread`."""
        await self._administrator().copy_thread(source_thread_id, target_thread_id)

    def prune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep each namespace's latest checkpoint and what it is rebuilt from, or `delete` all."""
        self._administrator().prune(thread_ids, keep_latest=_keeps_latest(strategy)).result()

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """See `prune`."""
        await self._administrator().prune(thread_ids, keep_latest=_keeps_latest(strategy))

    # -- the operations, once for both kinds of callers

    def _get(self, config: RunnableConfig) -> Steps[CheckpointTuple | None]:
        at = self._address(config)
        if self._is_empty:
            return None
        stored: StoredCheckpoint | None
        stored = yield self._checkpoints.get(at.thread_id, at.ns, at.checkpoint_id)
        if stored is None:
            return None
        found = unpack_tuple(self.serde, at.thread_id, stored, self._memory.recurring)
        self._memory.add(stored.values)
        self._memory.add_manifest(at.ns, found.checkpoint, stored_channels(stored))
        return found

    def _put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Steps[RunnableConfig]:
        at = self._address(config, writing=True)
        self._is_empty = False
        full_metadata = get_checkpoint_metadata(config, metadata)
        try:
            yield from self._put_once(at, checkpoint, full_metadata, new_versions)
        except MissingValues:  # deleted since this saver saw them
            self._memory.clear()
            yield from self._put_once(at, checkpoint, full_metadata, new_versions)
        config_: RunnableConfig = at.config(checkpoint["id"])
        return config_

    def _put_once(
        self,
        at: Address,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> Steps[None]:
        packer = self._packer(at)
        unchanged = self._memory.unchanged(at, checkpoint, new_versions)
        channels = pack_channels(packer, checkpoint, unchanged)
        stored = pack_checkpoint(self.serde, at, checkpoint, metadata, channels)
        unsent = self._memory.unsent(packer.nodes)
        yield self._checkpoints.put(self._key, at.thread_id, stored, unsent)
        self._memory.add(unsent)
        self._memory.add_manifest(at.ns, checkpoint, channels)

    def _put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, path: str
    ) -> Steps[None]:
        at = self._address(config, writing=True)
        self._is_empty = False
        checkpoint_id = config["configurable"]["checkpoint_id"]
        try:
            yield from self._put_writes_once(at, checkpoint_id, writes, task_id, path)
        except MissingValues:  # deleted since this saver saw them
            self._memory.clear()
            yield from self._put_writes_once(at, checkpoint_id, writes, task_id, path)

    def _put_writes_once(
        self,
        at: Address,
        checkpoint_id: str,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        path: str,
    ) -> Steps[None]:
        packer = self._packer(at)
        stored = pack_writes(packer, writes, task_id, path)
        unsent = self._memory.unsent(packer.nodes)
        yield self._checkpoints.put_writes(
            self._key, at.thread_id, at.ns, checkpoint_id, stored, unsent
        )
        self._memory.add(unsent)

    def _history(
        self, config: RunnableConfig, channels: Sequence[str]
    ) -> Steps[Mapping[str, DeltaChannelHistory]]:
        history: dict[str, DeltaChannelHistory] = {name: {"writes": []} for name in channels}
        open_channels = set(channels)
        at = self._address(config)
        nearest: dict[str, StoredCheckpoint] = {}
        stored = yield self._checkpoints.get(at.thread_id, at.ns, at.checkpoint_id)
        while stored is not None and stored.parent_id is not None and open_channels:
            if stored.parent_id not in nearest:
                nearest = yield from self._ancestors(at, stored)
            stored = nearest.pop(stored.parent_id, None)
            if stored is None:
                break
            for write in reversed(unpack_writes(self.serde, stored, open_channels)):
                history[write[1]]["writes"].append(write)
            for name, seed in unpack_channels(self.serde, stored, open_channels).items():
                history[name]["seed"] = seed
                open_channels.remove(name)
        for entry in history.values():
            entry["writes"].reverse()  # collected newest first
        return history

    def _ancestors(
        self, at: Address, child: StoredCheckpoint
    ) -> Steps[dict[str, StoredCheckpoint]]:
        """The parent, as far as it is stored, and the checkpoints around it, by id."""
        rows = yield self._checkpoints.list(at.thread_id, at.ns, before=child.id, limit=CHAIN_PAGE)
        found = {stored.id: stored for _, stored in rows}
        if child.parent_id not in found:  # many branches lie between
            parent = yield self._checkpoints.get(at.thread_id, at.ns, child.parent_id)
            if parent is not None:
                found[parent.id] = parent
        return found

    def _listing(
        self,
        config: RunnableConfig | None,
        filter: dict[str, Any] | None,
        before: RunnableConfig | None,
        limit: int | None,
    ) -> Listing:
        where = config["configurable"] if config else {}
        thread_id = str(where["thread_id"]) if where else None
        if self._key is not None:
            thread_id = thread_id or self._key.thread_id
            self._check_thread(thread_id)
        return Listing(
            thread_id=thread_id,
            ns=where.get("checkpoint_ns"),
            checkpoint_id=where.get("checkpoint_id"),
            metadata=filter or {},
            before=before["configurable"].get("checkpoint_id") if before else None,
            limit=limit,
        )

    def _address(self, config: RunnableConfig, *, writing: bool = False) -> Address:
        if writing and self.read_only:
            raise ReadOnlySaver
        where = config["configurable"]
        thread_id = str(where["thread_id"])
        self._check_thread(thread_id)
        return Address(thread_id, where.get("checkpoint_ns", ""), where.get("checkpoint_id"))

    def _packer(self, at: Address) -> Packer:
        return Packer(self.serde, at.thread_id, self._memory.stored, self._memory.recurring)

    def _check_thread(self, thread_id: str) -> None:
        if self._key is not None and thread_id != self._key.thread_id:
            raise ForeignThread

    def _administrator(self) -> Checkpoints:
        if self._administered is None:
            raise ReadOnlySaver("Only an administrative saver may delete or copy checkpoints.")
        return self._administered


def _keeps_latest(strategy: str) -> bool:
    if strategy not in ("keep_latest", "delete"):
        raise ValueError(f"Unknown strategy {strategy!r}: use 'keep_latest' or 'delete'.")
    return strategy == "keep_latest"
