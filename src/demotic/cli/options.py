"""Options that the commands which serve share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from demotic.config import COMPAT, DIALECTS, FILE_NAME, LOG_LEVELS

Command = Callable[..., Any]
NAMES = {
    "host": "host",
    "port": "port",
    "data_dir": "data_dir",
    "n_jobs_per_worker": "slots",
    "server_log_level": "log_level",
    "compat": "compat",
    "listen": "listeners",
}
"""The settings that options set."""


def config_option(command: Command) -> Command:
    """The option that names the configuration."""
    text = f"The {FILE_NAME}, or its folder."
    return click.option("-c", "--config", type=click.Path(path_type=Path), help=text)(command)


def data_dir_option(command: Command) -> Command:
    """The option that names the data directory."""
    text = "Where state is kept.  [default: .demotic beside the config]"
    return click.option("--data-dir", help=text)(command)


_SERVING: tuple[Callable[[Command], Command], ...] = (
    click.option("--host", help="Address to listen on.  [default: 127.0.0.1]"),
    click.option(
        "--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 2024; 0: any]"
    ),
    config_option,
    data_dir_option,
    click.option(
        "--n-jobs-per-worker", type=click.IntRange(1), help="Runs at a time.  [default: 100]"
    ),
    click.option(
        "--server-log-level",
        type=click.Choice(LOG_LEVELS, case_sensitive=False),
        help="Least severe log line to write.  [default: INFO]",
    ),
    click.option(
        "--compat",
        type=click.Choice(COMPAT),
        help="Version of LangGraph's API to be like.  [default: today]",
    ),
    click.option(
        "--listen",
        multiple=True,
        metavar="DIALECT=HOST:PORT",
        help=f"Serve a dialect at the root of another address, too: {', '.join(DIALECTS)}.",
    ),
    click.option("--insecure", is_flag=True, help="Allow a host that other machines can reach."),
)


def serving_options(command: Command) -> Command:
    """The options of a server; `flags_of` makes settings of them."""
    for option in reversed(_SERVING):
        command = option(command)
    return command


def flags_of(options: dict[str, Any]) -> dict[str, Any]:
    """Options by the names of the settings they set."""
    given = {**options, "listen": ",".join(options["listen"]) or None}
    return {NAMES[name]: value for name, value in given.items()}
