"""Starting this program again in the place of itself, without letting go of its port."""

import os
import socket
import sys
from typing import NoReturn

AGAIN = 75
"""The exit code of a program that wants to be started again, where it cannot do so itself."""

LISTENER = "_DEMOTIC_LISTENER"
"""Process id and file descriptor of the socket that a program was started again with."""


class Restart:
    """Starts this program again, as it was started, with a socket that listens.

    Connections wait in the socket meanwhile. Make it before anything changes the environment.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
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
        self._listener.set_inheritable(True)
        kept = f"{os.getpid()}:{self._listener.fileno()}"
        os.execve(sys.executable, self._command, {**self._environ, LISTENER: kept})


def exit_to_be_restarted() -> NoReturn:
    """End at once, whatever any thread does: the process that watches over this one acts."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(AGAIN)


def kept_listener() -> socket.socket | None:
    """The socket of the program that started itself again as this one, if it is one."""
    process, _, descriptor = os.environ.pop(LISTENER, "").partition(":")
    if process != str(os.getpid()):
        return None
    listener = socket.socket(fileno=int(descriptor))
    listener.set_inheritable(False)
    return listener
