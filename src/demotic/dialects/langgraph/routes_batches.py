"""Handlers for several runs at once."""

from starlette.requests import Request
from starlette.responses import Response

from demotic.dialects.langgraph import render, replies, translate, translate_batches
from demotic.dialects.langgraph.errors import NothingToCancel
from demotic.dialects.langgraph.requests import FindEngine
from demotic.dialects.langgraph.wire import RunCreate
from demotic.dialects.langgraph.wire_batches import RunsCancel
from demotic.web.answers import json_answer
from demotic.web.bodies import decode, read_bytes, read_json
from demotic.web.callers import scope_of
from demotic.web.routing import Operation


class BatchRoutes:
    """`/runs/batch` and `/runs/cancel`."""

    def __init__(self, engine: FindEngine) -> None:
        self._engine = engine

    def operations(self) -> list[Operation]:
        """What is served."""
        return [
            Operation("POST", "/runs/batch", self.create),
            Operation("POST", "/runs/cancel", self.cancel),
        ]

    async def create(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /runs/batch: all are started, or none."""
        sent, scope, engine = await read_bytes(request), scope_of(request), self._engine()
        bodies = decode(sent, list[RunCreate])
        key, caller = request.headers.get("idempotency-key"), scope.principal.id
        new = translate_batches.new_runs(
            bodies,
            new_id=engine.runs.new_id,
            graphs=engine.assistants.agent_names(),
            idempotency=translate.idempotency(key, caller, request.url.path, sent),
        )
        with translate_batches.told_with():
            runs = await engine.batches.start(new, scope)
        headers = replies.warnings(engine, *bodies)
        pairs = zip(runs, new, strict=True)
        return json_answer([render.created_json(*pair) for pair in pairs], headers=headers)

    async def cancel(self, request: Request) -> Response:
        """LangGraph API 0.16, POST /runs/cancel: 204, or 404 where there was none (observed)."""
        action = translate.cancel_action(request.query_params.get("action"))
        wanted = translate_batches.cancelled(await read_json(request, RunsCancel))
        batches, scope = self._engine().batches, scope_of(request)
        if wanted.states:
            count = await batches.cancel_all(wanted.states, action, scope)
        else:
            count = await batches.cancel_some(wanted.thread_id, wanted.run_ids, action, scope)
        if not count:
            raise NothingToCancel("No runs found to cancel.")
        return Response(status_code=204)
