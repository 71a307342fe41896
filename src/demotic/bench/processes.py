"""The processes of a benchmark: the server and what it uses, and those that answer questions."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import apsw
import psutil

from demotic.bench.rows import Figures
from demotic.bench.served import CONFIG

START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
IDLE_S = 2.0
SET = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false"}
UNSET = frozenset({"PYTHONDONTWRITEBYTECODE"})  # or each process compiles all that it imports


def environment() -> dict[str, str]:
    """The variables of what is measured."""
    return {**{name: os.environ[name] for name in os.environ if name not in UNSET}, **SET}


class Broken(Exception):
    """A process of the benchmark did not do its part; the message says what it wrote."""


class Disk:
    """The bytes in use of the databases in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def used_kib(self) -> float:
        """KiB now, also of what is only in a write-ahead log yet."""
        return sum(map(_used, self._folder.glob("*.db"))) / 1024


def _used(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        pages, free, size = (
            int(connection.pragma(name)) for name in ("page_count", "freelist_count", "page_size")
        )
    finally:
        connection.close()
    return (pages - free) * size


class Tree:
    """CPU time and memory of a process and its children, also of those that have ended."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._spent: dict[tuple[int, float], float] = {}

    def _living(self) -> list[psutil.Process]:
        return [self._root, *self._root.children(recursive=True)]

    def cpu_s(self) -> float:
        """User and system seconds so far."""
        for process in self._living():
            times = process.cpu_times()
            self._spent[(process.pid, process.create_time())] = times.user + times.system
        return sum(self._spent.values())

    def rss_mib(self) -> float:
        """Resident memory now."""
        return float(sum(each.memory_info().rss for each in self._living())) / 1024**2


def import_time() -> Figures:
    """How long a process takes that does nothing but import LangGraph."""
    began = time.perf_counter()
    program = [sys.executable, "-c", "import langgraph.graph"]
    subprocess.run(program, check=True, env=environment())
    return {"start_s": time.perf_counter() - began}


class Server:
    """`demotic dev` with the benchmark's graphs, on a free port, with an empty data directory."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="demotic-bench-"))
        self.data_dir = self._folder / "data"
        self._port = _free_port()
        self.base = f"http://127.0.0.1:{self._port}"
        self._output: IO[bytes] = (self._folder / "output.txt").open("wb")
        began = time.perf_counter()
        self._process = subprocess.Popen(
            self._command(),
            cwd=self._folder,
            env=environment(),
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the benchmark, which then stops this
        )
        self.pid = self._process.pid
        try:
            self._await_healthy()
        except BaseException:
            self.stop()
            raise
        self.start_s = time.perf_counter() - began

    def _command(self) -> list[str]:
        flags = ["--no-browser", "--no-reload", "--n-jobs-per-worker", "1000"]
        where = ["--config", str(CONFIG), "--data-dir", str(self.data_dir)]
        listen = ["--host", "127.0.0.1", "--port", str(self._port)]
        return [sys.executable, "-m", "demotic", "dev", *flags, *where, *listen]

    def _await_healthy(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not _is_healthy(self._port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = (self._folder / "output.txt").read_text(errors="replace")
                raise Broken(f"The server did not start.\n{said[-4000:]}")
            time.sleep(0.01)

    def idle(self) -> Figures:
        """What it costs to start, and to be there."""
        time.sleep(IDLE_S)
        return {"start_s": self.start_s, "rss_mib": Tree(self.pid).rss_mib()}

    def stop(self) -> None:
        """End the process and remove its data."""
        self._process.terminate()
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_WITHIN_S)
    try:
        connection.request("GET", "/ok")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class Helper:
    """A module of this room that measures when it is asked to. See `measure.answer`."""

    def __init__(self, module: str, *arguments: str) -> None:
        self._name = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=environment(),
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def ask(self, **question: Any) -> Figures:
        """The figures that it measures."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        line = self._process.stdout.readline()
        if not line:
            raise Broken(f"{self._name} ended while it measured {question}.")
        found: Figures = json.loads(line)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.stdin:
            self._process.stdin.close()
        if error is not None:
            self._process.terminate()
        self._process.wait(STOP_WITHIN_S)
        if self._process.stdout:
            self._process.stdout.close()
