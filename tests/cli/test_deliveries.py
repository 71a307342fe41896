"""`demotic deliveries`: the log of webhooks beside a server, and without one."""

import asyncio
from pathlib import Path

import apsw
import pytest

from cli.programs import refused, run
from demotic.domain.callbacks import Callback
from demotic.domain.deliveries import Delivery, DeliveryAttempt, DeliveryQuery, DeliveryState
from demotic.domain.model import EVERYTHING
from demotic.server import DATABASE
from demotic.storage.sqlite.database import Database
from demotic.storage.sqlite.storage import SqliteStorage
from demotic.testing.storage_builders import DONE, MINUTE, T0, admit, claimed, prepare

URL = "https://app.example.com/hook?token=secret"


@pytest.fixture
def storage(project: Path) -> SqliteStorage:
    """A storage in use, with a webhook that was turned down and one that waits."""
    storage = SqliteStorage(Database(project / ".demotic" / DATABASE))
    asyncio.run(_fill(storage))
    return storage


async def _fill(storage: SqliteStorage) -> None:
    await prepare(storage)
    for state in (DeliveryState.FAILED, DeliveryState.PENDING):
        claim = await claimed(storage, callback=Callback(URL))
        await storage.finish_run(claim.key, DONE, [], now_us=T0)
        delivery = await storage.claim_delivery("w", full=(), until_us=T0 + MINUTE, now_us=T0)
        assert delivery is not None
        attempt = DeliveryAttempt(T0, 1, 404, "It answered 404.")
        await storage.record_attempt(delivery.key, attempt, state, due_us=T0 + MINUTE, now_us=T0)
    await admit(storage, None)


def test_the_log_is_listed_beside_a_server_without_secrets(storage: SqliteStorage) -> None:
    result = run("deliveries")
    assert result.exit_code == 0, result.output
    waiting, failed = result.stdout.splitlines()
    assert "pending" in waiting and "tried once. It answered 404. Next at 2026-06-01T00:01:00Z."
    assert failed.startswith("2026-06-01T00:00:00Z  failed ")
    assert "succeeded to https://app.example.com/hook, tried once. It answered 404." in failed
    assert "secret" not in result.output
    assert "2 of 2 in " in result.stderr
    asyncio.run(storage.close())


def test_the_list_can_be_narrowed(storage: SqliteStorage) -> None:
    [failed] = run("deliveries", "--status", "failed").stdout.splitlines()
    run_id = failed.partition(" run ")[2].split()[0]
    assert run("deliveries", "--run", run_id).stdout == f"{failed}\n"
    assert len(run("deliveries", "--limit", "1").stdout.splitlines()) == 1
    assert run("deliveries", "--run", "none").stdout == ""
    assert run("deliveries", "--status", "lost").exit_code == 2
    asyncio.run(storage.close())


def test_one_can_be_sent_again(storage: SqliteStorage) -> None:
    [failed] = run("deliveries", "--status", "failed").stdout.splitlines()
    id = failed.split()[2]
    result = run("deliveries", "--redeliver", id)
    assert result.exit_code == 0 and "pending" in result.stdout and id in result.stdout
    query = DeliveryQuery(state=DeliveryState.PENDING)
    page = asyncio.run(_search(storage, query))
    assert id in [each.id for each in page]
    assert refused("deliveries", "--redeliver", "none") == "Error: Delivery none not found\n"
    asyncio.run(storage.close())


async def _search(storage: SqliteStorage, query: DeliveryQuery) -> list[Delivery]:
    page = await storage.search_deliveries(query, scope=EVERYTHING)
    return list(page.items)


def test_where_no_server_has_run_it_is_said(project: Path) -> None:
    assert "no server has run there yet" in refused("deliveries")
    assert not (project / ".demotic").exists()


def test_a_database_of_another_version_is_refused_with_what_to_do(project: Path) -> None:
    path = project / ".demotic" / DATABASE
    Database(path).close()
    for version, fix in ((1, "Start the server once."), (999, "Upgrade Demotic.")):
        connection = apsw.Connection(str(path))
        connection.pragma("user_version", version)
        connection.close()
        assert fix in refused("deliveries")
