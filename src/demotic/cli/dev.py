"""`demotic dev`: finds a configuration, takes a port, serves and follows changes."""

import functools
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from socket import socket
from typing import Any

import click

from demotic.cli.announce import announce
from demotic.cli.app import clean_errors, say, show_warnings
from demotic.cli.listening import check_hosts, listen, listen_beside, listen_near
from demotic.cli.options import flags_of, serving_options
from demotic.cli.restarting import Restart, kept_listeners
from demotic.cli.serving import EXAMPLE, Plan, choose_config, serve_here, sought
from demotic.config import FILE_NAME, Config, Settings

DEFAULTS = {"drain_s": 5.0, "local_origins": True, "stuck_limit": 0}

ELSEWHERE = {
    "--allow-blocking": "Blocking code is always allowed here. Leave it out.",
    "--debug-port": "Use: python -m debugpy --listen PORT -m demotic dev --no-reload",
    "--ssl-certfile": "Let a proxy in front speak TLS.",
    "--ssl-keyfile": "Let a proxy in front speak TLS.",
    "--studio-url": "There is no Studio yet.",
    "--tunnel": "Use a tunnel program of your choice on the port.",
    "--wait-for-client": "Use: python -m debugpy --wait-for-client --listen PORT -m demotic dev"
    " --no-reload",
}
"""Options of `langgraph dev` that are not here, and what to do instead."""


class _Dev(click.Command):
    """Tells who comes from `langgraph dev` what to do without its options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the arguments."""
        for given in args:
            name = given.partition("=")[0]
            if name in ELSEWHERE:
                ctx.fail(f"There is no option {name}. {ELSEWHERE[name]}")
        return super().parse_args(ctx, args)


@click.command("dev", cls=_Dev, short_help="Serve on this machine, and follow changes.")
@serving_options
@click.option("--no-browser", is_flag=True, help="Do not open the browser.")
@click.option("--no-reload", is_flag=True, help="Do not restart when files change.")
@clean_errors
def command(
    config: Path | None, insecure: bool, no_browser: bool, no_reload: bool, **options: Any
) -> None:
    """Serve the graphs of a langgraph.json on this machine, and restart when files change."""
    path = choose_config(config) or _example()
    plan = Plan(path, flags_of(options), DEFAULTS, browser=not no_browser)
    read, settings = plan.read()
    if not insecure:
        check_hosts(settings)
    show_warnings(read.warnings)
    kept = kept_listeners()
    with ExitStack() as stack:
        listeners = kept or [_take_port(plan, read, settings), *listen_beside(settings)]
        for each in listeners:
            stack.enter_context(each)
        if no_reload or plan.is_example:
            shown = replace(plan, browser=plan.browser and not kept)
            ready, restart = functools.partial(announce, shown), Restart(listeners)
            serve_here(plan, listeners, ready, shown=read.warnings, dev=True, restart=restart)
        else:
            from demotic.cli.reload import Reloader  # what it watches with, only it needs

            Reloader(plan, listeners, read, settings).run()


def _example() -> Path:
    """The example's configuration, because there is no other."""
    click.secho(
        f"No {FILE_NAME} found: looked for {sought(None)}\n"
        "Serving the packaged EXAMPLE instead. To serve your own graphs, start where your "
        f"{FILE_NAME} is, or name it with --config.",
        fg="yellow",
        err=True,
    )
    return EXAMPLE


def _take_port(plan: Plan, config: Config, settings: Settings) -> socket:
    """The port that was asked for; if none was and the usual one is taken, another."""
    if plan.flags["port"] is not None or config.environment(os.environ).get("PORT", "").strip():
        return listen(settings.host, settings.port)
    listener = listen_near(settings.host, settings.port)
    if (port := listener.getsockname()[1]) != settings.port:
        say(f"Port {settings.port} is taken by another program: serving on {port} instead.")
    return listener
