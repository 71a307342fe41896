"""The address to serve on: checked, and taken before anything else is started."""

import errno
import ipaddress
import os
import socket
from contextlib import ExitStack

from demotic.config import ConfigError, Settings

BACKLOG = 2048  # requests that wait while the server starts again
NEARBY = 20  # ports that are tried before any free one will do


class PortTaken(ConfigError):
    """The port is taken by another program."""


def check_hosts(settings: Settings) -> None:
    """Refuse addresses that other machines can reach, where nobody is asked for a key."""
    if not settings.api_keys:
        for host in (settings.host, *(each.host for each in settings.listeners)):
            check_host(host)


def listen_beside(settings: Settings) -> list[socket.socket]:
    """A socket for each further listener. Raises `ConfigError`."""
    with ExitStack() as stack:
        opened = [
            stack.enter_context(listen(each.host, each.port, "--listen"))
            for each in settings.listeners
        ]
        stack.pop_all()
    return opened


def check_host(host: str) -> None:
    """Refuse an address that other machines can reach: whoever reaches it may do anything."""
    if all(ipaddress.ip_address(each).is_loopback for each in _addresses(host)):
        return
    raise ConfigError(
        f"--host {host} can be reached by other machines, and nobody is asked for a key: whoever "
        "reaches it can run your agents, and read and delete every thread. Use --host 127.0.0.1, "
        "set DEMOTIC_API_KEYS, or add --insecure if something in front protects this port."
    )


def _addresses(host: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--host {host}: there is no such address ({error}).") from None
    if not host:
        return ["0.0.0.0"]  # the empty host means every address
    return [str(each[4][0]).partition("%")[0] for each in found]


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
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
        why = PortTaken if error.errno == errno.EADDRINUSE else ConfigError
        raise why(_why_no_port(error, host, port, option)) from None
    return listener


def listen_near(host: str, port: int) -> socket.socket:
    """A socket that listens on the port or, where it is taken, on the next free one."""
    for near in range(port, min(port + NEARBY, 65535) + 1):
        try:
            return listen(host, near)
        except PortTaken:
            continue
    return listen(host, 0)


def _why_no_port(error: OSError, host: str, port: int, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken by another program. Choose another with {option}."
    if error.errno == errno.EACCES:
        return f"This user may not listen on port {port}. Choose one above 1023 with {option}."
    return f"Cannot listen on {host}, port {port} (--host, --port): {error.strerror}."
