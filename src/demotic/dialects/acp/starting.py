"""A run from its request: what it asks for, checked against what its agent promises."""

from enum import Enum

from starlette.requests import Request

from demotic.dialects.acp import translate
from demotic.dialects.acp.contracts import Contract, Contracts
from demotic.dialects.acp.errors import Mismatch
from demotic.dialects.acp.requests import thread_or_none
from demotic.dialects.acp.versions import Version
from demotic.dialects.acp.wire import RunCreate
from demotic.domain.assistants import Assistant
from demotic.domain.errors import AssistantNotFound
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import NewRun
from demotic.engine.core import Engine
from demotic.web.callers import scope_of
from demotic.web.headers import with_headers
from demotic.web.idempotency import idempotency


class Purpose(Enum):
    """What the caller stays for: nothing, the events of the run, or its result."""

    CREATE = "create"
    STREAM = "stream"
    WAIT = "wait"


async def new_run(
    request: Request,
    engine: Engine,
    contracts: Contracts,
    body: RunCreate,
    sent: bytes,
    version: Version,
    purpose: Purpose,
) -> tuple[NewRun, Contract]:
    """The run, and its agent's contract. `sent` is the body as it came.

    Raises `AssistantNotFound`, `BadInput`, and `Mismatch` for what does not fit the descriptor.
    """
    assistant = await _agent(engine, body)
    contract = await contracts.of(assistant)
    supported, streams = contract.specs.modes, purpose is Purpose.STREAM
    key, caller = request.headers.get("idempotency-key"), scope_of(request).principal.id
    new = translate.new_run(
        body,
        run_id=engine.runs.new_id(),
        thread_id=thread_or_none(request),
        assistant_id=assistant.id,
        modes=translate.stream_modes(body.stream_mode, supported, streams=streams),
        version=version,
        waits=purpose is Purpose.WAIT,
        idempotency=idempotency(key, caller, request.url.path, sent),
    )
    _check(contract, body, new)
    return with_headers(request, new), contract


async def _agent(engine: Engine, body: RunCreate) -> Assistant:
    graphs, default = engine.assistants.agent_names(), engine.assistants.default_agent()
    id = translate.agent_id(body.agent_id, graphs, default)
    try:
        return await engine.assistants.get(id, EVERYTHING)
    except AssistantNotFound:
        raise AssistantNotFound(f"Agent {id} not found") from None


def _check(contract: Contract, body: RunCreate, new: NewRun) -> None:
    """Raises `Mismatch` for what the agent's descriptor does not allow."""
    if new.thread_id is not None and not contract.specs.threads:
        raise Mismatch("This agent does not support threads: start its runs at /runs.")
    if body.webhook is not None and not contract.specs.callbacks:
        raise Mismatch("This agent does not support callbacks: leave `webhook` out.")
    contract.check_input(translate.input_of(body))
    contract.check_config(translate.configurable(body))
