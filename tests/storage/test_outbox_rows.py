"""What an earlier Demotic left in the outbox can still be told, or is given up with a reason."""

import base64

import apsw
import pytest

from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import Change, DeliveryQuery, DeliveryState
from demotic.domain.lifecycle import Reason, RunState
from demotic.domain.model import EVERYTHING
from demotic.domain.runs import BusyPolicy, Outcome, Run, RunRequest
from demotic.storage.sqlite import rows
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.storage_builders import MINUTE, T0, claimed, prepare

# As the first version wrote it. Where this test fails, a field was added without a default.
FIRST = base64.b64decode(
    "hKNydW7eABKiaWSjcnVuqXRocmVhZF9pZKZ0aHJlYWSsYXNzaXN0YW50X2lkqWFzc2lzdGFudKVhZ2VudKVhZ2VudK"
    "VzdGF0ZaZmYWlsZWSmcmVhc29upWVycm9yp3JlcXVlc3SKpWlucHV0gaF4kwHLQAQAAAAAAADAp2NvbW1hbmTAqmNo"
    "ZWNrcG9pbnTApmNvbmZpZ4GkdGFnc5GhdKdjb250ZXh0wKVtb2Rlc5GmdmFsdWVzqXN1YmdyYXBoc8KwaW50ZXJydX"
    "B0X2JlZm9yZcCvaW50ZXJydXB0X2FmdGVywKpkdXJhYmlsaXR5wKhtZXRhZGF0YYGhbQGrYnVzeV9wb2xpY3mnZW5x"
    "dWV1Zal0ZW1wb3JhcnnCrHJlcGx5X2Zvcm1hdIGnZGlhbGVjdKlsYW5nZ3JhcGinYXR0ZW1wdAKlZXBvY2gHpWVycm"
    "9ygqVlcnJvcqFFp21lc3NhZ2WhbapjcmVhdGVkX3VzAap1cGRhdGVkX3VzBKpzdGFydGVkX3VzAqhjYWxsYmFja4Kj"
    "dXJssmh0dHBzOi8vYS5leGFtcGxlL6xldmVyeV9jaGFuZ2XDpmJlZm9yZadydW5uaW5nqmNoYW5nZWRfdXMEp291dG"
    "NvbWWHpXN0YXRlpmZhaWxlZKZyZWFzb26lZXJyb3KmdmFsdWVzxAd7IngiOjF9qmludGVycnVwdHOBoXSRgqJpZKFp"
    "pXZhbHVlAbBzaG93bl9pbnRlcnJ1cHRzkKVlcnJvcoKlZXJyb3KhRadtZXNzYWdloW2ncGVuZGluZ8I="
)

CHANGE = Change(
    run=Run(
        id="run",
        thread_id="thread",
        assistant_id="assistant",
        agent="agent",
        state=RunState.FAILED,
        reason=Reason.ERROR,
        request=RunRequest(input={"x": [1, 2.5, None]}, config={"tags": ["t"]}, modes=["values"]),
        metadata={"m": 1},
        busy_policy=BusyPolicy.ENQUEUE,
        temporary=False,
        reply_format={"dialect": "langgraph"},
        attempt=2,
        epoch=7,
        error={"error": "E", "message": "m"},
        created_us=1,
        updated_us=4,
        started_us=2,
        callback=Callback("https://a.example/", True),
    ),
    before=RunState.RUNNING,
    changed_us=4,
    outcome=Outcome(
        state=RunState.FAILED,
        reason=Reason.ERROR,
        values=b'{"x":1}',
        interrupts={"t": [{"id": "i", "value": 1}]},
        shown_interrupts=[],
        error={"error": "E", "message": "m"},
    ),
)


@pytest.mark.parametrize("written", [FIRST, rows.dump_change(CHANGE)])
def test_a_stored_change_is_read_as_it_was_written(written: bytes) -> None:
    row = ("id", 1, "https://a.example/", "https://a.example", written, 0, 4)
    assert rows.delivery_claim(row).change == CHANGE


async def test_one_that_cannot_be_read_is_given_up_and_holds_back_nothing() -> None:
    database = Database(None)
    storage = SqliteStorage(database)
    await prepare(storage)
    await claimed(storage, callback=Callback("https://a.example/", True))

    def spoil(c: apsw.Connection) -> None:
        c.execute("UPDATE delivery SET change = x'c1' WHERE run_state = 'queued'")

    await database.write("spoil", spoil)
    claim = await storage.claim_delivery("w", full=(), until_us=T0 + MINUTE, now_us=T0)
    assert claim is not None and claim.change.run.state is RunState.RUNNING
    page = await storage.search_deliveries(
        DeliveryQuery(state=DeliveryState.FAILED), scope=EVERYTHING
    )
    [spoiled] = page.items
    assert "cannot be read" in spoiled.log[0].note
    database.close()
