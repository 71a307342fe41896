"""A real server in a process of its own, to be killed, stopped and started again."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakSet

GRAPHS = Path(__file__).parent / "graphs"
"""The folder of the langgraph.json that servers serve unless they are told another."""

READY = re.compile(r"^  URL +(http://\S+)$", re.MULTILINE)
START_S = 30.0  # a machine with other work to do needs longer than the usual two seconds
STOP_S = 20.0  # beyond what the server itself allows for a graceful stop

_known: WeakSet["Server"] = WeakSet()


class Server:
    """`demotic dev` in a process of its own, with a data directory that outlives it.

        with Server(tmp_path) as server:    # answers requests from here on
            client = get_client(url=server.base_url)
            server.kill()                   # SIGKILL; returns when the process is gone
            server.start()                  # same data directory, same port

    `graphs` is the folder of a langgraph.json. `program` is what the interpreter runs instead
    of `-m demotic`; it gets the same arguments. `options` are further ones. Every method blocks:
    call it through `asyncio.to_thread` where the test's own tasks must go on meanwhile.
    When a test fails, the logs of the servers it used are shown (see conftest.py).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        graphs: Path = GRAPHS,
        port: int = 0,
        program: Sequence[str] = ("-m", "demotic"),
        options: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.data_dir, self.graphs, self.port = data_dir, graphs, port
        self._program, self._options, self._env = program, options, env or {}
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._lines: list[str] = []
        self._news = threading.Condition()
        self._ended = False
        _known.add(self)

    @property
    def base_url(self) -> str:
        """Where it answers; the same after every start."""
        assert self.port, "start the server first: it chooses its port then"
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether it was started and neither killed nor stopped since."""
        return self._process is not None

    @property
    def pid(self) -> int:
        """The id of the serving process."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def start(self) -> Self:
        """Start, and return when requests are answered."""
        assert self._process is None, "the server runs already"
        begin = len(self.log_text())
        self._ended = False
        self._process = subprocess.Popen(
            self._command(),
            cwd=self.graphs,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self._env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        try:
            found = self.wait_for_log(READY, START_S, begin)
        except AssertionError:
            self.kill()
            raise
        self.port = int(found[1].rpartition(":")[2])
        return self

    def kill(self) -> None:
        """End the process at once (SIGKILL), as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to stop (SIGTERM); its exit code."""
        return self._end(signal.SIGTERM)

    def wait(self, timeout: float = STOP_S) -> int:
        """Wait until the process ends by itself; its exit code."""
        assert self._process is not None and self._reader is not None
        code = self._process.wait(timeout)
        self._reader.join(timeout)
        self._process = None
        return code

    def log_text(self) -> str:
        """What it has written so far, over all its starts."""
        with self._news:
            return "".join(self._lines)

    def wait_for_log(
        self, pattern: str | re.Pattern[str], timeout: float = 10.0, begin: int = 0
    ) -> re.Match[str]:
        """Wait until the log, from position `begin` on, matches."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                text = "".join(self._lines)
                if found := re.search(pattern, text[begin:]):
                    return found
                left = deadline - time.monotonic()
                assert left > 0 and not self._ended, f"no {pattern!r} in the log:\n{text}"
                self._news.wait(left)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def _command(self) -> list[str]:
        return [
            sys.executable,
            *self._program,
            "dev",
            "--no-browser",
            "--no-reload",
            *("--port", str(self.port)),
            *("--data-dir", str(self.data_dir)),
            *self._options,
        ]

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
            raise AssertionError(f"the server did not stop:\n{self.log_text()}") from None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self._news:
                    self._lines.append(line)
                    self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()


def known_servers() -> list[Server]:
    """The servers that exist."""
    return list(_known)
