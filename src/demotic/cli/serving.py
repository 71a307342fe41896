"""Serving in this process: what was asked for, read and done."""

import functools
import os
import signal
import socket
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import demotic
from demotic import logs
from demotic.cli.app import show_warnings
from demotic.cli.lean import lean
from demotic.config import (
    FILE_NAME,
    Config,
    ConfigError,
    Settings,
    find_config,
    read_config,
    read_settings,
)

EXAMPLE = Path(demotic.__file__).parent / "example" / FILE_NAME


@dataclass(frozen=True, slots=True)
class Plan:
    """What a command was asked to serve. Travels to the serving process."""

    config: Path
    flags: Mapping[str, Any]
    defaults: Mapping[str, Any]
    browser: bool = False

    @property
    def is_example(self) -> bool:
        """Whether it is the packaged example that is served."""
        return self.config == EXAMPLE

    def read(self) -> tuple[Config, Settings]:
        """Read the configuration and the settings, as they are now."""
        config = read_config(self.config)
        base = Path.cwd() / ".demotic" / "example"
        data_dir = base if self.is_example else config.directory / ".demotic"
        defaults = {"data_dir": data_dir, **self.defaults}
        return config, read_settings(self.flags, config.environment(os.environ), defaults)


def choose_config(asked: Path | None) -> Path | None:
    """The configuration that is asked for, by option or by variable, or found here; None: none.

    A file that need not be there, because variables hold what would be in it, is one, too.
    """
    option, chosen = "--config", asked
    if chosen is None and (variable := os.environ.get("LANGGRAPH_CONFIG", "").strip()):
        option, chosen = "LANGGRAPH_CONFIG", Path(variable)
    if found := find_config(chosen or Path(FILE_NAME)):
        return found
    if chosen:
        raise ConfigError(f"There is no configuration file {sought(chosen)}. Correct {option}.")
    return sought(None) if os.environ.get("LANGSERVE_GRAPHS", "").strip() else None


def sought(asked: Path | None) -> Path:
    """Where the configuration would have been."""
    path = (asked or Path(FILE_NAME)).absolute()
    return path / FILE_NAME if path.is_dir() else path


Ready = Callable[[Config, Settings], None]


Warn = Callable[[Iterable[str]], None]


def serve_here(
    plan: Plan,
    listeners: Sequence[socket.socket],
    ready: Ready,
    *,
    shown: Iterable[str] = (),
    warn: Warn = show_warnings,
    dev: bool = False,
    restart: Callable[[], NoReturn] | None = None,
    stopped: Callable[[], None] = lambda: None,
) -> None:
    """Serve until a signal asks to stop, then call `stopped`.

    `listeners` are the server's own socket and those of the settings' further listeners.

    `shown` are the warnings that were told already; in `dev`, code that blocks the event loop is
    reported; `restart` begins anew, with the listeners, when code of agents that does not stop
    demands it.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        config, settings = plan.read()
        settings = _with_ports(settings, [each.getsockname()[1] for each in listeners])
        config.enter()
        logs.configure(settings.log_level, json=settings.log_json, color=settings.log_color)
        warn(each for each in config.warnings if each not in shown)
        # Whoever only watches over the serving process needs none of what the server imports,
        # and LangGraph reads some variables, which the configuration may hold, when imported.
        with lean():
            from demotic.server import leave_stuck_threads, serve

        on_ready = functools.partial(ready, config, settings)
        # The server closes its sockets; whoever gave them may need them once more.
        own = [each.dup() for each in listeners]
        with suppress(KeyboardInterrupt):  # how the end of a graceful stop arrives, too
            serve(config, settings, sockets=own, on_ready=on_ready, dev=dev, restart=restart)
        stopped()
        leave_stuck_threads()


def _with_ports(settings: Settings, ports: Sequence[int]) -> Settings:
    """The settings with the ports that were taken."""
    beside = [
        each._replace(port=port) for each, port in zip(settings.listeners, ports[1:], strict=False)
    ]
    return replace(settings, port=ports[0], listeners=tuple(beside))


def urls_beside(settings: Settings) -> dict[str, str]:
    """Where the further listeners answer, by dialect."""
    return {each.dialect: _url(each.host, each.port) for each in settings.listeners}


def url_of(config: Config, settings: Settings) -> str:
    """Where the server answers, as this machine reaches it."""
    prefix = settings.mount_prefix or config.http.mount_prefix
    return f"{_url(settings.host, settings.port)}{prefix}"


def _url(host: str, port: int) -> str:
    if host in ("", "0.0.0.0"):
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    place = f"[{host}]" if ":" in host else host
    return f"http://{place}:{port}"


def origin_of(config: Config) -> str:
    """Where the graphs were named."""
    return str(config.path) if config.path.is_file() else "the graphs of LANGSERVE_GRAPHS"
