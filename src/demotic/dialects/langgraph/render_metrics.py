"""From engine to wire words: the figures of the server, as JSON and for Prometheus; pure but for
what the process itself is asked."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from demotic.domain.figures import Pool, QueueFigures
from demotic.web.counting import RequestCount

if TYPE_CHECKING:
    from prometheus_client import Metric

PREFIX = "lg_api_"
"""Names of metrics begin so, as they do in LangGraph API: dashboards move over as they are."""


class Shown(NamedTuple):
    """What is told."""

    queue: QueueFigures
    requests: Sequence[RequestCount]
    pool: Pool


def metrics_json(shown: Shown) -> dict[str, Any]:
    """LangGraph API 0.16, GET /metrics?format=json (observed)."""
    return {
        "queue": _queue(shown.queue),
        "api": {"http_requests_total": [asdict(each) for each in shown.requests]},
        "workers": _workers(shown.pool),
    }


def metrics_text(shown: Shown) -> tuple[bytes, str]:
    """LangGraph API 0.16, GET /metrics: the same in Prometheus' text format, and what Python and
    the process tell; with its media type."""
    # Not at the top: a server starts without it, and most are never asked.
    from prometheus_client import (
        CollectorRegistry,
        GCCollector,
        PlatformCollector,
        ProcessCollector,
        generate_latest,
    )
    from prometheus_client.exposition import CONTENT_TYPE_LATEST

    registry = CollectorRegistry()
    GCCollector(registry)
    PlatformCollector(registry)
    ProcessCollector(registry=registry)
    registry.register(_Families(shown))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Families:
    """The figures as a collector of Prometheus' client."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown

    def collect(self) -> "Iterable[Metric]":
        """The families; a wait that nobody has is left out, because it is not 0."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        labels = ("method", "path", "status")
        counter = CounterMetricFamily(
            f"{PREFIX}http_requests", "Requests that were answered.", labels=labels
        )
        for each in self._shown.requests:
            counter.add_metric([each.method, each.path, str(each.status)], each.count)
        yield counter
        for name, text, value in _gauges(self._shown):
            if value is not None:
                yield GaugeMetricFamily(f"{PREFIX}{name}", text, value)


def _gauges(shown: Shown) -> Iterable[tuple[str, str, float | None]]:
    queue, workers = _queue(shown.queue), _workers(shown.pool)
    yield "num_pending_runs", "Runs that are queued.", queue.pop("n_pending")
    yield "num_running_runs", "Runs at work.", queue.pop("n_running")
    for name, value in queue.items():
        yield name, WAITS[name], value
    for name, value in workers.items():
        yield f"workers_{name}", SLOTS[name], value


WAITS = {
    "pending_runs_wait_time_max_secs": "Longest wait of a queued run.",
    "pending_runs_wait_time_med_secs": "Median wait of the queued runs.",
    "pending_unblocked_runs_wait_time_max_secs": (
        "Longest wait of a queued run that no other run of its thread holds up."
    ),
}

SLOTS = {
    "max": "Runs that can be at work at the same time.",
    "active": "Slots with a run at work.",
    "available": "Slots that could take a run.",
}


def _queue(queue: QueueFigures) -> dict[str, Any]:
    return {
        "n_pending": queue.pending,
        "pending_runs_wait_time_max_secs": queue.longest_wait_s,
        "pending_runs_wait_time_med_secs": queue.median_wait_s,
        "pending_unblocked_runs_wait_time_max_secs": queue.longest_unblocked_wait_s,
        "n_running": queue.running,
    }


def _workers(pool: Pool) -> dict[str, int]:
    return {"max": pool.slots, "active": pool.active, "available": pool.available}
