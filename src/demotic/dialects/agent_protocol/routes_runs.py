"""Handlers for runs: started in the background, waited for or streamed, and addressed by id."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.agent_protocol import render, replies, translate, wire
from demotic.dialects.agent_protocol.errors import RunEnded
from demotic.dialects.agent_protocol.requests import FindEngine, run_id
from demotic.domain.errors import Conflict
from demotic.domain.runs import Run
from demotic.engine.runs import Started
from demotic.web.answers import EMPTY_OBJECT, json_answer
from demotic.web.bodies import decode, read_bytes, read_json
from demotic.web.callers import scope_of
from demotic.web.headers import with_headers
from demotic.web.idempotency import idempotency
from demotic.web.queries import flag
from demotic.web.routing import Operation


class RunRoutes:
    """`/runs`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served; the hot paths first, literals before parameters."""
        one = "/runs/{run_id}"
        return [
            Operation("POST", "/runs/stream", self.stream),
            Operation("POST", "/runs/wait", self.wait),
            Operation("POST", "/runs", self.create),
            Operation("POST", "/runs/search", self.search),
            Operation("GET", f"{one}/wait", self.join),
            Operation("GET", f"{one}/stream", self.join_stream),
            Operation("GET", one, self.get),
            Operation("DELETE", one, self.delete),
            Operation("POST", f"{one}/cancel", self.cancel),
        ]

    async def create(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /runs: the run goes on by itself."""
        started = await self._start(request)
        started.following.close()
        return json_answer(render.run_json(started.run))

    async def stream(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /runs/stream."""
        started = await self._start(request, follows=True)
        return replies.stream(self._engine(), started)

    async def wait(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /runs/wait."""
        started = await self._start(request, waits=True, follows=True)
        return replies.wait(self._engine(), started.run, started.following, scope_of(request))

    async def search(self, request: Request) -> Response:
        """Agent Protocol of August 2026, POST /runs/search."""
        body = await read_json(request, wire.RunSearch, may_be_empty=True)
        query = translate.run_query(body, self._engine().assistants.agent_names())
        runs = await self._engine().runs.search(query, scope_of(request))
        return json_answer([render.run_json(each) for each in runs])

    async def get(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /runs/{run_id}."""
        return json_answer(render.run_json(await self._run(request)))

    async def join(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /runs/{run_id}/wait: the run's own output, also later."""
        run = await self._run(request)
        following = self._engine().runs.follow(run, after=None)
        return replies.wait(self._engine(), run, following, scope_of(request))

    async def join_stream(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, GET /runs/{run_id}/stream: what comes from now on.

        With `Last-Event-ID` it goes on after an event.
        """
        run = await self._run(request)
        after = translate.replay_from(request.headers.get("last-event-id"))
        return replies.join_stream(self._engine(), run, after)

    async def delete(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, DELETE /runs/{run_id}: 422 for one that has not ended."""
        await self._engine().runs.delete(None, run_id(request), scope_of(request), only_ended=True)
        return Response(status_code=204)

    async def cancel(self, request: Request) -> Response:
        """Agent Protocol 0.1.6, POST /runs/{run_id}/cancel; 422 for one that has ended."""
        action = translate.cancel_action(request.query_params.get("action"))
        id, scope, wait = run_id(request), scope_of(request), flag(request, "wait")
        try:
            await self._engine().runs.cancel(None, id, action, scope, wait=wait, paused=True)
        except Conflict:
            raise RunEnded(f"Run {id} has ended already: there is nothing to cancel.") from None
        return Response(status_code=204)

    async def _start(
        self, request: Request, *, waits: bool = False, follows: bool = False
    ) -> Started:
        sent, scope, engine = await read_bytes(request), scope_of(request), self._engine()
        body = decode(sent.strip() or EMPTY_OBJECT, wire.RunCreate)
        hosted, default = engine.assistants.agent_names(), engine.assistants.default_agent()
        key = request.headers.get("idempotency-key")
        cancels = translate.cancels_on_disconnect(body) and follows
        new = translate.new_run(
            body,
            run_id=engine.runs.new_id(),
            assistant_id=translate.chosen_agent(body.agent_id, hosted, default),
            waits=waits,
            idempotency=idempotency(key, scope.principal.id, request.url.path, sent),
        )
        return await engine.runs.start(with_headers(request, new), scope, cancels=cancels)

    async def _run(self, request: Request) -> Run:
        return await self._engine().runs.get(None, run_id(request), scope_of(request))
