"""The JavaScript SDK against a real server: js/walk.mjs goes around, this judges its report."""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from node_packages import beside_scripts, node_packages
from process.graphs.graphs import REPLY
from process.proxy import cutting_proxy
from process.serving import Server

pytestmark = [pytest.mark.node, pytest.mark.timeout(30, func_only=True)]

JS = Path(__file__).parent / "js"
WALK_S = 30

Report = dict[str, Any]


@pytest.fixture(scope="session")
def packages() -> Path:
    """A folder with the SDK's versions installed."""
    return node_packages(JS)


@pytest.fixture(
    scope="session",
    params=["langgraph-sdk-1", "langgraph-sdk-2"],
    ids=["sdk 1.15.0", "sdk 2.0.0"],
)
def report(
    request: pytest.FixtureRequest,
    packages: Path,
    shared_server: Server,
    tmp_path_factory: pytest.TempPathFactory,
) -> Report:
    """What one version of the SDK got."""
    [script] = beside_scripts(packages, tmp_path_factory.mktemp("js"), JS / "walk.mjs")
    return asyncio.run(_walk(script, request.param, shared_server))


async def _walk(script: Path, package: str, server: Server) -> Report:
    async with cutting_proxy(server.port, b'{"tick":2}') as proxy:
        urls = (server.base_url, f"http://127.0.0.1:{proxy.port}")
        process = await asyncio.create_subprocess_exec(
            *("node", str(script), package, *urls),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), WALK_S)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise
        assert process.returncode == 0, err.decode()
        assert proxy.cuts == []
    report: Report = json.loads(out)
    return report


def step(report: Report, name: str) -> Any:
    """What a step of the walk got; fails when it raised."""
    got = report[name]
    assert "failed" not in got, got["failed"]
    return got


def shown(parts: list[Any], event: str | None = None) -> list[Any]:
    """Names and data of events, or the data of those with a name."""
    if event is None:
        return [(part["event"], part["data"]) for part in parts]
    return [part["data"] for part in parts if part["event"] == event]


def test_assistants_are_found_and_read(report: Report) -> None:
    got = step(report, "assistants")
    assert got["echo"]["graph_id"] == "echo"
    assert got["read"] == got["echo"]


def test_a_thread_is_created_used_found_and_deleted(report: Report) -> None:
    got = step(report, "threads")
    assert got["values"] == {"items": ["in", "a", "b"]}
    [found] = got["found"]
    assert (found["thread_id"], found["values"]) == (got["id"], got["values"])
    assert got["state"]["values"] == got["values"]
    assert [each["next"] for each in got["history"]] == [[], ["b"], ["a"], ["__start__"]]
    assert got["earlier"] == got["history"][1]
    assert got["before"] == got["history"][2:]
    assert got["gone"]["status"] == 404


def test_history_is_read_before_a_config_as_the_sdk_declares_it(report: Report) -> None:
    got = step(report, "threads")
    assert got["beforeConfig"] == got["before"]


def test_several_modes_are_streamed_and_the_run_told_once(report: Report) -> None:
    got = step(report, "modes")
    [run] = got["runs"]
    assert got["created"] == [{"run_id": run["run_id"], "thread_id": got["id"]}]
    assert shown(got["parts"]) == [
        ("metadata", {"run_id": run["run_id"], "attempt": 1}),
        ("values", {"items": ["in"]}),
        ("updates", {"a": {"items": ["a"]}}),
        ("values", {"items": ["in", "a"]}),
        ("updates", {"b": {"items": ["b"]}}),
        ("values", {"items": ["in", "a", "b"]}),
    ]


def test_tokens_are_streamed_one_by_one_and_add_up(report: Report) -> None:
    got = step(report, "tokens")
    chunks = [message["content"] for message, _ in shown(got["parts"], "messages")]
    assert len(chunks) > 5
    assert "".join(chunks) == REPLY
    final = got["state"]["values"]["messages"][-1]
    [last] = shown(got["parts"], "messages/partial")[-1]
    assert (last["content"], last["id"]) == (final["content"], final["id"]) == (REPLY, final["id"])


def test_events_of_subgraphs_carry_their_namespace(report: Report) -> None:
    names = [part["event"].partition(":")[0] for part in step(report, "subgraphs")]
    assert names == ["metadata", "custom|outer", "updates|outer", "updates", "custom", "updates"]


