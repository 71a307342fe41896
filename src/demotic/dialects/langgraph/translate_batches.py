"""From wire to engine words: several runs at once; pure."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from demotic.dialects.langgraph.choices import CANCELLED_STATES, MAX_BATCH
from demotic.dialects.langgraph.translate import new_run
from demotic.dialects.langgraph.wire import RunCreate
from demotic.dialects.langgraph.wire_batches import RunsCancel
from demotic.domain.errors import BadInput, DemoticError
from demotic.domain.lifecycle import RunState
from demotic.domain.runs import Idempotency, NewRun
from demotic.web.choosing import choose, uuid


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Which runs to cancel: all in some states, or some of a thread."""

    states: Sequence[RunState] = ()
    thread_id: str = ""
    run_ids: Sequence[str] = ()


def new_runs(
    bodies: Sequence[RunCreate],
    *,
    new_id: Callable[[], str],
    graphs: Sequence[str],
    idempotency: Idempotency | None,
) -> list[NewRun]:
    """POST /runs/batch: stateless runs. What is wrong with one is told with its index."""
    if not 0 < len(bodies) <= MAX_BATCH:
        raise BadInput(f"A batch has 1 to {MAX_BATCH} runs, not {len(bodies)}.")
    runs = []
    for index, body in enumerate(bodies):
        with told_with(index):
            runs.append(
                new_run(
                    body,
                    run_id=new_id(),
                    thread_id=None,
                    graphs=graphs,
                    idempotency=_numbered(idempotency, index),
                )
            )
    return runs


@contextmanager
def told_with(index: int | None = None) -> Iterator[None]:
    """Tell of an error in here which of several requests it is about: the one with this index,
    or the one that the error names."""
    try:
        yield
    except DemoticError as error:
        found = error.index if index is None else index
        if found is None:
            raise
        raise type(error)(f"In `[{found}]`: {error.message}") from None


def cancelled(body: RunsCancel) -> Cancelled:
    """POST /runs/cancel: by status, or by thread and ids; both or neither is refused."""
    if body.status is not None:
        if body.thread_id is not None or body.run_ids is not None:
            raise BadInput(
                "When providing a `status`, `thread_id` and `run_ids` must be omitted: it cancels "
                "all runs that stand so, of whatever thread."
            )
        return Cancelled(states=choose("status", body.status, CANCELLED_STATES))
    if body.thread_id is None or not body.run_ids:
        raise BadInput("Give either `status`, or `thread_id` with at least one of `run_ids`.")
    if len(body.run_ids) > MAX_BATCH:
        raise BadInput(f"`run_ids` may name {MAX_BATCH} runs at most, not {len(body.run_ids)}.")
    ids = [uuid("run", id) for id in body.run_ids]
    return Cancelled(thread_id=uuid("thread", body.thread_id), run_ids=ids)


def _numbered(idempotency: Idempotency | None, index: int) -> Idempotency | None:
    if idempotency is None:
        return None
    return Idempotency(f"{idempotency.key}\n{index}", idempotency.digest)
