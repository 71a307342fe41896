"""Webhooks of runs, with a real receiver."""

from collections.abc import AsyncIterator

import pytest

from demotic.dialects.agent_protocol.render_callbacks import callback_json
from demotic.engine.deliveries import Callbacks
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender
from dialects.agent_protocol.ap_http import STEPS, ScriptedWire, open_wire, run_body
from house import open_house
from receiving import Receiver, receiving


@pytest.fixture
async def wire() -> AsyncIterator[ScriptedWire]:
    """A client of a dialect that calls receivers on this machine."""
    sender = HttpSender(UrlPolicy(networks=LOOPBACK))
    callbacks = Callbacks(sender=sender, renderers={"agent_protocol": callback_json})
    async with open_house(callbacks=callbacks) as house, open_wire(house) as opened:
        yield opened
    await sender.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who is told."""
    async with receiving() as opened:
        yield opened


@pytest.mark.requirement("ap.runs.webhook")
@pytest.mark.parametrize(
    ("steps", "status"),
    [(STEPS, "success"), ([["fail", "boom"]], "error"), ([["pause", "?"]], "interrupted")],
)
async def test_the_run_is_told_once_when_it_has_finished(
    steps: list[list[object]], status: str, wire: ScriptedWire, receiver: Receiver
) -> None:
    for options in ({}, {"thread_id": await wire.thread()}):
        run = (await wire.wait(*steps, webhook=receiver.url, **options))["run"]
        assert (run["status"], run["webhook"]) == (status, receiver.url)
        got = (await receiver.received(1))[-1]
        assert got.json == run == await wire.run(run["run_id"])
        assert len(receiver.requests) == 1
        receiver.requests.clear()


@pytest.mark.requirement("ap.runs.webhook.refused")
@pytest.mark.parametrize("url", ["", "x", "/ok", "ftp://example.com/x", "http://10.0.0.1/x"])
async def test_a_webhook_that_must_not_be_called_is_refused(url: str, wire: ScriptedWire) -> None:
    for path in ("/runs", "/runs/wait", "/runs/stream"):
        refused = await wire.ask("POST", path, run_body(webhook=url))
        assert (refused.status_code, refused.json()["code"]) == (422, "webhook_refused")
        assert "webhook" in refused.json()["message"]
