"""Turns a graph's stream into the engine's events, each encoded once."""

from collections.abc import Mapping
from typing import Any

from demotic.agents.langgraph.encoding import encode, interrupt_json
from demotic.agents.langgraph.internals import INTERRUPT
from demotic.domain.model import RunRequest
from demotic.ports.agent import Sink

MODES = frozenset({"values", "updates", "messages", "custom"})
"""Kinds of events that this adapter can record."""


class Events:
    """One attempt's stream: passes on what was asked for and keeps what the outcome needs."""

    def __init__(self, request: RunRequest, sink: Sink) -> None:
        self._wanted = frozenset(request.modes)
        self._nested = request.subgraphs
        self._sink = sink
        self._last_values: Any = None
        self._metadata: Any = None
        self._metadata_json = b""
        self.saw_values = False
        self.stopped = False
        self.shown_interrupts: list[Any] = []

    @property
    def graph_modes(self) -> list[Any]:
        """The modes to run the graph with: `values` and `updates` also tell how it ended."""
        return sorted(self._wanted | {"values", "updates"})

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
        if mode != "messages":
            return encode(payload)
        message, metadata = payload
        if metadata is not self._metadata:  # one object for all chunks of a message
            self._metadata, self._metadata_json = metadata, encode(metadata)
        return b"[" + encode(message) + b"," + self._metadata_json + b"]"
