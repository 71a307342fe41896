"""Callbacks of runs, with a real receiver."""

from collections.abc import AsyncIterator

import pytest

from demotic.dialects.acp.render_callbacks import callback_json
from demotic.engine.deliveries import Callbacks
from demotic.web.outgoing.addresses import LOOPBACK
from demotic.web.outgoing.policy import UrlPolicy
from demotic.web.outgoing.sender import HttpSender
from dialects.acp.acp_http import STEPS, Acp, open_acp
from receiving import Receiver, receiving

PAUSE = ["pause", {"question": "ok?"}]
BOTH = pytest.mark.parametrize("stateful", [False, True], ids=["stateless", "on_a_thread"])


@pytest.fixture
async def acp() -> AsyncIterator[Acp]:
    """A client of a dialect that calls receivers on this machine."""
    sender = HttpSender(UrlPolicy(networks=LOOPBACK))
    callbacks = Callbacks(sender=sender, renderers={"acp": callback_json})
    async with open_acp(callbacks=callbacks) as opened:
        yield opened
    await sender.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who is told."""
    async with receiving() as opened:
        yield opened


async def told(receiver: Receiver, number: int) -> list[str]:
    """The statuses that a receiver was told."""
    return [each.json["status"] for each in await receiver.received(number)]


@pytest.mark.requirement("acp.runs.callbacks")
@BOTH
@pytest.mark.parametrize(("steps", "status"), [(STEPS, "success"), ([["fail", "boom"]], "error")])
async def test_every_change_of_the_status_is_told_with_the_whole_run(
    acp: Acp, receiver: Receiver, steps: list[list[object]], status: str, stateful: bool
) -> None:
    place = await acp.place(stateful=stateful)
    run = await acp.start(place, *steps, webhook=receiver.url)
    assert await told(receiver, 2) == ["pending", status]
    first, last = [each.json for each in receiver.requests]
    shown = (await acp.ask("GET", run)).json()
    assert last == shown and shown["creation"]["webhook"] == receiver.url
    assert {**first, "status": status, "updated_at": last["updated_at"]} == last


@pytest.mark.requirement("acp.runs.callbacks")
@BOTH
async def test_a_run_that_is_resumed_is_pending_again(
    acp: Acp, receiver: Receiver, stateful: bool
) -> None:
    run = await acp.start(await acp.place(stateful=stateful), PAUSE, webhook=receiver.url)
    assert await told(receiver, 2) == ["pending", "interrupted"]
    assert (await acp.ask("POST", run, {"answer": 1})).status_code == 200
    assert await told(receiver, 4) == ["pending", "interrupted", "pending", "success"]
    assert len({each.json["run_id"] for each in receiver.requests}) == 1


@pytest.mark.requirement("acp.runs.callbacks")
async def test_a_cancel_is_told(acp: Acp, receiver: Receiver) -> None:
    run = await acp.start("/runs", ["wait", "gate"], webhook=receiver.url)
    await acp.ask("POST", f"{run}/cancel?wait=true")
    assert await told(receiver, 2) == ["pending", "error"]


@pytest.mark.requirement("acp.runs.callbacks.refused")
@pytest.mark.parametrize("way", ["", "/wait", "/stream"])
@pytest.mark.parametrize("url", ["", "x", "/ok", "ftp://example.com/x", "http://10.0.0.1/x"])
async def test_an_address_that_must_not_be_called_is_refused(acp: Acp, way: str, url: str) -> None:
    refused = await acp.ask("POST", f"/runs{way}", {"input": [], "webhook": url})
    assert refused.status_code == 422 and "webhook" in refused.json()
    assert (await acp.ask("POST", "/runs/search", {})).json() == []
