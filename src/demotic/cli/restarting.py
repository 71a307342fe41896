"""Starting this program again in the place of itself, without letting go of its ports."""

import os
import socket
import sys
from collections.abc import Sequence
from typing import NoReturn

AGAIN = 75
"""The exit code of a program that wants to be started again, where it cannot do so itself."""

LISTENER = "_DEMOTIC_LISTENER"
"""Process id and file descriptors of the sockets that a program was started again with."""


class Restart:
    """Starts this program again, as it was started, with the sockets that listen.

    Connections wait in the sockets meanwhile. Make it before anything changes the environment.
    """

    def __init__(self, listeners: Sequence[socket.socket]) -> None:
        self._listeners = listeners
        self._command = [sys.executable, *sys.orig_argv[1:]]
        self._environ = dict(os.environ)
        self._directory = os.getcwd()

    def __call__(self) -> NoReturn:
        """Every thread ends here, whatever it does."""
        sys.stdout.flush()
        sys.stderr.flush()
        if os.name != "posix":
            os._exit(AGAIN)
        os.chdir(self._directory)
        for each in self._listeners:
            each.set_inheritable(True)
        kept = ":".join(map(str, [os.getpid(), *(each.fileno() for each in self._listeners)]))
        os.execve(sys.executable, self._command, {**self._environ, LISTENER: kept})


def exit_to_be_restarted() -> NoReturn:
    """End at once, whatever any thread does: the process that watches over this one acts."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(AGAIN)


def kept_listeners() -> list[socket.socket]:
    """The sockets of the program that started itself again as this one; none if it is not one."""
    process, *descriptors = os.environ.pop(LISTENER, "").split(":")
    if process != str(os.getpid()):
        return []
    listeners = [socket.socket(fileno=int(each)) for each in descriptors]
    for each in listeners:
        each.set_inheritable(False)
    return listeners
