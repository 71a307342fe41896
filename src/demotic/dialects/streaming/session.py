"""One WebSocket connection: its subscriptions, and what they are told."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from demotic.dialects.streaming import looking, translate, wire
from demotic.dialects.streaming.channels import Filter
from demotic.dialects.streaming.commands import HANDLERS, Handler, answered
from demotic.dialects.streaming.errors import SubscriptionNotFound
from demotic.dialects.streaming.parted import Parted
from demotic.dialects.streaming.starting import Call, Done
from demotic.dialects.streaming.stream import snapshot
from demotic.dialects.streaming.told import Told, through
from demotic.dialects.streaming.view import View, reads_from, wanted
from demotic.domain.errors import BadInput
from demotic.domain.events import Ended, Event
from demotic.engine.follow_thread import ThreadFollowing

MAX_SUBSCRIPTIONS = 1000

Got = Sequence[Event] | Ended | None
Send = Callable[[str], Awaitable[None]]


class Session:
    """The subscriptions of one connection to a thread. Each event is sent once, however many of
    them want it."""

    def __init__(self, call: Call, send: Send, parted: Parted) -> None:
        self._call, self._send, self._parted = call, send, parted
        self._filters: dict[str, Filter] = {}
        self._following: ThreadFollowing | None = None
        self._view: View | None = None
        self._next: asyncio.Future[Got] | None = None
        self._to_tell: list[Told] = []  # after the answer to the command at hand
        self._handlers: Mapping[str, Handler] = {
            **HANDLERS,
            "subscription.subscribe": self._subscribe,
            "subscription.unsubscribe": self._unsubscribe,
            "subscription.reconnect": self._reconnect,
        }

    async def tell_until(self, other: "asyncio.Future[bytes]") -> None:
        """Tell events until `other` is done."""
        while not other.done():
            waiting: set[asyncio.Future[Any]] = {other}
            if self._following is not None:
                self._next = self._next or asyncio.ensure_future(self._following.next())
                waiting.add(self._next)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            await self._tell_next()

    async def obey(self, asked: wire.Command) -> None:
        """Carry out a command and answer it."""
        answer = await answered(self._call, asked, self._handlers)
        await self._send(answer.decode())
        told, self._to_tell = self._to_tell, []
        await self._tell(told)

    async def close(self) -> None:
        """The connection has ended; its subscriptions may be taken up again."""
        self._parted.keep(self._call.thread_id, self._filters)
        await self._stop()

    async def _subscribe(self, call: Call, params: Mapping[str, Any]) -> Done:
        """subscription.subscribe: what is recent is told again, and how much that is."""
        if len(self._filters) >= MAX_SUBSCRIPTIONS:
            raise BadInput(f"A connection has at most {MAX_SUBSCRIPTIONS} subscriptions.")
        body = wire.read(params, wire.Subscribe)
        id, shown = str(uuid4()), translate.subscription(body)
        replayed = await self._attach({id: shown}, translate.since(body))
        return Done({"subscription_id": id, "replayed_events": replayed})

    async def _unsubscribe(self, call: Call, params: Mapping[str, Any]) -> Done:
        """subscription.unsubscribe."""
        body = wire.read(params, wire.Unsubscribe)
        if self._filters.pop(body.subscription_id, None) is None:
            raise SubscriptionNotFound(f"There is no subscription {body.subscription_id} here.")
        if not self._filters:
            await self._stop()
        return Done({})

    async def _reconnect(self, call: Call, params: Mapping[str, Any]) -> Done:
        """subscription.reconnect: take up subscriptions of a connection that broke."""
        body = wire.read(params, wire.Reconnect)
        run = await call.engine.runs.get(call.thread_id, body.run_id, call.scope)
        asked = body.subscriptions or []
        found = {id: self._parted.take(call.thread_id, id) for id in asked}
        restored = {id: shown for id, shown in found.items() if shown is not None}
        all_of_them = bool(asked) and len(restored) == len(asked)
        told = await looking.reconnection(call, run, body, restored=all_of_them)
        if restored:
            after = await looking.position_of(call, run, body.last_event_id)
            told["missed_events"] = await self._attach(restored, after)
        return Done(told)

    async def _attach(self, filters: Mapping[str, Filter], since: int | None) -> int:
        """Add subscriptions; how much is told to them of what has happened so far.

        The thread is read once more, from their beginning on, and then followed further from
        there for all: so the beginnings of what goes on are known for every subscription.
        """
        await self._pause()
        engine, thread_id, scope = self._call.engine, self._call.thread_id, self._call.scope
        old, known = self._following, [*self._filters.values()]
        span = await engine.threads.span(thread_id)
        after = through(span.before_recent) if since is None else since
        now = max(span.last, old.position) if old else span.last
        new = [*filters.values()]
        told: list[Told] = []
        if since is None and span.last == span.before_recent:
            told = wanted(await snapshot(engine, thread_id, scope, after), new)
        following = await engine.threads.follow(
            thread_id, scope, after=reads_from(after), or_awaited=True
        )
        channels = frozenset().union(*(f.channels for f in (*known, *new)))
        view = View(engine, channels, after)
        shown_to_old = old.position if old else now
        later: list[Told] = []
        try:
            while following.position < now and (got := await following.next(0)) is not None:
                if isinstance(got, Ended):
                    later += wanted(view.ended(got), [*known, *new])
                    continue
                before = [e for e in got if e.seq <= shown_to_old]
                told += wanted(await view.events(before), new)
                rest = [e for e in got if e.seq > shown_to_old]
                later += wanted(await view.events(rest), [*known, *new])
        except BaseException:
            following.close()
            raise
        if old:
            old.close()
        self._following, self._view = following, view
        self._filters.update(filters)
        self._to_tell += [*told, *later]
        return len(told)

    async def _stop(self) -> None:
        """Follow no more."""
        await self._pause()
        if self._following is not None:
            self._following.close()
        self._following = self._view = None

    async def _pause(self) -> None:
        """Wait for nothing; what has come already is told."""
        if self._next is not None and not self._next.done():
            self._next.cancel()
            await asyncio.wait([self._next])
        await self._tell_next()

    async def _tell_next(self) -> None:
        """Tell what the follower has got, if it has."""
        if self._next is None or not self._next.done():
            return
        done, self._next = self._next, None
        if done.cancelled() or self._view is None:
            return
        got, filters = done.result(), [*self._filters.values()]
        if isinstance(got, Ended):
            await self._tell(wanted(self._view.ended(got), filters))
        elif got:
            await self._tell(wanted(await self._view.events(got), filters))

    async def _tell(self, told: Sequence[Told]) -> None:
        for each in told:
            await self._send(each.json().decode())
