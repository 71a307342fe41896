"""Calls every operation of agntcy-acp's API classes in every variant; run by an interpreter that
has the package.

Arguments: the URL of the mount, and `sync` or `async`. Prints the names of the operations it has
called, by variant.
"""

import asyncio
import inspect
import json
import sys
from importlib import import_module
from typing import Any

from process.acp_scripts.tour import STREAMS, VARIANTS, Client, everything, plain, raw_events

acp: Any = import_module("agntcy_acp")


class AcpClient(Client):
    """The official client."""

    def __init__(self, url: str, kind: str, variant: str) -> None:
        super().__init__(url, variant, import_module("agntcy_acp.models"))
        self.is_async = kind == "async"
        self._loop = asyncio.new_event_loop()
        configuration = acp.ApiClientConfiguration(host=url, retries=1)
        if self.is_async:
            self._client = self._run(self._open(configuration))
        else:
            self._client = acp.ACPClient(configuration=configuration)

    def close(self) -> None:
        """Let go of connections."""
        if self.is_async:
            self._run(self._client.api_client.close())

    def ask(self, name: str, *arguments: Any, **options: Any) -> tuple[int, Any]:
        """Status and content of an answer, as plain data; of a stream, its events once each."""
        self.called.add(name)
        is_stream = name.startswith(STREAMS)
        variant = self.variant
        if is_stream and not (variant == "plain" and self._reads_streams(name)):
            variant = "_without_preload_content"  # the others take a whole stream for one event
        call = getattr(self._client, name + ("" if variant == "plain" else variant))
        try:
            if is_stream and variant == "plain":
                return 200, self._events(call(*arguments, **options))
            answer = (
                self._run(call(*arguments, **options))
                if self.is_async
                else call(*arguments, **options)
            )
            return self._read(answer, variant, is_stream)
        except acp.ApiException as error:
            assert isinstance(error.data, (str, type(None))), error.data
            return error.status, error.data

    def _read(self, answer: Any, variant: str, is_stream: bool) -> tuple[int, Any]:
        if variant == "plain":
            return 200, plain(answer)
        if variant == "_with_http_info":
            return answer.status_code, plain(answer.data)
        # aiohttp's response, or one with urllib3's inside
        body = self._run(answer.read()) if self.is_async else answer.read()
        if is_stream and answer.status == 200:
            return 200, [json.loads(each) for each in raw_events(body)]
        return answer.status, json.loads(body) if body else None

    def _events(self, stream: Any) -> list[Any]:
        """The data of each event, once: the client shows the earlier ones again and again."""
        found = self._run(self._all(stream)) if self.is_async else list(stream)
        by_id = {event.id: plain(event.data) for event in found}
        ids = [int(id) for id in by_id]
        assert ids == sorted(ids), ids
        return list(by_id.values())

    def _reads_streams(self, name: str) -> bool:
        """Whether this version's own call reads a stream event by event."""
        function = inspect.unwrap(getattr(type(self._client), name))
        return inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function)

    async def _open(self, configuration: Any) -> Any:
        return acp.AsyncACPClient(configuration=configuration)

    async def _all(self, stream: Any) -> list[Any]:
        return [event async for event in stream]

    def _run(self, awaitable: Any) -> Any:
        return self._loop.run_until_complete(awaitable)


def client(url: str) -> Client:
    """A client of a place."""
    return AcpClient(url, "sync", "plain")


def main(url: str, kind: str) -> None:
    """Call everything in every way."""
    called = {variant: everything(AcpClient(url, kind, variant)) for variant in VARIANTS}
    print(json.dumps({"version": acp.ACP_VERSION, "called": called}))


if __name__ == "__main__":
    main(*sys.argv[1:])
