"""The command line: `demotic dev` finds a configuration, takes its port and serves it."""

import errno
import functools
import ipaddress
import json
import multiprocessing
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import Any

import click
from watchfiles import Change, DefaultFilter, watch

import demotic
from demotic import logs
from demotic.config import (
    FILE_NAME,
    LOG_LEVELS,
    Config,
    ConfigError,
    Settings,
    find_config,
    read_config,
    read_settings,
)
from demotic.domain.errors import DemoticError

EXAMPLE = Path(demotic.__file__).parent / "example" / FILE_NAME
BACKLOG = 2048  # requests that wait while the server starts again
DRAIN_S = 5.0  # how long `dev` lets runs reach a safe point
KILL_AFTER_S = 10.0  # beyond the drain
HELLO = {"role": "user", "content": "Hello"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What `dev` was asked to do. Travels to the serving process."""

    config: Path
    is_example: bool
    flags: Mapping[str, Any]
    browser: bool

    def read(self) -> tuple[Config, Settings]:
        """Read the configuration and the settings, as they are now."""
        config = read_config(self.config)
        return config, read_settings(
            self.flags, config.environment(os.environ), self._defaults(config)
        )

    def _defaults(self, config: Config) -> dict[str, Any]:
        base = Path.cwd() / ".demotic" / "example"
        data_dir = base if self.is_example else config.directory / ".demotic"
        return {"data_dir": data_dir, "drain_s": DRAIN_S}


@click.group(name="demotic", context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(demotic.__version__, prog_name="demotic", message="%(prog)s %(version)s")
def main() -> None:
    """One agent server, every agent protocol."""


def _clean_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Print a known error as one message, without a traceback, and exit with 1."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except DemoticError as error:
            raise click.ClickException(error.message) from None

    return run


@main.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on.  [default: 2024; 0: any]"
)
@click.option(
    "-c", "--config", type=click.Path(path_type=Path), help=f"The {FILE_NAME}, or its folder."
)
@click.option("--data-dir", help="Where state is kept.  [default: .demotic beside the config]")
@click.option("--n-jobs-per-worker", type=click.IntRange(1), help="Runs at a time.  [default: 100]")
@click.option(
    "--server-log-level",
    type=click.Choice(LOG_LEVELS, case_sensitive=False),
    help="Least severe log line to write.  [default: INFO]",
)
@click.option("--no-browser", is_flag=True, help="Do not open the browser.")
@click.option("--no-reload", is_flag=True, help="Do not restart when files change.")
@click.option("--insecure", is_flag=True, help="Allow a host that other machines can reach.")
@_clean_errors
def dev(
    host: str | None,
    port: int | None,
    config: Path | None,
    data_dir: str | None,
    n_jobs_per_worker: int | None,
    server_log_level: str | None,
    no_browser: bool,
    no_reload: bool,
    insecure: bool,
) -> None:
    """Serve the graphs of a langgraph.json on this machine, and restart when files change."""
    flags = {
        "host": host,
        "port": port,
        "data_dir": data_dir,
        "slots": n_jobs_per_worker,
        "log_level": server_log_level,
    }
    path, is_example = _choose_config(config)
    plan = Plan(path, is_example, flags, browser=not no_browser)
    read, settings = plan.read()
    if not insecure:
        _check_host(settings.host)
    _show_warnings(read.warnings)
    with listen(settings.host, settings.port) as listener:
        if no_reload or is_example:
            _serve(plan, listener, read.warnings, functools.partial(_announce, plan))
        else:
            _Reloader(plan, listener, read, settings).run()


def _choose_config(asked: Path | None) -> tuple[Path, bool]:
    """The configuration file, and whether it is the example's."""
    sought = asked or Path(FILE_NAME)
    found = find_config(sought)
    if found:
        return found, False
    sought = sought.absolute() / FILE_NAME if sought.is_dir() else sought.absolute()
    if asked:
        raise ConfigError(f"There is no configuration file {sought}. Correct --config.")
    click.secho(
        f"No {FILE_NAME} found: looked for {sought}\n"
        "Serving the packaged EXAMPLE instead. To serve your own graphs, start where your "
        f"{FILE_NAME} is, or name it with --config.",
        fg="yellow",
        err=True,
    )
    return EXAMPLE, True


def _show_warnings(warnings: Iterable[str]) -> None:
    for warning in warnings:
        click.secho(f"Warning: {warning}", fg="yellow", err=True)


def _check_host(host: str) -> None:
    """Refuse an address that other machines can reach: whoever reaches it may do anything."""
    if all(ipaddress.ip_address(each).is_loopback for each in _addresses(host)):
        return
    raise ConfigError(
        f"--host {host} can be reached by other machines, and there is no authentication yet: "
        "whoever reaches it can run your agents, and read and delete every thread. Use "
        "--host 127.0.0.1, or add --insecure if something in front protects this port."
    )


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host {host}: there is no such address ({error}).") from None
    if not host:
        return ["0.0.0.0"]  # the empty host means every address
    return [str(each[4][0]).partition("%")[0] for each in found]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `ConfigError` when the address cannot be had."""
    address = _addresses(host)[0]
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigError(_why_no_port(error, host, port)) from None
    return listener


def _why_no_port(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken by another program. Choose another with --port."
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {port}. Choose one above 1023 with --port."
    return f"Cannot listen on {host}, port {port} (--host, --port): {error.strerror}."


Ready = Callable[[Config, Settings], None]


def _serve(plan: Plan, listener: socket.socket, shown: Iterable[str], ready: Ready) -> None:
    """Serve until a signal asks to stop. `shown` are the warnings that were printed already."""
    # Whoever only watches over the serving process needs none of what the server imports.
    from demotic.server import serve

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        config, settings = plan.read()
        settings = replace(settings, port=listener.getsockname()[1])
        _show_warnings(each for each in config.warnings if each not in shown)
        config.enter()
        logs.configure(settings.log_level, json=settings.log_json)
        on_ready = functools.partial(ready, config, settings)
        serve(config, settings, socket=listener, on_ready=on_ready)
    except KeyboardInterrupt:
        return  # how the end of a graceful stop arrives, too


def _announce(plan: Plan, config: Config, settings: Settings) -> None:
    """Tell what is served and where, and open the browser there."""
    url = _url(settings)
    click.echo(_banner(plan, config, settings, url))
    if plan.browser and _has_browser():
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _url(settings: Settings) -> str:
    host = settings.host
    if host in ("", "0.0.0.0"):
        host = "127.0.0.1"
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _banner(plan: Plan, config: Config, settings: Settings, url: str) -> str:
    agent = next(iter(config.graphs))
    asked = json.dumps({"assistant_id": agent, "input": {"messages": [HELLO]}})
    served = "the packaged EXAMPLE" if plan.is_example else str(config.path)
    return "\n".join(
        [
            "",
            click.style(f"Demotic {demotic.__version__}", bold=True) + f" serves {served}",
            *(f"  Agent  {name}{_about(spec.description)}" for name, spec in config.graphs.items()),
            "  URL    " + click.style(url, fg="cyan", underline=True),
            f"  Data   {settings.data_dir}",
            f"  curl   curl {url}/runs/wait -H 'content-type: application/json' -d '{asked}'",
            f'  Python langgraph_sdk.get_sync_client(url="{url}").runs.wait(None, "{agent}", ...)',
            "",
        ]
    )


def _about(description: str | None) -> str:
    return f": {' '.join(description.split())}" if description else ""


def _has_browser() -> bool:
    """Whether a window can be opened; a browser inside the terminal would take it over."""
    if sys.platform in ("darwin", "win32"):
        return True
    return any(os.environ.get(each) for each in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))


class _ProjectFilter(DefaultFilter):
    """The changes that matter: Python and .env files outside the data directory, and the
    configuration. Other data files may be what the agents themselves write."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, ".demotic", "site-packages")

    def __init__(self, config: Path, data_dir: Path) -> None:
        super().__init__(ignore_paths=[data_dir])
        self._config = config.resolve()

    def __call__(self, change: Change, path: str) -> bool:
        file = Path(path)
        matters = file.suffix in (".py", ".env") or file.name.startswith(".env")
        return (matters or file.resolve() == self._config) and super().__call__(change, path)


class _Reloader:
    """Keeps the listening socket and a process that serves on it, a new one after each change.

    While none serves (its code is broken, or it is just starting) requests wait in the socket's
    backlog and runs stay in the queue.
    """

    def __init__(
        self, plan: Plan, listener: socket.socket, config: Config, settings: Settings
    ) -> None:
        self._plan, self._listener = plan, listener
        self._config, self._settings = config, settings
        self._context = multiprocessing.get_context("spawn")
        self._process: SpawnProcess | None = None
        self._news: Connection | None = None
        self._was_ready = False
        self._stop = threading.Event()

    def run(self) -> None:
        """Serve until a signal asks to stop; a second one stops at once."""
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self._on_signal)
        self._start()
        try:
            self._watch()
        finally:
            self._end()

    def _watch(self) -> None:
        try:
            for changes in watch(
                *self._watched(),
                watch_filter=_ProjectFilter(self._config.path, self._settings.data_dir),
                stop_event=self._stop,
                rust_timeout=500,  # ms, then looks whether the process still lives
                yield_on_timeout=True,
                raise_interrupt=False,
            ):
                if changes:
                    self._restart(changes)
                else:
                    self._look()
        except OSError as error:
            _say(f"Files cannot be watched ({error}): restart by hand, or use --no-reload.")
            while not self._stop.wait(1):
                self._look()

    def _watched(self) -> list[Path]:
        """The folders of the project, and its .env file where it lies outside."""
        paths = list(self._config.import_paths)
        if self._config.env_file and self._config.env_file.is_file():
            paths.append(self._config.env_file)
        return [path for path in paths if not any(each in path.parents for each in paths)]

    def _restart(self, changes: set[tuple[Change, str]]) -> None:
        names = sorted({Path(path).name for _, path in changes})
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        _say(f"{', '.join(names[:3])}{more} changed: restarting")
        self._end()
        if not self._stop.is_set():
            self._start()

    def _start(self) -> None:
        news, report = self._context.Pipe(duplex=False)
        args = (self._plan, self._listener, self._config.warnings, self._was_ready, report)
        self._process = self._context.Process(target=_serve_as_child, args=args)
        # A process that is still starting must not answer Ctrl-C with a traceback.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self._process.start()
        finally:
            signal.signal(signal.SIGINT, handler)
        report.close()
        self._news = news

    def _look(self) -> None:
        """Say so, once, when the process has ended by itself."""
        if self._process is None or self._process.is_alive():
            return
        code = self._process.exitcode
        self._forget()
        how = "" if code == 1 else f"The server ended unexpectedly (exit code {code}). "
        _say(f"{how}Waiting for a change to start again; requests wait, too.")

    def _end(self) -> None:
        """Let the process finish, or end it when that takes too long."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.join(self._settings.drain_s + KILL_AFTER_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._forget()

    def _forget(self) -> None:
        process, self._process = self._process, None
        assert process is not None and self._news is not None
        with suppress(EOFError, OSError):
            self._was_ready = self._was_ready or bool(self._news.poll() and self._news.recv())
        self._news.close()
        process.close()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._stop.is_set() and self._process is not None:
            self._process.kill()
        self._stop.set()


def _say(text: str) -> None:
    click.secho(text, fg="magenta", err=True)


def _serve_as_child(
    plan: Plan,
    listener: socket.socket,
    shown: tuple[str, ...],
    is_again: bool,
    report: Connection,
) -> None:
    """Serve in a process of its own, as long as the process that started it lives."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with suppress(OSError):
        sys.stdin = open(0, closefd=False)  # for breakpoint(); multiprocessing takes it away

    def ready(config: Config, settings: Settings) -> None:
        report.send(True)
        if is_again:
            _say(f"Serving again: {', '.join(config.graphs)}")
        else:
            _announce(plan, config, settings)

    try:
        _serve(plan, listener, shown, ready)
    except DemoticError as error:
        click.ClickException(error.message).show()
        sys.exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
