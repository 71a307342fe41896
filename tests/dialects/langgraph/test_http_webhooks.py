"""Webhooks as clients and receivers see them: asked for, delivered, refused, listed, sent again."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import httpx
import jsonschema_rs
import orjson
import pytest
from standardwebhooks import Webhook
from starlette.types import ASGIApp, Receive, Scope, Send

from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.dialects.langgraph.render import RUN_FIELDS
from demotic.dialects.langgraph.render_callbacks import CALLBACK_TIMES, callback_json
from demotic.dialects.langgraph.render_deliveries import DELIVERY_FIELDS
from demotic.domain import model
from demotic.domain.deliveries import Change
from demotic.domain.lifecycle import RunState
from demotic.engine.deliveries import Callbacks
from demotic.testing.storage_builders import ALICE, BOB
from demotic.web.callers import SCOPE_KEY
from demotic.web.openapi.document import document
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender
from dialects.langgraph.langgraph_http import STEPS, UNKNOWN, Wire, open_wire, run_body
from dialects.langgraph.run_ways import EVERY, THREAD, Way
from dialects.langgraph.samples import MOMENT_US, RUN, WAITING
from house import open_house
from receiving import Received, Receiver, receiving

SECRET = base64.b64encode(bytes(range(32))).decode()
LOG = "/webhooks/deliveries"


@asynccontextmanager
async def calling(policy: UrlPolicy | None = None) -> AsyncIterator[Wire]:
    """A client of a dialect that calls receivers on this machine."""
    sender = HttpSender(policy or UrlPolicy(networks=LOOPBACK), secrets=[base64.b64decode(SECRET)])
    callbacks = Callbacks(sender=sender, renderers={"langgraph": callback_json})
    async with open_house(callbacks=callbacks) as house, open_wire(house) as wire:
        yield wire
    await sender.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A client of a dialect that calls receivers on this machine."""
    async with calling() as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who is told."""
    async with receiving() as opened:
        yield opened


async def told(wire: Wire, run_id: str, status: str) -> dict[str, Any]:
    """The one webhook of a run in the log, once it stands so (5 s at most)."""
    for _ in range(5_000):
        answer = await wire.ask("GET", f"{LOG}?run_id={run_id}")
        [row] = answer.json() or [{"status": "none yet"}]
        if row["status"] == status:
            found: dict[str, Any] = row
            return found
    raise AssertionError(f"the webhook is {row}")


def assert_documented(got: Received) -> None:
    """A webhook is what the document tells of it."""
    whole = document(TABLES, [], ())
    [sent] = whole["webhooks"].values()
    schema = sent["post"]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**schema, "components": whole["components"]}, got.json)
    for each in sent["post"]["parameters"]:
        assert each["name"] in {name.lower() for name in got.headers}


@pytest.mark.requirement("langgraph.webhooks.end")
@pytest.mark.requirement("langgraph.webhooks.body")
async def test_the_end_of_a_run_is_told(wire: Wire, receiver: Receiver) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, *STEPS, webhook=receiver.url, metadata={"m": 1})
    [got] = await receiver.received(1)
    now = (await wire.ask("GET", f"/threads/{thread}/runs/{run}")).json()
    assert list(got.json) == [*RUN_FIELDS, *CALLBACK_TIMES, "values"]
    assert_documented(got)
    assert {key: got.json[key] for key in RUN_FIELDS} == now
    assert (got.json["status"], got.json["values"]) == ("success", {"done": ["emit"] * 3})
    created, *times = (
        datetime.fromisoformat(got.json[key]) for key in ("created_at", *CALLBACK_TIMES)
    )
    assert [created, *times] == sorted([created, *times])
    await told(wire, run, "delivered")
    assert len(receiver.requests) == 1


@pytest.mark.requirement("langgraph.webhooks.end")
async def test_the_runs_of_a_batch_and_of_a_cron_are_told(wire: Wire, receiver: Receiver) -> None:
    body = run_body(*STEPS, webhook=receiver.url)
    started = await wire.ask("POST", "/runs/batch", [body, body])
    got = await receiver.received(2)
    assert {each.json["run_id"] for each in got} == {each["run_id"] for each in started.json()}
    made = (await wire.ask("POST", "/runs/crons", {**body, "schedule": "* * * * *"})).json()
    due = datetime.fromisoformat(made["next_run_date"])
    wire.house.clock.set(int(due.timestamp()) * 1_000_000)
    fired = (await receiver.received(3))[-1].json
    assert fired["kwargs"]["config"]["configurable"]["cron_id"] == made["cron_id"]


@pytest.mark.requirement("langgraph.webhooks.end")
@pytest.mark.parametrize("way", EVERY, ids=str)
async def test_a_run_is_told_whatever_starts_it(wire: Wire, receiver: Receiver, way: Way) -> None:
    await wire.ask("POST", "/threads", {"thread_id": THREAD})
    run = await way.run(wire, {"webhook": receiver.url})
    [got] = await receiver.received(1)
    assert (got.json["run_id"], got.json["status"]) == (run.id, "success")


@pytest.mark.requirement("langgraph.webhooks.refused")
async def test_a_batch_and_a_cron_are_refused_for_an_address_like_a_run(wire: Wire) -> None:
    bad, good = run_body(webhook="http://10.0.0.1/x"), run_body()
    batch = await wire.ask("POST", "/runs/batch", [good, bad])
    assert (batch.status_code, batch.json()["code"]) == (422, "webhook_refused")
    assert "`[1]`" in batch.json()["detail"]
    made = await wire.ask("POST", "/runs/crons", {**bad, "schedule": "* * * * *"})
    assert (made.status_code, made.json()["code"]) == (422, "webhook_refused")
    cron = (await wire.ask("POST", "/runs/crons", {**good, "schedule": "* * * * *"})).json()
    path = f"/runs/crons/{cron['cron_id']}"
    changed = await wire.ask("PATCH", path, {"webhook": "http://10.0.0.1/x"})
    assert (changed.status_code, changed.json()["code"]) == (422, "webhook_refused")
    assert (await wire.ask("GET", path)).json() == cron


@pytest.mark.requirement("langgraph.webhooks.end")
@pytest.mark.parametrize("path", ["/runs", "/runs/wait", "/runs/stream"])
async def test_a_run_without_a_thread_is_told_although_it_vanishes(
    wire: Wire, receiver: Receiver, path: str
) -> None:
    answer = await wire.ask("POST", path, run_body(*STEPS, webhook=receiver.url))
    assert answer.status_code == 200
    [got] = await receiver.received(1)
    assert got.json["values"] == {"done": ["emit"] * 3}
    assert got.json["kwargs"]["temporary"] is True
    log = (await wire.ask("GET", f"{LOG}?thread_id={got.json['thread_id']}")).json()
    assert [each["run_id"] for each in log] == [got.json["run_id"]]


@pytest.mark.requirement("langgraph.webhooks.body")
async def test_a_failed_run_tells_its_error(wire: Wire, receiver: Receiver) -> None:
    await wire.start(await wire.thread(), ["fail", "boom"], webhook=receiver.url)
    [got] = await receiver.received(1)
    assert (got.json["status"], got.json["values"]) == ("error", None)
    assert got.json["error"] == {"error": "ValueError", "message": "boom"}
    assert_documented(got)


@pytest.mark.requirement("langgraph.webhooks.interrupt")
async def test_a_run_that_asks_a_person_is_told_as_a_success_once(
    wire: Wire, receiver: Receiver
) -> None:
    thread = await wire.thread()
    await wire.start(thread, ["pause", "Go on?"], webhook=receiver.url)
    [got] = await receiver.received(1)
    assert got.json["status"] == "success" and "error" not in got.json
    answered = await wire.start(thread, webhook=receiver.url)
    await told(wire, answered, "delivered")
    assert [each.json["run_id"] for each in receiver.requests][1:] == [answered]


@pytest.mark.requirement("langgraph.webhooks.interrupt")
def test_the_values_that_are_told_do_not_hold_the_question() -> None:
    run = replace(RUN, state=RunState.WAITING)
    change = Change(run=run, before=RunState.RUNNING, changed_us=MOMENT_US, outcome=WAITING)
    told = orjson.loads(callback_json(change, MOMENT_US))
    assert WAITING.shown_interrupts and told["values"] == {"x": ["a"]}
    assert told["status"] == "success" and "error" not in told


@pytest.mark.requirement("langgraph.webhooks.end")
async def test_a_cancelled_and_a_deleted_run_are_told(wire: Wire, receiver: Receiver) -> None:
    for end in ("cancel", "delete"):
        thread = await wire.thread()
        run = await wire.start(thread, ["wait", end], webhook=receiver.url)
        await wire.house.agent.arrived(end)
        path = f"/threads/{thread}/runs/{run}"
        if end == "cancel":
            await wire.ask("POST", f"{path}/cancel?wait=true")
        else:
            await wire.ask("DELETE", path)
        got = (await receiver.received(1)).pop()
        assert (got.json["run_id"], got.json["status"]) == (run, "interrupted")


@pytest.mark.requirement("langgraph.webhooks.signed")
async def test_a_webhook_is_signed(wire: Wire, receiver: Receiver) -> None:
    run = await wire.start(await wire.thread(), webhook=receiver.url)
    [got] = await receiver.received(1)
    # The engine's clock stands still in 2026: the signature is good, only its time is not now.
    webhook, told_at = Webhook(SECRET), got.headers["webhook-timestamp"]
    at = datetime.fromtimestamp(int(told_at)).astimezone()
    signature = webhook.sign(got.headers["webhook-id"], at, got.body.decode())
    assert got.headers["webhook-signature"] == signature
    assert got.headers["webhook-id"] == (await told(wire, run, "delivered"))["delivery_id"]


@pytest.mark.requirement("langgraph.webhooks.shown")
async def test_a_run_shows_its_webhook(wire: Wire, receiver: Receiver) -> None:
    thread = await wire.thread()
    run = await wire.start(thread, webhook=receiver.url)
    shown = await wire.ask("GET", f"/threads/{thread}/runs/{run}")
    assert shown.json()["kwargs"]["webhook"] == receiver.url


@pytest.mark.requirement("langgraph.webhooks.refused")
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/hook", "`webhook` must not be a relative URL. Give an absolute URL, as in https://"),
        ("", "`webhook` must have 1 to 65536 characters"),
        ("http://10.0.0.1/", "`webhook` must not lead to 10.0.0.1, which is private"),
        ("http://localhost:8000/", "which is a loopback address"),
        ("http://169.254.169.254/latest/meta-data", "the metadata service of a cloud"),
        ("https://me:secret@app.example.com/", "must not hold a user name or password"),
        ("gopher://app.example.com/", "must be a URL of https or http"),
    ],
)
async def test_a_url_that_is_not_public_is_refused_with_the_reason(url: str, reason: str) -> None:
    async with calling(UrlPolicy()) as wire:
        thread = await wire.thread()
        for path in (f"/threads/{thread}/runs", f"/threads/{thread}/runs/stream", "/runs/wait"):
            answer = await wire.ask("POST", path, run_body(webhook=url))
            assert (answer.status_code, answer.json()["code"]) == (422, "webhook_refused")
            assert reason in answer.json()["detail"]
            assert "secret" not in answer.json()["detail"]
        assert (await wire.ask("GET", f"/threads/{thread}/runs")).json() == []


@pytest.mark.requirement("langgraph.webhooks.https")
async def test_where_https_is_required_http_is_refused() -> None:
    async with calling(UrlPolicy(require_https=True)) as wire:
        answer = await wire.ask("POST", "/runs", run_body(webhook="http://app.example.com/"))
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_refused")
        assert "https" in answer.json()["detail"]


@pytest.mark.requirement("langgraph.webhooks.refused")
async def test_a_webhook_that_is_no_text_is_refused(wire: Wire) -> None:
    answer = await wire.ask("POST", "/runs", run_body(webhook=["https://a.example/"]))
    assert answer.status_code == 422
    assert answer.json()["detail"] == "`webhook` must be a string or null, not an array."


@pytest.mark.requirement("langgraph.webhooks.refused")
async def test_where_webhooks_are_switched_off_it_is_said() -> None:
    async with open_house() as house, open_wire(house) as wire:
        answer = await wire.ask("POST", "/runs", run_body(webhook="https://a.example/"))
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_refused")
        assert "switched off" in answer.json()["detail"]


@pytest.mark.requirement("langgraph.webhooks.list")
async def test_the_log_tells_how_it_went(wire: Wire, receiver: Receiver) -> None:
    receiver.answers = [410]
    thread = await wire.thread()
    run = await wire.start(thread, webhook=receiver.url)
    row = await told(wire, run, "failed")
    assert tuple(row) == DELIVERY_FIELDS
    assert (row["run_id"], row["thread_id"], row["url"]) == (run, thread, receiver.url)
    assert (row["run_status"], row["attempts"], row["next_attempt_at"]) == ("success", 1, None)
    [attempt] = row["log"]
    assert (attempt["status_code"], attempt["error"]) == (410, "It answered 410.")
    assert attempt["seconds"] >= 0 and datetime.fromisoformat(attempt["at"])


@pytest.mark.requirement("langgraph.webhooks.list")
async def test_the_log_is_filtered_and_paged(wire: Wire, receiver: Receiver) -> None:
    receiver.answers = [410]
    runs = [await wire.start(await wire.thread(), webhook=receiver.url)]
    await told(wire, runs[0], "failed")
    runs += [await wire.start(await wire.thread(), webhook=receiver.url) for _ in range(2)]
    for run in runs[1:]:
        await told(wire, run, "delivered")
    answer = await wire.ask("GET", f"{LOG}?status=failed")
    assert [each["run_id"] for each in answer.json()] == [runs[0]]
    page = await wire.ask("GET", f"{LOG}?limit=1&offset=1")
    assert [each["run_id"] for each in page.json()] == [runs[1]]
    assert page.headers["x-pagination-total"] == "3"
    assert page.headers["x-pagination-next"] == "2"
    for wrong in ("run_id=x", "thread_id=x", "status=x", "limit=0", "limit=x", "offset=-1"):
        assert (await wire.ask("GET", f"{LOG}?{wrong}")).status_code == 422


@pytest.mark.requirement("langgraph.webhooks.retried")
async def test_a_receiver_that_is_down_is_told_when_it_is_up(wire: Wire) -> None:
    async with receiving() as receiver:
        url = receiver.url
    run = await wire.start(await wire.thread(), webhook=url)
    row = await told(wire, run, "pending")
    while not row["log"]:
        row = await told(wire, run, "pending")
    assert row["log"][0]["error"] == "No connection: Connection refused."
    assert row["next_attempt_at"] > row["updated_at"]
    async with receiving(port=receiver.port) as again:
        wire.house.clock.advance(10)
        wire.house.engine.deliveries.wake()
        [got] = await again.received(1)
        assert got.json["run_id"] == run
        await told(wire, run, "delivered")


@pytest.mark.requirement("langgraph.webhooks.redeliver")
async def test_a_webhook_is_sent_again_under_the_same_id(wire: Wire, receiver: Receiver) -> None:
    receiver.answers = [404]
    run = await wire.start(await wire.thread(), *STEPS, webhook=receiver.url)
    id = (await told(wire, run, "failed"))["delivery_id"]
    answer = await wire.ask("POST", f"{LOG}/{id}/redeliver")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    first, second = await receiver.received(2)
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == id
    assert {**first.json, "webhook_sent_at": 0} == {**second.json, "webhook_sent_at": 0}
    assert (await told(wire, run, "delivered"))["attempts"] == 2
    unknown = await wire.ask("POST", f"{LOG}/{UNKNOWN}/redeliver")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "delivery_not_found")
    assert (await wire.ask("POST", f"{LOG}/x/redeliver")).status_code == 422


class Caller:
    """ASGI middleware: requests come from a caller with a scope."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.scope: model.Scope = ALICE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the scope on."""
        scope[SCOPE_KEY] = self.scope
        await self._app(scope, receive, send)


@pytest.mark.requirement("langgraph.webhooks.scope")
async def test_a_caller_sees_and_repeats_its_own_only(receiver: Receiver) -> None:
    async with calling() as wire:
        caller = Caller(wire.app)
        await wire.client.aclose()
        transport = httpx.ASGITransport(caller)
        wire.client = httpx.AsyncClient(transport=transport, base_url="http://test")
        run = await wire.start(await wire.thread(), webhook=receiver.url)
        alone = await wire.ask("POST", "/runs", run_body(webhook=receiver.url))
        id = (await told(wire, run, "delivered"))["delivery_id"]
        await told(wire, alone.json()["run_id"], "delivered")
        caller.scope = BOB
        assert (await wire.ask("GET", LOG)).json() == []
        assert (await wire.ask("GET", f"{LOG}?run_id={run}")).json() == []
        assert (await wire.ask("POST", f"{LOG}/{id}/redeliver")).status_code == 404
        await wire.client.aclose()
