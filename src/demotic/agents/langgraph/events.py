"""Turns a graph's stream into the engine's events, each encoded once."""

from collections.abc import Mapping
from typing import Any

from demotic.agents.langgraph.encoding import encode, encode_anyway, interrupt_json
from demotic.agents.langgraph.internals import INTERRUPT
from demotic.agents.langgraph.snapshots import address
from demotic.domain.runs import Run
from demotic.ports.agent import Sink

EVERYTHING = "events"
"""The mode that shows what every part of the agent does; `astream_events` drives it."""

LOOKING_ON = frozenset({EVERYTHING, "debug", "tasks", "checkpoints", "tools"})
"""Modes that watch a run: what JSON cannot hold is shown by its `repr`, never fails the run."""

MODES = frozenset({"values", "updates", "messages", "custom"}) | LOOKING_ON
"""Kinds of events that this adapter can record."""

HIDDEN = "langsmith:hidden"
"""Tag of steps that LangGraph inserts and that no one is to see."""


class Events:
    """One attempt's stream: passes on what was asked for and keeps what the outcome needs."""

    def __init__(self, run: Run, sink: Sink) -> None:
        self._run_id, self._thread_id = run.id, run.thread_id
        self._wanted = frozenset(run.request.modes)
        self._nested = run.request.subgraphs
        self._sink = sink
        self._last_values: Any = None
        self._metadata: Any = None
        self._metadata_json = b""
        self.saw_values = False
        self.stopped = False
        self.shown_interrupts: list[Any] = []

    @property
    def show_everything(self) -> bool:
        """Whether the events of every part are wanted."""
        return EVERYTHING in self._wanted

    @property
    def graph_modes(self) -> list[Any]:
        """The modes to run the graph with: `values` and `updates` also tell how it ended."""
        return sorted((self._wanted | {"values", "updates"}) - {EVERYTHING})

    def take(self, chunk: tuple[Any, ...]) -> None:
        """Take a chunk of the graph's stream."""
        if self._nested:
            path, mode, payload = chunk
        else:
            path, (mode, payload) = (), chunk
        if not path:
            self._note(mode, payload)
        if mode in self._wanted:
            self._sink.emit(mode, "|".join(path), self._encoded(mode, payload))

    def take_event(self, event: Mapping[str, Any]) -> None:
        """Take an event of `astream_events`: the root's own chunks are the graph's stream."""
        if HIDDEN in event.get("tags", ()):
            return
        if event["event"] == "on_chain_stream" and event["run_id"] == self._run_id:
            self.take(event["data"]["chunk"])
        else:
            self._sink.emit(EVERYTHING, "", encode_anyway(event))

    def values(self) -> bytes:
        """The last state that the root graph showed, as JSON."""
        return encode(self._last_values)

    def _note(self, mode: str, payload: Any) -> None:
        if mode == "values":
            self.saw_values = True
            if isinstance(payload, Mapping) and INTERRUPT in payload:
                self._keep(payload[INTERRUPT])
                payload = {k: v for k, v in payload.items() if k != INTERRUPT}
                if not payload and not isinstance(self._last_values, Mapping):
                    return  # the state is not a mapping: this told of the interrupt only
            self._last_values = payload
        elif mode == "updates" and isinstance(payload, Mapping) and INTERRUPT in payload:
            self.stopped = True

    def _keep(self, interrupts: Any) -> None:
        known = {shown["id"] for shown in self.shown_interrupts}
        new = (i for i in interrupts if i.id not in known)
        self.shown_interrupts += [interrupt_json(i, full=True) for i in new]

    def _encoded(self, mode: str, payload: Any) -> bytes:
        if mode == "debug":
            payload = _debug(payload, self._thread_id)
        if mode in LOOKING_ON:
            return encode_anyway(payload)
        if mode != "messages":
            return encode(payload)
        message, metadata = payload
        if metadata is not self._metadata:  # one object for all chunks of a message
            self._metadata, self._metadata_json = metadata, encode(metadata)
        return b"[" + encode(message) + b"," + self._metadata_json + b"]"


def _debug(shown: Mapping[str, Any], thread_id: str) -> Mapping[str, Any]:
    """A debug event; a checkpoint's tells where it and its parent are, as states do."""
    if shown["type"] != "checkpoint":
        return shown
    checkpoint = {
        **shown["payload"],
        "tasks": [_task(task) for task in shown["payload"]["tasks"]],
        "checkpoint": address(shown["payload"]["config"], thread_id),
        "parent_checkpoint": address(shown["payload"].get("parent_config"), thread_id),
    }
    return {**shown, "payload": checkpoint}


def _task(task: Mapping[str, Any]) -> Mapping[str, Any]:
    """A task of a checkpoint; where it runs a subgraph, with the place of that one's state."""
    nested = task.get("state")
    if not isinstance(nested, Mapping) or not nested.get("configurable"):
        return task
    rest = {key: value for key, value in task.items() if key != "state"}
    return {**rest, "checkpoint": nested["configurable"]}
