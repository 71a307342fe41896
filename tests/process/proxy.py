"""A TCP proxy whose connections break where a test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class CuttingProxy:
    """Forwards to a port on this machine, and cuts the answers.

    Each of `cuts` breaks one connection: the next answer whose bytes contain it is forwarded up
    to the end of it, then the connection is reset. Afterwards everything passes.
    """

    def __init__(self, target: int, *cuts: bytes) -> None:
        self.port = 0
        self.cuts = list(cuts)
        self._target = target
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        sending = asyncio.create_task(_copy(reader, far_writer))
        await self._answer(far_reader, writer)
        for each in (writer, far_writer):
            each.transport.abort()
            self._open.discard(each)
        await sending

    async def close(self) -> None:
        """Break what is open."""
        for each in self._open:
            each.transport.abort()
        await asyncio.gather(*self._serving)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = b""
        with suppress(OSError):
            while chunk := await reader.read(65536):
                seen += chunk
                if self.cuts and self.cuts[0] in seen:
                    end = seen.index(self.cuts[0]) + len(self.cuts[0])
                    self.cuts.pop(0)
                    writer.write(chunk[: len(chunk) - (len(seen) - end)])
                    await writer.drain()
                    return
                writer.write(chunk)
                await writer.drain()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


@asynccontextmanager
async def cutting_proxy(target: int, *cuts: bytes) -> AsyncIterator[CuttingProxy]:
    """A `CuttingProxy` at work."""
    proxy = CuttingProxy(target, *cuts)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.close()
        await server.wait_closed()
