"""Reads a stream that is silent for longer than heartbeats are apart; run by an interpreter that
has agntcy-acp.

Arguments: the URL of the mount, and `sync` or `async`. Prints the statuses of the events.
"""

import asyncio
import json
import sys
from importlib import import_module
from typing import Any

acp: Any = import_module("agntcy_acp")
models: Any = import_module("agntcy_acp.models")


async def read(url: str, new: Any) -> list[Any]:
    """The whole stream."""
    configuration = acp.ApiClientConfiguration(host=url)
    async with acp.AsyncACPClient(configuration=configuration) as client:
        return [event async for event in client.create_and_stream_stateless_run_output(new)]


def main(url: str, kind: str) -> None:
    """Read, and tell."""
    new = models.RunCreateStateless(input={"name": "slow one"})
    if kind == "async":
        events = asyncio.run(read(url, new))
    else:
        configuration = acp.ApiClientConfiguration(host=url)
        with acp.ACPClient(configuration=configuration) as client:
            events = list(client.create_and_stream_stateless_run_output(new))
    by_id = {event.id: event.data.actual_instance.status for event in events}
    print(json.dumps(list(by_id.values())))


if __name__ == "__main__":
    main(*sys.argv[1:])
