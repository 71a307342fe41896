"""Comparison with the documents that LangGraph published; optional, see `DEMOTIC_SPEC_DIR`.

Whatever those documents hold is here, and the newest one holds whatever is here, except for
what `DIFFERENCES` gives a reason for.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from demotic.dialects.langgraph import deferred
from demotic.web.openapi.document import document
from dialects.langgraph.langgraph_http import WHOLE
from dialects.langgraph.langgraph_http import WHOLE_TABLES as TABLES

FOLDER = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi"
VERSIONS = ("0.1.0", "2024-11", "2025-11")
NEWEST = VERSIONS[-1]
FILES = {version: FOLDER / f"langgraph-{version}.json" for version in VERSIONS}

pytestmark = pytest.mark.skipif(
    not all(file.is_file() for file in FILES.values()),
    reason="DEMOTIC_SPEC_DIR names no folder with openapi/ documents",
)

BUILT = [(each.method, each.path) for each in WHOLE.built]
PLANNED = {(each.method, each.path) for each in deferred.OPERATIONS}
RUN_STARTS = (
    "POST /runs",
    "POST /runs/stream",
    "POST /runs/wait",
    "POST /threads/{thread_id}/runs",
    "POST /threads/{thread_id}/runs/stream",
    "POST /threads/{thread_id}/runs/wait",
)
ALONE = RUN_STARTS[:3]
DELETES = (
    "DELETE /assistants/{assistant_id}",
    "DELETE /threads/{thread_id}",
    "DELETE /threads/{thread_id}/runs/{run_id}",
    "DELETE /runs/crons/{cron_id}",
)
CRON_STARTS = ("POST /runs/crons", "POST /threads/{thread_id}/runs/crons")
ANY = ("*",)


class Difference(NamedTuple):
    """Facts that only one side has, at some operations, and why."""

    operations: tuple[str, ...]
    facts: tuple[str, ...]
    reason: str


THEIRS = (
    Difference(DELETES, ("status 200",), "LangGraph's server answers 204 (observed)"),
    Difference(
        (
            "POST /assistants/search",
            "POST /assistants/count",
            "POST /threads/count",
            "POST /runs/crons/count",
        ),
        ("status 404",),
        "nothing to miss: what is not there is not found, or not counted",
    ),
    Difference(
        (*ALONE, "POST /runs/batch"), ("status 409",), "a thread of a run's own is never busy"
    ),
    Difference(
        ("GET /store/items",), ("status 400",), "a bad namespace is 422 everywhere (observed)"
    ),
)
"""What a published document has and ours lacks."""

OURS = (
    Difference(ANY, ("status 413", "status 422", "status 500", "status 503"), "told"),
    Difference(ANY, ("status 400",), "contradictions are 400 (observed), told nowhere"),
    Difference(ANY, ("status 404",), "what is not there is 404 everywhere, told only somewhere"),
    Difference(
        ("POST /threads/{thread_id}/state",), ("status 409",), "409 on a busy thread (observed)"
    ),
    Difference(DELETES, ("status 204",), "LangGraph's server answers 204 (observed)"),
    Difference(
        ("POST /threads/{thread_id}/runs/{run_id}/cancel",),
        ("status 202",),
        "without `wait` LangGraph's server answers 202 (observed)",
    ),
    Difference(RUN_STARTS, ("header Idempotency-Key",), "of our own"),
    Difference(RUN_STARTS, ("field checkpoint_id",), "in 0.1.0; its server still reads it"),
    Difference(
        RUN_STARTS, ("field strict_resume", "field langsmith_tracer"), "sent by the newest SDKs"
    ),
    Difference(
        ALONE,
        ("field checkpoint", "field if_not_exists", "field multitask_strategy"),
        "one shape for all runs; in 0.1.0 some are there for runs without a thread, too",
    ),
    Difference(
        RUN_STARTS[3:], ("field on_completion",), "one shape for all runs; of no effect on a thread"
    ),
    Difference(
        ("POST /threads/{thread_id}/state",), ("field checkpoint_id",), "in 0.1.0; still read"
    ),
    Difference(
        ("POST /assistants/{assistant_id}/latest",),
        ("field version",),
        "told as a query parameter, read from the body (observed): both will do",
    ),
    Difference(
        ("POST /assistants/{assistant_id}/versions",),
        ("field metadata", "field limit", "field offset"),
        "its schema is published, but no operation refers to it",
    ),
    Difference(("POST /assistants/count",), ("field name",), "in today's document"),
    Difference(("POST /threads/search",), ("field extract",), "in today's document"),
    Difference(("POST /threads/search",), ("field include",), "of our own, as GET has it"),
    Difference(
        ("POST /threads/{thread_id}/state",),
        ("field supersteps",),
        "of our own: several updates at once",
    ),
    Difference(
        (
            "GET /threads/{thread_id}/state",
            "GET /threads/{thread_id}/state/{checkpoint_id}",
            "GET /threads/{thread_id}/history",
        ),
        ("query select",),
        "sent by the newest SDKs",
    ),
    Difference(
        ("POST /threads/{thread_id}/state/checkpoint", "POST /threads/{thread_id}/history"),
        ("field select",),
        "sent by the newest SDKs",
    ),
    Difference(("GET /threads/{thread_id}",), ("query include",), "in today's document"),
    Difference(
        ("PATCH /threads/{thread_id}",),
        ("header Prefer", "status 204"),
        "sent by the newest SDKs: no body is answered",
    ),
    Difference(DELETES[:1], ("query delete_threads",), "in today's document"),
    Difference(("POST /runs/batch",), ("header Idempotency-Key",), "of our own"),
    Difference(CRON_STARTS, ("status 409",), "where crons are switched off"),
    Difference(
        CRON_STARTS,
        (
            "field timezone",
            "field enabled",
            "field stream_mode",
            "field stream_subgraphs",
            "field stream_resumable",
            "field durability",
        ),
        "in today's document",
    ),
    Difference(
        CRON_STARTS,
        ("field checkpoint_id", "field checkpoint_during", "field if_not_exists"),
        "in 0.1.0, or sent by SDKs",
    ),
    Difference(
        CRON_STARTS[:1], ("field multitask_strategy",), "in 0.1.0 and 2024; sent by the SDKs"
    ),
    Difference(CRON_STARTS[1:], ("field on_run_completed",), "one shape; refused there"),
    Difference(
        ("POST /runs/crons/search",), ("field enabled", "field metadata"), "in today's document"
    ),
    Difference(("POST /runs/crons/count",), ("field metadata",), "in today's document"),
    Difference(("PUT /store/items",), ("field index", "field ttl"), "in today's document"),
    Difference(("GET /store/items",), ("query refresh_ttl",), "in today's document"),
    Difference(("POST /store/items/search",), ("field refresh_ttl",), "in today's document"),
    Difference(
        ("GET /threads/{thread_id}/stream",), ("query stream_mode",), "sent by the Python SDK"
    ),
)
"""What our document has and the newest published one lacks."""

OPERATIONS_OF_OUR_OWN = {
    "GET /": "a sign of life; LangGraph's server has it, its document does not",
    "GET /docs": "LangGraph's server has it, its document does not",
    "GET /openapi.json": "LangGraph's server has it, its document does not",
    "GET /runs/crons/{cron_id}": "in today's document",
    "PATCH /runs/crons/{cron_id}": "in today's document",
    "GET /runs/{run_id}/stream": "what `Location` of POST /runs/stream names",
    "GET /webhooks/deliveries": "of our own: the log of webhooks",
    "POST /webhooks/deliveries/{delivery_id}/redeliver": "of our own",
    "GET /threads/{thread_id}/storage": "in today's document",
    "POST /threads/prune": "in today's document",
    "PATCH /threads/{thread_id}/state": "in 0.1.0; gone from the newer documents",
    "POST /threads/{thread_id}/commands": "in today's document",
    "POST /threads/{thread_id}/stream": "the Agent Protocol's address of the next",
    "POST /threads/{thread_id}/stream/events": "in today's document",
}


def resolved(whole: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a part refers to, or itself."""
    while "$ref" in part:
        found: Any = whole
        for key in part["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        part = found
    return part


def fields(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    """The fields of an object, in all its alternatives."""
    schema = resolved(whole, schema)
    found = set(schema.get("properties", ()))
    for word in ("anyOf", "oneOf", "allOf"):
        for each in schema.get(word, ()):
            found |= fields(whole, each)
    return found


def facts(whole: Mapping[str, Any]) -> dict[str, set[str]]:
    """Of each operation: its parameters, the fields of its body, its statuses."""
    found: dict[str, set[str]] = {}
    for path, methods in whole["paths"].items():
        for method, row in methods.items():
            if method == "parameters":
                continue
            told = found[f"{method.upper()} {path}"] = {f"status {s}" for s in row["responses"]}
            for each in (*methods.get("parameters", ()), *row.get("parameters", ())):
                parameter = resolved(whole, each)
                told.add(f"{parameter['in']} {parameter['name']}")
            body = resolved(whole, row.get("requestBody", {}))
            for content in body.get("content", {}).values():
                told |= {f"field {name}" for name in fields(whole, content["schema"])}
    return found


def published(version: str) -> dict[str, set[str]]:
    """The facts of a published document, without operations that are planned here."""
    told = facts(json.loads(FILES[version].read_text(encoding="utf-8")))
    planned = {f"{method} {path}" for method, path in PLANNED}
    return {name: each for name, each in told.items() if name not in planned}


def unexplained(
    more: Mapping[str, set[str]], less: Mapping[str, set[str]], known: tuple[Difference, ...]
) -> Iterator[str]:
    """What only `more` has, without a reason."""
    for name, told in more.items():
        for fact in sorted(told - less.get(name, set())):
            if not any(_explains(each, name, fact) for each in known):
                yield f"{name}: {fact}"


def _explains(difference: Difference, name: str, fact: str) -> bool:
    return fact in difference.facts and (
        difference.operations == ANY or name in difference.operations
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_what_was_published_is_here_or_has_a_reason(version: str) -> None:
    ours, theirs = facts(document(TABLES, BUILT, ())), published(version)
    assert not set(theirs) - set(ours)
    assert list(unexplained(theirs, ours, THEIRS)) == []


def test_what_is_here_was_published_or_has_a_reason() -> None:
    ours, theirs = facts(document(TABLES, BUILT, ())), published(NEWEST)
    assert set(ours) - set(theirs) == set(OPERATIONS_OF_OUR_OWN)
    shared = {name: told for name, told in ours.items() if name in theirs}
    assert list(unexplained(shared, theirs, OURS)) == []


def test_every_reason_is_needed() -> None:
    ours = facts(document(TABLES, BUILT, ()))
    newest = published(NEWEST)
    for side, known in (("theirs", THEIRS), ("ours", OURS)):
        for each in known:
            for fact in each.facts:
                sides = [(published(v), ours) for v in VERSIONS]
                pairs = sides if side == "theirs" else [(ours, newest)]
                needed = any(
                    fact in told and fact not in less.get(name, set())
                    for more, less in pairs
                    for name, told in more.items()
                    if each.operations == ANY or name in each.operations
                )
                assert needed, (side, fact)
