"""Further addresses to serve on: each has one dialect, at its root."""

from typing import NamedTuple

DIALECTS = ("langgraph", "langgraph-2024", "langgraph-0.1.0", "ap", "acp", "acp-0.2.1")
"""What can be served at a root of its own."""

FORM = f"DIALECT=HOST:PORT, several with commas between them; a dialect is {', '.join(DIALECTS)}"


class Listener(NamedTuple):
    """A dialect with an address of its own; port 0: any free one."""

    dialect: str
    host: str
    port: int


def read_listeners(text: str) -> tuple[Listener, ...]:
    """Listeners, as in `acp=127.0.0.1:8001,ap=[::1]:8002`. Raises `ValueError`."""
    return tuple(_listener(each.strip()) for each in text.split(",") if each.strip())


def _listener(text: str) -> Listener:
    dialect, _, address = text.partition("=")
    host, colon, port = address.rpartition(":")
    if dialect not in DIALECTS or not colon or not host or not port.isdecimal():
        raise ValueError(FORM)
    if int(port) > 65535:
        raise ValueError(f"{FORM}; a port is at most 65535")
    return Listener(dialect, host.removeprefix("[").removesuffix("]"), int(port))
