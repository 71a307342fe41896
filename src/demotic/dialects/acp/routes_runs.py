"""Handlers for runs: on a thread, and stateless."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.acp import render, replies, translate, wire
from demotic.dialects.acp.answering import check_answer
from demotic.dialects.acp.choices import MAX_LIMIT, MAX_OFFSET
from demotic.dialects.acp.contracts import Contract, Contracts
from demotic.dialects.acp.errors import NothingToCancel
from demotic.dialects.acp.replies import RunResult, contract_of
from demotic.dialects.acp.requests import FindEngine, run_id, thread_id, thread_or_none
from demotic.dialects.acp.starting import Purpose, new_run
from demotic.dialects.acp.versions import Version
from demotic.domain.errors import Conflict
from demotic.domain.runs import Run
from demotic.engine.runs import Started
from demotic.web.answers import json_answer
from demotic.web.bodies import decode, parse, read_bytes, read_json
from demotic.web.callers import scope_of
from demotic.web.queries import flag, integer
from demotic.web.routing import Operation


class RunRoutes:
    """`/threads/{thread_id}/runs` and `/runs`.

    Below `/runs` a run is found by its id alone, whether it has a thread of its own or not.
    """

    def __init__(self, engine: FindEngine, contracts: Contracts, version: Version) -> None:
        self._engine, self._contracts, self._version = engine, contracts, version

    def operations(self) -> list[Operation]:
        """What is served; the hot paths first, literals before parameters."""
        on_thread = "/threads/{thread_id}/runs"
        return [
            Operation("POST", "/runs/wait", self.wait),
            Operation("POST", "/runs/stream", self.stream),
            Operation("POST", f"{on_thread}/wait", self.wait),
            Operation("POST", f"{on_thread}/stream", self.stream),
            Operation("POST", "/runs/search", self.search),
            Operation("GET", on_thread, self.list),
            *self._of_both("/runs"),
            *self._of_both(on_thread),
        ]

    def _of_both(self, all: str) -> list[Operation]:
        one = f"{all}/{{run_id}}"
        return [
            Operation("POST", all, self.create),
            Operation("GET", one, self.get),
            Operation("POST", one, self.resume),
            Operation("DELETE", one, self.delete),
            Operation("GET", f"{one}/wait", self.join),
            Operation("GET", f"{one}/stream", self.join_stream),
            Operation("POST", f"{one}/cancel", self.cancel),
        ]

    async def create(self, request: Request) -> Response:
        """ACP 0.2.3, POST /runs and POST /threads/{thread_id}/runs."""
        started, _ = await self._start(request, Purpose.CREATE)
        started.following.close()
        return json_answer(self._run_json(request, started.run))

    async def wait(self, request: Request) -> Response:
        """ACP 0.2.3, POST /runs/wait and POST /threads/{thread_id}/runs/wait."""
        started, contract = await self._start(request, Purpose.WAIT)
        return replies.wait(started.following, self._result(request, started.run, contract))

    async def stream(self, request: Request) -> Response:
        """ACP 0.2.3, POST /runs/stream and POST /threads/{thread_id}/runs/stream."""
        started, contract = await self._start(request, Purpose.STREAM)
        engine, version = self._engine(), self._version
        return replies.stream(engine, started.run, started.following, contract, version)

    async def search(self, request: Request) -> Response:
        """ACP 0.2.3, POST /runs/search: newest first."""
        body = await read_json(request, wire.RunSearch, may_be_empty=True)
        engine = self._engine()
        query = translate.run_query(body, engine.assistants.agent_names())
        runs = await engine.runs.search(query, scope_of(request))
        return json_answer([self._run_json(request, run) for run in runs])

    async def list(self, request: Request) -> Response:
        """ACP 0.2.3, GET /threads/{thread_id}/runs: newest first."""
        runs = await self._engine().runs.list(
            thread_id(request),
            scope_of(request),
            limit=integer(request, "limit", 10, 1, MAX_LIMIT),
            offset=integer(request, "offset", 0, 0, MAX_OFFSET),
        )
        return json_answer([self._run_json(request, run) for run in runs])

    async def get(self, request: Request) -> Response:
        """ACP 0.2.3, GET /runs/{run_id} and GET /threads/{thread_id}/runs/{run_id}."""
        return json_answer(self._run_json(request, await self._run(request)))

    async def resume(self, request: Request) -> Response:
        """ACP 0.2.3, POST /runs/{run_id} and POST /threads/{thread_id}/runs/{run_id}: the body is
        the answer; 409 unless the run is interrupted."""
        body = translate.answer(parse(await read_bytes(request)), self._version)
        engine, run = self._engine(), await self._run(request)
        answer = await check_answer(engine, self._contracts, run, body)
        thread, scope = thread_or_none(request), scope_of(request)
        started = await engine.runs.resume(thread, run.id, answer, scope)
        started.following.close()
        return json_answer(self._run_json(request, started.run))

    async def delete(self, request: Request) -> Response:
        """ACP 0.2.3, DELETE …/runs/{run_id}: 422 while it is pending."""
        thread, scope = thread_or_none(request), scope_of(request)
        await self._engine().runs.delete(thread, run_id(request), scope, only_ended=True)
        return Response(status_code=204)

    async def join(self, request: Request) -> Response:
        """ACP 0.2.3, GET …/runs/{run_id}/wait: of a run that has ended, its own output."""
        engine, run = self._engine(), await self._run(request)
        contract = await contract_of(engine, self._contracts, run)
        following = engine.runs.follow(run, after=None)
        return replies.wait(following, self._result(request, run, contract))

    async def join_stream(self, request: Request) -> Response:
        """ACP 0.2.3, GET …/runs/{run_id}/stream: what comes from now on; with `Last-Event-ID` what
        came before, too."""
        after = translate.replay_from(request.headers.get("last-event-id"))
        engine, run = self._engine(), await self._run(request)
        contract = await contract_of(engine, self._contracts, run)
        following = engine.runs.follow(run, after=after)
        return replies.stream(engine, run, following, contract, self._version)

    async def cancel(self, request: Request) -> Response:
        """ACP 0.2.3, POST …/runs/{run_id}/cancel: 204 at once, or when the run has ended."""
        action = translate.cancel_action(request.query_params.get("action"))
        wait, id = flag(request, "wait"), run_id(request)
        thread, scope = thread_or_none(request), scope_of(request)
        try:
            await self._engine().runs.cancel(thread, id, action, scope, wait=wait, paused=True)
        except Conflict:
            raise NothingToCancel(f"Run {id} has ended: there is nothing to cancel.") from None
        return Response(status_code=204)

    def _run_json(self, request: Request, run: Run) -> dict[str, object]:
        return render.run_json(run, self._version, stateful="thread_id" in request.path_params)

    def _result(self, request: Request, run: Run, contract: Contract) -> RunResult:
        stateful, scope = "thread_id" in request.path_params, scope_of(request)
        return RunResult(self._engine(), run, contract, self._version, scope, stateful=stateful)

    async def _start(self, request: Request, purpose: Purpose) -> tuple[Started, Contract]:
        stateful, sent = "thread_id" in request.path_params, await read_bytes(request)
        body = _read(sent or b"{}", stateful=stateful)
        engine, contracts, version = self._engine(), self._contracts, self._version
        new, contract = await new_run(request, engine, contracts, body, sent, version, purpose)
        cancels = translate.cancels_on_disconnect(body) and purpose is not Purpose.CREATE
        return await engine.runs.start(new, scope_of(request), cancels=cancels), contract

    async def _run(self, request: Request) -> Run:
        thread = thread_or_none(request)
        return await self._engine().runs.get(thread, run_id(request), scope_of(request))


def _read(sent: bytes, *, stateful: bool) -> wire.RunCreate:
    return (
        decode(sent, wire.RunCreateStateful) if stateful else decode(sent, wire.RunCreateStateless)
    )
