"""The operations that start runs, as tests ask them: on a thread, alone, several, by the clock."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import httpx
import msgspec

from demotic.dialects.langgraph.openapi.tables import TABLES
from demotic.domain.runs import Run
from dialects.langgraph.langgraph_http import AGENT, Wire

THREAD = "00000000-0000-7000-8000-000000000001"
EVERY_MINUTE = "* * * * *"

Given = Mapping[str, Any]
NOTHING: Given = MappingProxyType({})


@dataclass(frozen=True)
class Way:
    """An operation that starts runs; `patches` a cron that is there already."""

    path: str
    method: str = "POST"

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def on_thread(self) -> bool:
        """Whether the run is on a thread that the path names."""
        return "{thread_id}" in self.path

    @property
    def by_clock(self) -> bool:
        """Whether the run begins when a cron is due."""
        return "crons" in self.path

    @property
    def refused(self) -> tuple[str, ...]:
        """Fields of the body that are refused here."""
        return TABLES.operations[self.method, self.path].refused

    @property
    def fields(self) -> set[str]:
        """Fields that the body may have."""
        body = TABLES.operations[self.method, self.path].body
        assert body is not None
        return {each.encode_name for each in msgspec.structs.fields(body)} - {*self.refused}

    async def ask(
        self, wire: Wire, options: Given = NOTHING, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """The answer; the thread of the path is `THREAD`."""
        path = self.path.replace("{thread_id}", THREAD)
        if self.method == "PATCH":
            made = await Way("/runs/crons").ask(wire)
            path = path.replace("{cron_id}", made.json()["cron_id"])
            return await wire.ask(self.method, path, {**options}, headers)
        body = {"assistant_id": AGENT, **options}
        if self.by_clock:
            body = {"schedule": EVERY_MINUTE, **body}
        many = self.path.endswith("/batch")
        return await wire.ask(self.method, path, [body] if many else body, headers)

    async def run(self, wire: Wire, options: Given = NOTHING) -> Run:
        """What the agent is asked in the end."""
        seen = len(wire.house.agent.runs)
        answer = await self.ask(wire, options)
        assert answer.status_code == 200, answer.text
        if not self.by_clock:
            return await nth_run(wire, seen)
        row = answer.json()
        due = datetime.fromisoformat(row["next_run_date"])
        wire.house.clock.set(int(due.timestamp()) * 1_000_000)
        run = await nth_run(wire, seen)
        await wire.ask("DELETE", f"/runs/crons/{row['cron_id']}")
        return run


async def nth_run(wire: Wire, index: int) -> Run:
    """A run that the agent has been asked for, from 0 on; within 5 s."""
    async with asyncio.timeout(5):
        while True:
            if index < len(runs := wire.house.agent.runs):
                return runs[index]
            await asyncio.sleep(0)


CREATE, STREAM, WAIT = (Way("/threads/{thread_id}/runs" + end) for end in ("", "/stream", "/wait"))
ALONE, STREAM_ALONE, WAIT_ALONE = (Way("/runs" + end) for end in ("", "/stream", "/wait"))
BATCH = Way("/runs/batch")
CRON_ON_THREAD, CRON = Way("/threads/{thread_id}/runs/crons"), Way("/runs/crons")
CHANGED_CRON = Way("/runs/crons/{cron_id}", "PATCH")

ON_THREAD = (CREATE, STREAM, WAIT)
STATELESS = (ALONE, STREAM_ALONE, WAIT_ALONE, BATCH)
AT_ONCE = (*ON_THREAD, *STATELESS)
BY_CLOCK = (CRON_ON_THREAD, CRON, CHANGED_CRON)
EVERY = (*AT_ONCE, *BY_CLOCK)
