"""From wire to engine words: crons, which the engine calls schedules; pure.

A cron's body is kept as it came, as far as it is understood: that is its `payload`. A patch is
laid over it, and the whole is read again, so that nothing can be changed into what could not
have been created.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from demotic.dialects.langgraph.choices import CRON_SORT, ON_COMPLETION, SORT_ORDER
from demotic.dialects.langgraph.compat import TODAY, Compat
from demotic.dialects.langgraph.errors import NothingToChange
from demotic.dialects.langgraph.translate import assistant_id, limit, new_run, offset
from demotic.dialects.langgraph.wire import RunCreate
from demotic.dialects.langgraph.wire_crons import CronCount, CronCreate, CronPatch, CronSearch
from demotic.domain.errors import BadInput
from demotic.domain.instants import check_expression, check_zone
from demotic.domain.runs import NewRun
from demotic.domain.schedules import NewSchedule, Schedule, ScheduleQuery, Timing
from demotic.web.bodies import as_shape
from demotic.web.choosing import choose, uuid

Given = Mapping[str, Any]

FIELDS = frozenset(CronCreate.__struct_fields__)
PATCHED = frozenset(CronPatch.__struct_fields__)
RUN_FIELDS = [name for name in RunCreate.__struct_fields__ if name in FIELDS]
"""What a cron says of its runs, in the words of a run's own body."""

ID = "cron_id"
FIRST_YEAR, LAST_YEAR = 1970, 9998


def new_schedule(
    given: Given,
    *,
    cron_id: str,
    thread_id: str | None,
    graphs: Sequence[str],
    compat: Compat = TODAY,
) -> NewSchedule:
    """A cron on a thread, or one whose runs get a thread each (`thread_id` None)."""
    body = as_shape(given, CronCreate)
    if thread_id is not None and body.on_run_completed is not None:
        raise BadInput("`on_run_completed` is for crons without a thread: leave it out.")
    assistant = assistant_id(body.assistant_id, graphs)
    payload = {key: each for key, each in given.items() if key in FIELDS and each is not None}
    payload |= {"assistant_id": assistant, "config": _marked(body.config or {}, cron_id)}
    return NewSchedule(
        id=cron_id,
        timing=_timing(body),
        run=_run(body, cron_id, thread_id, graphs, compat),
        enabled=body.enabled is not False,
        metadata=body.metadata or {},
        reply_format={"payload": payload},
    )


def changed(
    old: Schedule, given: Given, *, graphs: Sequence[str], compat: Compat = TODAY
) -> NewSchedule:
    """PATCH /runs/crons/{cron_id}: metadata is merged, everything else replaced."""
    patch = as_shape(given, CronPatch)
    fields = {key: each for key, each in given.items() if key in PATCHED and each is not None}
    clears_end = "end_time" in given and given["end_time"] is None
    if not fields and not clears_end:
        raise NothingToChange
    payload = {**old.reply_format["payload"], **fields}
    payload["config"] = _unmarked(payload["config"])
    if patch.metadata is not None:
        payload["metadata"] = {**old.metadata, **patch.metadata}
    if clears_end:
        payload.pop("end_time", None)
    return new_schedule(
        payload, cron_id=old.id, thread_id=old.run.thread_id, graphs=graphs, compat=compat
    )


def query(body: CronSearch, graphs: Sequence[str]) -> ScheduleQuery:
    """POST /runs/crons/search; newest first unless it says otherwise."""
    return replace(
        counted(CronCount(body.assistant_id, body.thread_id, body.metadata), graphs),
        enabled=body.enabled,
        limit=limit(body.limit),
        offset=offset(body.offset),
        sort_by=choose("sort_by", body.sort_by or "created_at", CRON_SORT),
        descending=choose("sort_order", body.sort_order or "desc", SORT_ORDER),
    )


def counted(body: CronCount, graphs: Sequence[str]) -> ScheduleQuery:
    """POST /runs/crons/count."""
    return ScheduleQuery(
        assistant_id=body.assistant_id and assistant_id(body.assistant_id, graphs),
        thread_id=body.thread_id and uuid("thread", body.thread_id),
        metadata=body.metadata or {},
        limit=0,
    )


def _run(
    body: CronCreate, cron_id: str, thread_id: str | None, graphs: Sequence[str], compat: Compat
) -> NewRun:
    """What each run is asked for. Run, and thread of its own, tell the cron they are of."""
    choose("on_run_completed", body.on_run_completed or "delete", ON_COMPLETION)
    asked = RunCreate(**{name: getattr(body, name) for name in RUN_FIELDS})
    asked.on_completion = body.on_run_completed
    run = new_run(asked, run_id="", thread_id=thread_id, graphs=graphs, compat=compat)
    return replace(
        run,
        request=replace(run.request, config=_marked(run.request.config, cron_id)),
        metadata={**run.metadata, ID: cron_id},
        thread_metadata={ID: cron_id},
    )


def _timing(body: CronCreate) -> Timing:
    try:
        check_expression(body.schedule)
    except ValueError as error:
        raise BadInput(
            f"Invalid cron schedule: {body.schedule!r}. `schedule` must be a cron expression: "
            "minute, hour, day of month, month, day of week, and seconds if you like; as in "
            f"'*/5 * * * *' for every 5 minutes. Reason: {error}"
        ) from None
    if body.timezone is not None:
        try:
            check_zone(body.timezone)
        except ValueError as error:
            raise BadInput(f"Invalid `timezone`. {error}") from None
    return Timing(expression=body.schedule, zone=body.timezone, end_us=_end_us(body.end_time))


def _end_us(text: str | None) -> int | None:
    """An end in microseconds since 1970; a time without an offset is one of UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not FIRST_YEAR < moment.year <= LAST_YEAR:
        raise BadInput(
            f"`end_time` must be a time as in 2030-12-31T23:59:59Z, after {FIRST_YEAR}; not "
            f"{text!r}."
        )
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1e6)


def _marked(config: Given, cron_id: str) -> dict[str, Any]:
    """A config that tells the cron (LangGraph API 0.16, observed)."""
    return {**config, "configurable": {**(config.get("configurable") or {}), ID: cron_id}}


def _unmarked(config: Given) -> dict[str, Any]:
    """The config as it was given."""
    given = config.get("configurable") or {}
    configurable = {key: each for key, each in given.items() if key != ID}
    rest = {key: each for key, each in config.items() if key != "configurable"}
    return {**rest, "configurable": configurable} if configurable else rest
