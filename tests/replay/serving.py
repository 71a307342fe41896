"""The server to which recorded exchanges are sent again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from starlette.types import ASGIApp

from demotic.config import Config, GraphSpec, Webhooks, read_settings
from demotic.server import engine_of, make_app
from replay.graphs import GRAPHS


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[ASGIApp]:
    """The whole application, with the graphs of the recordings and its data in a folder."""
    config = Config(
        path=folder / "langgraph.json",
        directory=folder,
        graphs={name: GraphSpec(f"graphs.py:{name}") for name in GRAPHS},
        webhooks=Webhooks(disable_loopback=False),
    )
    settings = replace(read_settings({}, {}, {"data_dir": folder}), allowed_hosts=("test",))
    async with engine_of(config, settings, GRAPHS) as hosting:
        yield make_app(hosting, config, settings)
