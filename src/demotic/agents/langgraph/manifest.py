"""LangGraph's checkpoints and writes in the form that the checkpoint port stores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import orjson
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    PendingWrite,
)
from langgraph.checkpoint.serde.base import SerializerProtocol

from demotic.agents.langgraph.recurring import Recurring
from demotic.agents.langgraph.values import Expression, Packer, Unpacker, roots
from demotic.ports.checkpoints import StoredCheckpoint, StoredWrite

FORMAT = 1
"""The first element of every body."""

Expressions = Mapping[str, Expression]
"""Channel values by channel."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a config points: no `checkpoint_id` means the latest."""

    thread_id: str
    ns: str
    checkpoint_id: str | None

    def config(self, checkpoint_id: str | None) -> Any:
        """The config of a checkpoint beside this one."""
        return {
            "configurable": {
                "thread_id": self.thread_id,
                "checkpoint_ns": self.ns,
                "checkpoint_id": checkpoint_id,
            }
        }


def pack_channels(packer: Packer, checkpoint: Checkpoint, known: Expressions) -> Expressions:
    """The values of a checkpoint's channels; those in `known` are not packed again."""
    packed = {}
    for name, value in checkpoint["channel_values"].items():
        if name in known:
            packed[name] = known[name]
            continue
        try:
            packed[name] = packer.pack(value)
        except TypeError as error:
            error.add_note(f"It is in the state under {name!r}.")
            raise
    return packed


def pack_checkpoint(
    serde: SerializerProtocol,
    address: Address,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    channels: Expressions,
) -> StoredCheckpoint:
    """A checkpoint with the channel values given."""
    rest = {key: value for key, value in checkpoint.items() if key != "channel_values"}
    run_id = metadata.get("run_id")
    digests = {root for expression in channels.values() for root in roots(expression)}
    return StoredCheckpoint(
        ns=address.ns,
        id=checkpoint["id"],
        parent_id=address.checkpoint_id,
        body=msgspec.msgpack.encode((FORMAT, serde.dumps_typed(rest), channels)),
        roots=sorted(digests),
        metadata=pack_metadata(metadata),
        inherited=_inherited(checkpoint, metadata),
        run_id=None if run_id is None else str(run_id),
    )


def pack_metadata(metadata: Mapping[str, Any]) -> bytes:
    """Metadata as JSON."""
    return orjson.dumps(metadata, option=orjson.OPT_NON_STR_KEYS)


def pack_writes(
    packer: Packer, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str
) -> list[StoredWrite]:
    """A task's writes; those to special channels have slots of their own."""
    stored = []
    for position, (channel, value) in enumerate(writes):
        try:
            expression = packer.pack(value)
        except TypeError as error:
            error.add_note(f"It was written to {channel!r}.")
            raise
        stored.append(
            StoredWrite(
                task_id=task_id,
                task_path=task_path,
                idx=WRITES_IDX_MAP.get(channel, position),
                channel=channel,
                data=msgspec.msgpack.encode(expression),
                roots=sorted(set(roots(expression))),
            )
        )
    return stored


def unpack_tuple(
    serde: SerializerProtocol,
    thread_id: str,
    stored: StoredCheckpoint,
    recurring: Recurring | None = None,
) -> CheckpointTuple:
    """A checkpoint as LangGraph knows it; its long lists are noted in `recurring`."""
    address = Address(thread_id, stored.ns, stored.id)
    unpacker = Unpacker(serde, stored.values, recurring)
    rest, channels = _body(stored)
    values = {name: unpacker.unpack(expression) for name, expression in channels.items()}
    checkpoint = {**serde.loads_typed(rest), "channel_values": values}
    return CheckpointTuple(
        config=address.config(stored.id),
        checkpoint=cast(Checkpoint, checkpoint),
        metadata=orjson.loads(stored.metadata),
        parent_config=address.config(stored.parent_id) if stored.parent_id else None,
        pending_writes=unpack_writes(serde, stored),
    )


def stored_channels(stored: StoredCheckpoint) -> Expressions:
    """The channel values as they are stored."""
    return _body(stored)[1]


def unpack_channels(
    serde: SerializerProtocol, stored: StoredCheckpoint, names: Collection[str]
) -> dict[str, Any]:
    """The values of those of the named channels that the checkpoint holds."""
    unpacker = Unpacker(serde, stored.values)
    channels = _body(stored)[1]
    return {name: unpacker.unpack(channels[name]) for name in names if name in channels}


def unpack_writes(
    serde: SerializerProtocol, stored: StoredCheckpoint, channels: Collection[str] | None = None
) -> list[PendingWrite]:
    """A checkpoint's writes in order; None: to any channel."""
    unpacker = Unpacker(serde, stored.values)
    return [
        (write.task_id, write.channel, unpacker.unpack(msgspec.msgpack.decode(write.data)))
        for write in stored.writes
        if channels is None or write.channel in channels
    ]


def _body(stored: StoredCheckpoint) -> tuple[tuple[str, bytes], Expressions]:
    version, rest, channels = msgspec.msgpack.decode(stored.body)
    if version != FORMAT:
        raise ValueError(f"Checkpoint {stored.id} has the unknown format {version!r}.")
    return (rest[0], rest[1]), channels


def _inherited(checkpoint: Checkpoint, metadata: CheckpointMetadata) -> list[str]:
    """The delta channels without a snapshot here: LangGraph counts their steps since the last."""
    counters = metadata.get("counters_since_delta_snapshot") or {}
    versions, values = checkpoint["channel_versions"], checkpoint["channel_values"]
    return [name for name in counters if name in versions and name not in values]
