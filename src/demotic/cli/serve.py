"""`demotic serve`: the server for deployments."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import structlog

import demotic
from demotic.cli.app import clean_errors
from demotic.cli.listening import check_hosts, listen, listen_beside
from demotic.cli.options import flags_of, serving_options
from demotic.cli.restarting import Restart, kept_listeners
from demotic.cli.serving import (
    Plan,
    choose_config,
    origin_of,
    serve_here,
    sought,
    url_of,
    urls_beside,
)
from demotic.config import FILE_NAME, Config, ConfigError, Settings

DEFAULTS = {"drain_s": 180.0, "local_origins": False, "stuck_limit": 20}


@click.command("serve", short_help="Serve in a deployment.")
@serving_options
@clean_errors
def command(config: Path | None, insecure: bool, **options: Any) -> None:
    """Serve the graphs of a langgraph.json in a deployment.

    No reload and no browser; the log is JSON unless it goes to a terminal. SIGTERM lets runs
    reach a safe point first, for 180 seconds at most (BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS): give
    the process at least as long before it is killed.

    Where agents leave too many tasks and threads behind that do not stop (DEMOTIC_STUCK_LIMIT),
    it starts itself again; no run is lost and no connection refused.
    """
    path = choose_config(config)
    if path is None:
        raise ConfigError(
            f"There is no configuration file {sought(None)}. Name one with --config; "
            f"`demotic new` writes a project with a {FILE_NAME}."
        )
    plan = Plan(path, flags_of(options), DEFAULTS)
    _, settings = plan.read()
    if not insecure:
        check_hosts(settings)
    with ExitStack() as stack:
        listeners = kept_listeners() or [
            listen(settings.host, settings.port),
            *listen_beside(settings),
        ]
        for each in listeners:
            stack.enter_context(each)
        restart = Restart(listeners)
        serve_here(
            plan, listeners, _announce, warn=_log_warnings, restart=restart, stopped=_log_stop
        )


def _announce(config: Config, settings: Settings) -> None:
    structlog.get_logger("demotic").info(
        "serving",
        version=demotic.__version__,
        url=url_of(config, settings),
        **{"listen": urls} if (urls := urls_beside(settings)) else {},
        config=origin_of(config),
        agents=list(config.graphs),
        data_dir=str(settings.data_dir),
    )


def _log_stop() -> None:
    structlog.get_logger("demotic").info("stopped")


def _log_warnings(warnings: Iterable[str]) -> None:
    for warning in warnings:
        structlog.get_logger("demotic").warning(warning)
