"""Serving in a process that is started again after each change, while the port stays taken."""

import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

import click
from watchfiles import Change, DefaultFilter, watch

from demotic.cli.announce import announce
from demotic.cli.app import say
from demotic.cli.restarting import AGAIN, exit_to_be_restarted
from demotic.cli.serving import Plan, serve_here
from demotic.config import Config, ConfigError, Settings
from demotic.domain.errors import DemoticError

KILL_AFTER_S = 10.0  # beyond the drain


class ProjectFilter(DefaultFilter):
    """The changes that matter: Python and .env files outside the data directory, the configuration
    and what it names. Other data files may be what the agents themselves write."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, ".demotic", "site-packages")

    def __init__(self, files: Iterable[Path], data_dir: Path) -> None:
        super().__init__(ignore_paths=[data_dir])
        self._files = {each.resolve() for each in files}

    def __call__(self, change: Change, path: str) -> bool:
        file = Path(path)
        matters = file.suffix in (".py", ".env") or file.name.startswith(".env")
        return (matters or file.resolve() in self._files) and super().__call__(change, path)


class Reloader:
    """Keeps the listening sockets and a process that serves on them, a new one after each change.

    While none serves (its code is broken, or it is just starting) requests wait in the sockets'
    backlog and runs stay in the queue.
    """

    def __init__(
        self, plan: Plan, listeners: Sequence[socket.socket], config: Config, settings: Settings
    ) -> None:
        self._plan, self._listeners = plan, listeners
        self._config, self._settings = config, settings
        self._shown = config.warnings
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
            while not self._stop.is_set():
                self._watch_once()
        except OSError as error:
            say(f"Files cannot be watched ({error}): restart by hand, or use --no-reload.")
            while not self._stop.wait(1):
                self._look()

    def _watch_once(self) -> None:
        """Until something changes: then other files may be what is to be watched."""
        for changes in watch(
            *self._watched(),
            watch_filter=ProjectFilter(self._config.files, self._settings.data_dir),
            stop_event=self._stop,
            rust_timeout=500,  # ms, then looks whether the process still lives
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if changes:
                self._restart(changes)
                return
            self._look()

    def _watched(self) -> list[Path]:
        """The folders of the project, and the files that it names where they lie outside."""
        named = (*self._config.import_paths, *self._config.files)
        paths = [each for each in named if each.exists()]
        return [path for path in paths if not any(each in path.parents for each in paths)]

    def _restart(self, changes: set[tuple[Change, str]]) -> None:
        names = sorted({Path(path).name for _, path in changes})
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        say(f"{', '.join(names[:3])}{more} changed: restarting")
        self._end()
        if not self._stop.is_set():
            with suppress(ConfigError):  # the process that starts tells of it
                self._config, _ = self._plan.read()
            self._start()

    def _start(self) -> None:
        news, report = self._context.Pipe(duplex=False)
        args = (self._plan, self._listeners, self._shown, self._was_ready, report)
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
        if code == AGAIN:
            say("Agents left too much behind that does not stop: starting again")
            self._start()
            return
        how = "" if code == 1 else f"The server ended unexpectedly (exit code {code}). "
        say(f"{how}Waiting for a change to start again; requests wait, too.")

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


def _serve_as_child(
    plan: Plan,
    listeners: Sequence[socket.socket],
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
            say(f"Serving again: {', '.join(config.graphs)}")
        else:
            announce(plan, config, settings)

    try:
        restart = exit_to_be_restarted
        serve_here(plan, listeners, ready, shown=shown, dev=True, restart=restart)
    except DemoticError as error:
        click.ClickException(error.message).show()
        sys.exit(1)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
