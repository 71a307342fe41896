"""Which modules of Demotic one streamed run crosses, in order: measured, not drawn.

Starts the application in this process with a graph that echoes, sends it one
`POST /threads/{thread_id}/runs/stream`, and watches every function that is called meanwhile, in
every thread. Each module is listed where a function written in it is first entered.

A *station* is a module that hands the run on into another room; the others help their own room.
`domain` and `ports` hold words and rules, which every room shares: they are no stations.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from starlette.types import ASGIApp, Message, Scope

import demotic
from demotic import logs
from demotic.config import Config, Settings, read_config, read_settings
from demotic.server import Graphs, engine_of, load_graphs, make_app

SOURCE = Path(demotic.__file__).parent

GRAPH = """
import asyncio
from langgraph.graph import START, MessagesState, StateGraph

async def echo(state):
    await asyncio.sleep(0.05)  # long enough for events to be written while the run is at work
    return {"messages": [("ai", state["messages"][-1].content)]}

builder = StateGraph(MessagesState)
builder.add_node("echo", echo)
builder.add_edge(START, "echo")
graph = builder.compile()
"""

BODY = {"assistant_id": "echo", "input": {"messages": [{"role": "user", "content": "Hello"}]}}

GOAL = 18
"""At most so many stations."""

WORDS = ("domain", "ports")

HEIGHTS = {"server": 4, "dialects": 3, "engine": 2, "storage": 1, "agents": 1}
"""Rooms from the client's side down. `web` is around the dialects and a kit beneath them, so it
counts as neither up nor down."""

WAYS_UP = {
    "engine.recorder": "the port Sink: an agent hands its events to the feed",
    "server.app": "handlers ask it for the engine that is at work",
}
"""The modules that a lower room may enter, and why."""

BACKGROUND = frozenset({"engine.heartbeat", "engine.janitors"})
"""Duties with a timer of their own, which no request enters."""

KIT = frozenset({"web.choosing"})
"""Checks of names, which every dialect uses: they hand nothing on."""

TASKS = "agents.langgraph.exits"
"""The event loop's task factory: whoever starts a task goes through it."""


def room(module: str) -> str:
    """The room of a module."""
    return module.partition(".")[0]


def module_of(frame: FrameType) -> str:
    """The module of Demotic in which a frame's code is written, without the package's name."""
    file = Path(frame.f_code.co_filename)
    if frame.f_code.co_name == "<module>" or not file.is_relative_to(SOURCE):
        return ""
    return ".".join(file.relative_to(SOURCE).with_suffix("").parts)


def caller_of(frame: FrameType, module: str) -> str:
    """The nearest other module of Demotic up the stack; empty for the event loop."""
    back = frame.f_back
    while back is not None:
        found = module_of(back)
        if found and found != module:
            return found
        back = back.f_back
    return ""


@dataclass
class Way:
    """What was seen: the first function entered in each module, and who called whom."""

    entered: dict[str, str] = field(default_factory=dict)
    calls: dict[tuple[str, str], None] = field(default_factory=dict)

    def take(self, frame: FrameType, event: str, _: Any) -> None:
        """Note a call; this is a profile function."""
        module = module_of(frame) if event == "call" else ""
        if not module or module in BACKGROUND | KIT:
            return
        self.entered.setdefault(module, frame.f_code.co_qualname)
        self.calls.setdefault((caller_of(frame, module), module))

    @property
    def stations(self) -> list[str]:
        """The modules that hand the run on into another room, in the order they are entered."""
        handing = {a for a, b in self.calls if room(a) != room(b) and room(b) not in WORDS}
        handing.discard(TASKS)
        return [module for module in self.entered if module in handing]

    @property
    def climbs(self) -> list[tuple[str, str]]:
        """The calls from a lower room into a higher one."""
        return [
            (a, b)
            for a, b in self.calls
            if room(a) in HEIGHTS and room(b) in HEIGHTS and HEIGHTS[room(a)] < HEIGHTS[room(b)]
        ]

    @property
    def unexpected_climbs(self) -> list[tuple[str, str]]:
        """Those that are not one of the ways up."""
        return [(a, b) for a, b in self.climbs if b not in WAYS_UP]


async def call(app: ASGIApp, path: str, body: Any) -> bytes:
    """POST a JSON body; the whole answer."""
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2024),
    }
    asked, chunks = False, list[bytes]()

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # the client stays
        asked = True
        return {"type": "http.request", "body": json.dumps(body).encode()}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(chunks)


async def measure(config: Config, settings: Settings, graphs: Graphs) -> Way:
    """The way of one streamed run, taken after a first one has warmed everything up."""
    way: Way | None = None

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if way is not None:
            way.take(frame, event, argument)

    threading.setprofile(watch)  # for the threads of the storage, which start now
    async with engine_of(config, settings, graphs) as hosting:
        app = make_app(hosting, config, settings)
        thread = json.loads(await call(app, "/threads", {}))["thread_id"]
        path = f"/threads/{thread}/runs/stream"
        await call(app, path, BODY)
        await asyncio.sleep(0.05)  # the worker looks for more work once a run has ended
        way = seen = Way()
        sys.setprofile(watch)
        answer = await call(app, path, BODY)
        sys.setprofile(None)
        way = None
    if b"event: values" not in answer:
        raise RuntimeError(f"The run did not stream its state: {answer!r}")
    return seen


def measured() -> Way:
    """The way of one streamed run through a fresh server."""
    logs.configure("ERROR")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "echo_graph.py").write_text(GRAPH)
        file = home / "langgraph.json"
        file.write_text(json.dumps({"graphs": {"echo": "./echo_graph.py:graph"}}))
        config = read_config(file, {})
        settings = read_settings({}, {}, {"data_dir": home / "data"})
        return asyncio.run(measure(config, settings, load_graphs(config)))


def table(way: Way) -> str:
    """The list for people; a star marks a station."""
    stations = set(way.stations)
    lines = [
        f"{number:2} {'*' if module in stations else ' '} {module:32} {function}"
        for number, (module, function) in enumerate(way.entered.items(), 1)
    ]
    climbs = [f"{a} > {b}" for a, b in way.climbs]
    return "\n".join(
        [
            *lines,
            "",
            f"modules  {len(way.entered)}",
            f"stations {len(stations)} (goal: at most {GOAL})",
            f"up       {', '.join(climbs)}",
        ]
    )


def main() -> None:
    """Print the list; exit with 1 when there are too many stations, or another way up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print modules and stations as JSON")
    as_json = parser.parse_args().json
    way = measured()
    if as_json:
        found = {"modules": list(way.entered), "stations": way.stations, "climbs": way.climbs}
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write(table(way) + "\n")
    sys.exit(bool(way.unexpected_climbs) or len(way.stations) > GOAL)


if __name__ == "__main__":
    main()
