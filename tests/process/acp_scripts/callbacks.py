"""Is called back about runs that agntcy-acp starts, and reads what comes with the client's own
models; run by an interpreter that has the package.

Arguments: the URL of the mount. Prints, for a run without a thread and for one on a thread, the
statuses that were told, and whether the last callback is the run as the client shows it.
"""

import json
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from queue import Queue
from threading import Thread
from typing import Any

acp: Any = import_module("agntcy_acp")
models: Any = import_module("agntcy_acp.models")

PATIENCE_S = 30.0


class Receiver(ThreadingHTTPServer):
    """Keeps the bodies that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.bodies: Queue[str] = Queue()
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_port}/runs"


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a callback."""
        body = self.rfile.read(int(self.headers["content-length"]))
        assert isinstance(self.server, Receiver)
        self.send_response(204)
        self.end_headers()
        self.server.bodies.put(body.decode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Told:
    """What is told of a run."""

    def __init__(self, receiver: Receiver, model: Any) -> None:
        self._receiver, self._model = receiver, model
        self.statuses: list[str] = []
        self.last: Any = None

    def until(self, status: str) -> None:
        """Take callbacks until one tells this status."""
        while not self.statuses or self.statuses[-1] != status:
            self.last = self._model.from_json(self._receiver.bodies.get(timeout=PATIENCE_S))
            self.statuses.append(self.last.status.value)


def follow(told: Told, run: Any, resume: Callable[[], Any], show: Callable[[], Any]) -> Any:
    """A run that asks, and is answered."""
    told.until("interrupted")
    resume()
    told.until("success")
    assert told.last.run_id == run.run_id
    return [told.statuses, told.last.to_json() == show().to_json()]


def main(url: str) -> None:
    """Start runs, be told of them, and tell."""
    configuration = acp.ApiClientConfiguration(host=url, retries=1)
    client, receiver = acp.ACPClient(configuration=configuration), Receiver()
    answer = {"shout": True}
    new = models.RunCreateStateless(input={"name": "Ada"}, webhook=receiver.url)
    alone = client.create_stateless_run(new)
    stateless = follow(
        Told(receiver, models.RunStateless),
        alone,
        lambda: client.resume_stateless_run(alone.run_id, answer),
        lambda: client.get_stateless_run(alone.run_id),
    )
    thread = client.create_thread(models.ThreadCreate()).thread_id
    on_thread = models.RunCreateStateful(input={"name": "Ada"}, webhook=receiver.url)
    run = client.create_thread_run(thread, on_thread)
    stateful = follow(
        Told(receiver, models.RunStateful),
        run,
        lambda: client.resume_thread_run(thread, run.run_id, answer),
        lambda: client.get_thread_run(thread, run.run_id),
    )
    print(json.dumps({"stateless": stateless, "thread": stateful}))


if __name__ == "__main__":
    main(*sys.argv[1:])