def test_a_question_is_answered(report: Report) -> None:
    got = step(report, "interrupt")
    [question] = got["asked"][-1]["data"]["__interrupt__"]
    assert question["value"] == {"question": "Go on?"}
    assert got["interrupted"]["status"] == "interrupted"
    [task] = got["state"]["tasks"]
    assert [each["id"] for each in task["interrupts"]] == [question["id"]]
    values = {"items": ["in", "asked", "answer yes"]}
    assert got["answered"][-1]["data"] == values
    assert (got["done"]["status"], got["done"]["values"]) == ("idle", values)


def test_a_breakpoint_stops_and_no_input_continues(report: Report) -> None:
    got = step(report, "breakpoint")
    assert got["stopped"]["items"] == ["in", "a"]
    assert got["state"]["next"] == ["b"]
    assert got["continued"] == {"items": ["in", "a", "b"]}


def test_a_stream_is_joined_replayed_and_filtered(report: Report) -> None:
    got = step(report, "join")
    assert shown(got["whole"])[1:] == [
        *(("custom", {"tick": i}) for i in range(4)),
        ("updates", {"tick": {"items": ["ticked"]}}),
        ("custom", {"tick": "done"}),
        ("updates", {"done": {"items": ["done"]}}),
    ]
    assert got["live"] == got["whole"]
    assert got["rest"] == got["whole"][3:]
    assert got["custom"] == [part for part in got["whole"] if part["event"] == "custom"]
    assert got["joined"] == {"n": 4, "items": ["ticked", "done"]}
    assert got["run"]["status"] == "success"


def test_a_broken_connection_costs_no_event_of_a_resumable_stream(report: Report) -> None:
    got = step(report, "reconnect")
    assert shown(got["parts"], "custom") == [{"tick": i} for i in [*range(5), "done"]]
    assert len({part["id"] for part in got["parts"]}) == len(got["parts"]) == 7
    assert len(got["created"]) == 1


def test_a_run_at_work_is_cancelled_and_deleted(report: Report) -> None:
    got = step(report, "cancel")
    assert got["refused"]["status"] == 409
    assert {"tick": "done"} not in shown(got["rest"], "custom")
    assert got["run"]["status"] == "interrupted"
    assert got["gone"]["status"] == 404


def test_stateless_runs_are_waited_for_and_streamed(report: Report) -> None:
    got = step(report, "stateless")
    assert got["waited"] == {"items": ["in", "a", "b"]}
    assert got["streamed"][-1]["data"] == got["waited"]
    assert len(got["created"]) == 2
    assert got["created"][1]["run_id"] == got["streamed"][0]["data"]["run_id"]


def test_errors_are_streamed_raised_and_returned(report: Report) -> None:
    got = step(report, "errors")
    error = {"error": "ValueError", "message": "boom"}
    last = got["streamed"][-1]
    assert (last["event"], last["data"]) == ("error", error)
    assert got["waited"]["message"] == "ValueError: boom"
    assert got["returned"] == {"__error__": error}
    assert [each["status"] for each in got["missing"]] == [404] * 4
    assert got["thread"]["status"] == "error"


def test_a_cron_fires_and_is_changed_found_counted_and_deleted(report: Report) -> None:
    got = step(report, "crons")
    made, alone = got["made"], got["alone"]
    assert len(got["runs"]) >= 2
    assert all(run["metadata"]["cron_id"] == made["cron_id"] for run in got["runs"])
    assert (made["enabled"], got["paused"]["enabled"]) == (True, False)
    assert (alone["thread_id"], alone["on_run_completed"]) == (None, "keep")
    assert [each["cron_id"] for each in got["found"]] == [made["cron_id"]]
    ids = [each["cron_id"] for each in got["sorted"]]
    assert ids.index(made["cron_id"]) < ids.index(alone["cron_id"])
    assert (got["count"], got["gone"]["status"]) == (1, 404)


def test_runs_are_started_and_cancelled_in_numbers(report: Report) -> None:
    got = step(report, "batch")
    assert got["values"] == [{"items": ["in", "a", "b"]}] * 2
    assert got["cancelled"]["status"] == "interrupted"
