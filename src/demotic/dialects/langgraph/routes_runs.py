"""Handlers for runs: on a thread, and stateless."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, replies, translate, wire
from demotic.dialects.langgraph.choices import MAX_LIMIT, MAX_OFFSET
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.errors import NothingToCancel
from demotic.dialects.langgraph.requests import FindEngine, run_id, thread_id
from demotic.domain.lifecycle import LEG_ENDS
from demotic.domain.runs import NewRun, Run
from demotic.engine.runs import Started
from demotic.web.answers import json_answer
from demotic.web.bodies import decode, read_bytes
from demotic.web.callers import scope_of
from demotic.web.headers import with_headers
from demotic.web.queries import flag, integer, words
from demotic.web.routing import Operation


class RunRoutes:
    """`/threads/{thread_id}/runs` and `/runs`."""

    def __init__(self, engine: FindEngine, compat: Compat = TODAY) -> None:
        self._engine, self._compat = engine, compat

    def operations(self) -> list[Operation]:
        """What is served; the hot paths first, literals before parameters."""
        all, one = "/threads/{thread_id}/runs", "/threads/{thread_id}/runs/{run_id}"
        return [
            Operation("POST", f"{all}/stream", self.stream),
            Operation("POST", f"{all}/wait", self.wait),
            Operation("POST", "/runs/stream", self.stream),
            Operation("POST", "/runs/wait", self.wait),
            Operation("POST", all, self.create),
            Operation("GET", all, self.list),
            Operation("POST", "/runs", self.create),
            Operation("GET", f"{one}/join", self.join),
            Operation("GET", f"{one}/stream", self.join_stream),
            Operation("GET", one, self.get),
            Operation("DELETE", one, self.delete),
            Operation("POST", f"{one}/cancel", self.cancel),
            Operation("GET", "/runs/{run_id}/stream", self.join_stream),
        ]

    async def create(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/runs and POST /runs."""
        asked, started, warnings = await self._start(request)
        started.following.close()
        headers = {"Content-Location": replies.location(started.run), **warnings}
        return json_answer(render.created_json(started.run, asked), headers=headers)

    async def stream(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/runs/stream and POST /runs/stream."""
        _, started, warnings = await self._start(request, follows=True)
        return replies.stream(self._engine(), started, warnings)

    async def wait(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /threads/{thread_id}/runs/wait and POST /runs/wait."""
        _, started, warnings = await self._start(request, waits=True, follows=True)
        run, following = started.run, started.following
        return replies.wait(self._engine(), run, following, scope_of(request), warnings)

    async def get(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/runs/{run_id}."""
        return json_answer(render.run_json(await self._run(request)))

    async def list(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/runs; newest first."""
        runs = await self._engine().runs.list(
            thread_id(request),
            scope_of(request),
            states=translate.run_states(request.query_params.get("status")),
            limit=integer(request, "limit", 10, 1, MAX_LIMIT),
            offset=integer(request, "offset", 0, 0, MAX_OFFSET),
        )
        fields = translate.selected(words(request, "select"), render.RUN_FIELDS)
        return json_answer([render.only(render.run_json(run), fields) for run in runs])

    async def join(self, request: Request) -> Response:
        """LangGraph API 0.16, GET /threads/{thread_id}/runs/{run_id}/join."""
        run = await self._run(request)
        cancels = flag(request, "cancel_on_disconnect")
        following = self._engine().runs.follow(run, after=None, cancels=cancels)
        return replies.wait(self._engine(), run, following, scope_of(request))

    async def join_stream(self, request: Request) -> Response:
        """LangGraph API 0.16, GET …/runs/{run_id}/stream: what comes from now on, or a replay.

        Without a thread it is what `Location` of POST /runs/stream names.
        """
        cancels = flag(request, "cancel_on_disconnect")
        named = words(request, "stream_mode")
        modes = translate.stream_modes(named) if named else None
        run = await self._run(request)
        after = translate.replay_from(
            request.headers.get("last-event-id"), resumable=render.is_resumable(run)
        )
        return replies.join_stream(self._engine(), run, modes, after, cancels=cancels)

    async def cancel(self, request: Request) -> Response:
        """LangGraph API 0.16, POST …/cancel: 202 at once, or 200 when the run has ended."""
        action = translate.cancel_action(request.query_params.get("action"))
        wait, run = flag(request, "wait"), await self._run(request)
        if run.state in LEG_ENDS:
            raise NothingToCancel(replies.CANNOT_CANCEL)
        cancelling = self._compat.cancelling
        return await replies.cancel(
            self._engine(), run, action, scope_of(request), wait=wait, cancelling=cancelling
        )

    async def delete(self, request: Request) -> Response:
        """LangGraph API 0.16, DELETE …/runs/{run_id}: 204 (observed), also while it runs."""
        await self._engine().runs.delete(thread_id(request), run_id(request), scope_of(request))
        return replies.done(self._compat.gone)

    async def _start(
        self, request: Request, *, waits: bool = False, follows: bool = False
    ) -> tuple[NewRun, Started, Mapping[str, str]]:
        """What the body asks for, the run that was started, and what is to be told of it."""
        thread = thread_id(request) if "thread_id" in request.path_params else None
        sent, scope = await read_bytes(request), scope_of(request)
        body = decode(sent, wire.RunCreate)
        engine = self._engine()
        key, caller = request.headers.get("idempotency-key"), scope.principal.id
        cancels = follows and translate.cancels_on_disconnect(body, self._compat)
        new = translate.new_run(
            body,
            run_id=engine.runs.new_id(),
            thread_id=thread,
            graphs=engine.assistants.agent_names(),
            waits=waits,
            follows=follows,
            idempotency=translate.idempotency(key, caller, request.url.path, sent),
            compat=self._compat,
        )
        started = await engine.runs.start(with_headers(request, new), scope, cancels=cancels)
        return new, started, replies.warnings(engine, body)

    async def _run(self, request: Request) -> Run:
        thread = thread_id(request) if "thread_id" in request.path_params else None
        return await self._engine().runs.get(thread, run_id(request), scope_of(request))
