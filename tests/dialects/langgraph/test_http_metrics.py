"""The figures of the server over HTTP, in process."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from demotic.dialects.langgraph.render_metrics import Shown, metrics_json, metrics_text
from demotic.domain.figures import Pool, QueueFigures
from demotic.engine.core import Limits
from demotic.web.counting import RequestCount
from dialects.langgraph.langgraph_http import Wire, open_wire
from house import open_house

SHOWN = Shown(
    QueueFigures(
        pending=3,
        running=1,
        longest_wait_s=10.5,
        median_wait_s=8.0,
        longest_unblocked_wait_s=7.25,
    ),
    [RequestCount("GET", "/ap/threads/{thread_id}", 404, 2)],
    Pool(4, 1, 2),
)


def samples(text: bytes) -> dict[str, float]:
    """Values by name and labels."""
    families = text_string_to_metric_families(text.decode())
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.requirement("langgraph.metrics")
async def test_queue_and_worker_are_told_as_json() -> None:
    async with open_house(limits=Limits(slots=1, drain_s=0.05, grace_s=0.05)) as house:
        async with open_wire(house) as wire:
            await wire.start(await wire.thread(), ["wait", "gate"])
            await wire.start(await wire.thread())
            answer = await wire.ask("GET", "/metrics?format=json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    told = answer.json()
    assert told["workers"] == {"max": 1, "active": 1, "available": 0}
    assert (told["queue"]["n_pending"], told["queue"]["n_running"]) == (1, 1)
    assert told["queue"]["pending_unblocked_runs_wait_time_max_secs"] > 0
    assert told["api"] == {"http_requests_total": []}


@pytest.mark.requirement("langgraph.metrics.text")
async def test_without_a_format_they_are_told_to_prometheus(wire: Wire) -> None:
    for path in ("/metrics", "/metrics?format=prometheus"):
        answer = await wire.ask("GET", path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        found = samples(answer.content)
        assert found["lg_api_num_pending_runs"] == 0
        assert found["lg_api_workers_available"] == found["lg_api_workers_max"] == 100
        assert not any("wait_time" in name for name in found), "nobody waits, which is not 0"
        assert any(name.startswith("python_info ") for name in found)


@pytest.mark.requirement("langgraph.metrics.text")
def test_both_formats_tell_the_same() -> None:
    text, _ = metrics_text(SHOWN)
    found = {name: value for name, value in samples(text).items() if name.startswith("lg_api_")}
    told = metrics_json(SHOWN)
    (requests,) = told["api"]["http_requests_total"]
    assert found == {
        "lg_api_http_requests_total GET /ap/threads/{thread_id} 404": requests["count"],
        "lg_api_num_pending_runs": told["queue"].pop("n_pending"),
        "lg_api_num_running_runs": told["queue"].pop("n_running"),
        **{f"lg_api_{name}": value for name, value in told["queue"].items()},
        **{f"lg_api_workers_{name}": value for name, value in told["workers"].items()},
    }
    assert found["lg_api_pending_runs_wait_time_max_secs"] == 10.5


@pytest.mark.requirement("langgraph.metrics")
async def test_another_format_is_refused_with_those_there_are(wire: Wire) -> None:
    answer = await wire.ask("GET", "/metrics?format=xml")
    assert answer.status_code == 422
    told = answer.json()["detail"]
    assert told == "Query parameter `format` must be `prometheus` or `json`, not 'xml'."
