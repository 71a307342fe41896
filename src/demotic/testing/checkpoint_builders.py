"""Checkpoints, writes and values for tests, and short ways to look at what is stored."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from demotic.ports.checkpoints import (
    BRANCH,
    DIGEST_SIZE,
    LEAF,
    Checkpoints,
    StoredCheckpoint,
    StoredWrite,
)

THREAD = "thread-1"
OTHER = "thread-2"


def leaf(text: str) -> tuple[bytes, bytes]:
    """A stored leaf: digest and data."""
    data = LEAF + text.encode()
    return blake2b(data, digest_size=DIGEST_SIZE).digest(), data


def branch(*digests: bytes) -> tuple[bytes, bytes]:
    """A stored branch: digest and data."""
    data = BRANCH + b"".join(digests)
    return blake2b(data, digest_size=DIGEST_SIZE).digest(), data


def checkpoint(
    id: str,
    parent_id: str | None = None,
    *,
    ns: str = "",
    roots: Sequence[bytes] = (),
    metadata: bytes = b"{}",
    inherited: Sequence[str] = (),
    run_id: str | None = None,
) -> StoredCheckpoint:
    """A checkpoint whose body tells its id."""
    return StoredCheckpoint(
        ns=ns,
        id=id,
        parent_id=parent_id,
        body=f"body of {id}".encode(),
        roots=roots,
        metadata=metadata,
        inherited=inherited,
        run_id=run_id,
    )


def write(
    task_id: str,
    idx: int,
    data: bytes = b"data",
    *,
    task_path: str = "",
    roots: Sequence[bytes] = (),
    run_id: str | None = None,
) -> StoredWrite:
    """A write to some channel."""
    return StoredWrite(
        task_id=task_id,
        task_path=task_path,
        idx=idx,
        channel="channel",
        data=data,
        roots=roots,
        run_id=run_id,
    )


async def put(
    checkpoints: Checkpoints, *stored: StoredCheckpoint, values: Mapping[bytes, bytes] | None = None
) -> None:
    """Put checkpoints one after the other, as administration."""
    for item in stored:
        await checkpoints.put(None, THREAD, item, values or {})


async def ids(
    checkpoints: Checkpoints, ns: str | None = None, thread_id: str = THREAD
) -> list[str]:
    """The ids that a listing gives."""
    return [stored.id for _, stored in await checkpoints.list(thread_id, ns)]


async def head(checkpoints: Checkpoints, ns: str = "", thread_id: str = THREAD) -> str | None:
    """The id of a namespace's latest checkpoint."""
    stored = await checkpoints.get(thread_id, ns, None)
    return stored.id if stored else None


async def write_data(checkpoints: Checkpoints, checkpoint_id: str) -> list[bytes]:
    """The data of a checkpoint's writes as they are read."""
    stored = await checkpoints.get(THREAD, "", checkpoint_id)
    assert stored is not None
    return [item.data for item in stored.writes]
