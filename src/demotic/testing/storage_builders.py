"""Assistants, threads, runs and events for tests of storage, and ways to store them."""

from collections.abc import Sequence

from demotic.domain.assistants import NewAssistant
from demotic.domain.callbacks import Callback
from demotic.domain.events import Event
from demotic.domain.ids import seq_of, system_assistant_id, uuid7
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING, Json, Principal, Scope
from demotic.domain.runs import (
    Admission,
    BusyPolicy,
    Claim,
    Claimer,
    Idempotency,
    LeaseKey,
    NewRun,
    Outcome,
    RunRequest,
)
from demotic.domain.threads import Lifetime, NewThread
from demotic.ports.storage import Storage

T0 = 1_780_272_000_000_000  # 2026-06-01T00:00Z
SECOND = 1_000_000
MINUTE = 60 * SECOND
AGENT = "echo"
ASSISTANT = system_assistant_id(AGENT)
CLAIMER = Claimer("worker-1", frozenset({AGENT}), 30 * SECOND)
DONE = Outcome(state=RunState.SUCCEEDED, reason=Reason.COMPLETED, values=b'{"x":1}')
ALICE = Scope(Principal("alice"), {"owner": "alice"})
BOB = Scope(Principal("bob"), {"owner": "bob"})


async def prepare(storage: Storage) -> None:
    """Store the assistant that the contract's runs use."""
    new = NewAssistant(id=ASSISTANT, agent=AGENT, name=AGENT, metadata={"created_by": "system"})
    await storage.ensure_assistants([new], now_us=T0)


async def make_thread(
    storage: Storage, scope: Scope = EVERYTHING, now_us: int = T0, **metadata: Json
) -> str:
    """A new thread's id."""
    new = NewThread(id=uuid7(now_us), metadata=metadata)
    return (await storage.create_thread(new, scope=scope, now_us=now_us)).id


async def admit(
    storage: Storage,
    thread_id: str | None,
    *,
    scope: Scope = EVERYTHING,
    now_us: int = T0,
    claim: bool = False,
    policy: BusyPolicy = BusyPolicy.ENQUEUE,
    create_thread: bool = False,
    delay_s: float = 0.0,
    keep_thread: bool = False,
    ends_thread: bool = False,
    idempotency: Idempotency | None = None,
    modes: Sequence[str] = ("values",),
    assistant_id: str = ASSISTANT,
    callback: Callback | None = None,
    lifetime: Lifetime | None = None,
) -> Admission:
    """Admit a run."""
    new = NewRun(
        id=uuid7(now_us),
        thread_id=thread_id,
        assistant_id=assistant_id,
        request=RunRequest(input={"q": "x"}, modes=list(modes)),
        metadata={"m": 1},
        busy_policy=policy,
        create_thread=create_thread,
        delay_s=delay_s,
        keep_thread=keep_thread,
        ends_thread=ends_thread,
        idempotency=idempotency,
        stamps={"graph_id": "agent", "assistant_id": "assistant"},
        callback=callback,
        lifetime=lifetime,
    )
    return await storage.admit_run(
        new,
        scope=scope,
        assistant_scope=EVERYTHING,
        now_us=now_us,
        claimer=CLAIMER,
        claim=claim,
    )


async def claimed(storage: Storage, thread_id: str | None = None, **options: Json) -> Claim:
    """A run on a new thread, claimed at its admission."""
    thread_id = thread_id or await make_thread(storage)
    admission = await admit(storage, thread_id, claim=True, **options)
    assert admission.claim is not None
    return admission.claim


def events_of(key: LeaseKey, *numbers: int) -> list[Event]:
    """Events of an attempt with the given numbers."""
    return [Event(seq_of(key.epoch, n), key.run_id, "values", "", str(n).encode()) for n in numbers]
