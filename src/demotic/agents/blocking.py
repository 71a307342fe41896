"""Reports code of agents that blocks the event loop: with file and line, once per place."""

import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import structlog
from blockbuster import BlockBuster, BlockBusterFunction

log = structlog.get_logger("demotic.blocking")

PACKAGE = Path(__file__).parents[1]

HINT = (
    "It holds up every run and request meanwhile. Await something that does not block, call it "
    "with asyncio.to_thread, or make the node a plain function."
)


class Place(NamedTuple):
    """A line of the user's that calls something that blocks."""

    call: str
    file: str
    line: int


def warn(place: Place) -> None:
    """Log a place."""
    log.warning("blocking call in async code", **place._asdict(), hint=HINT)


@contextmanager
def blocking_calls_reported(report: Callable[[Place], None] = warn) -> Iterator[None]:
    """While this is open, blocking calls of user code on an event loop are reported and made.

    For development: it replaces functions of the standard library while it is open.
    """
    watch = _Watch(report)
    functions = BlockBuster().functions
    for name, function in functions.items():
        function.can_block_predicate = partial(
            watch.look, name, function.can_block_predicate, function
        )
        function.activate()
    try:
        yield
    finally:
        for function in functions.values():
            function.deactivate()


class _Watch:
    """Looks at each call that blocks; every one is let through."""

    def __init__(self, report: Callable[[Place], None]) -> None:
        self._report = report
        self._known: set[tuple[str, int]] = set()
        self._sides: dict[str, Side] = {}

    def look(
        self,
        name: str,
        does_not_block: Callable[..., bool],
        function: BlockBusterFunction,
        *args: Any,
        **kwargs: Any,
    ) -> bool:
        """Note the place of a call; True, so that the call is made."""
        if does_not_block(*args, **kwargs):
            return True
        frame: FrameType | None = sys._getframe(1)
        place: Place | None = None
        while frame is not None:
            code = frame.f_code
            if place is None and self._belongs(code.co_filename) is Side.OURS:
                return True
            for file, names in function.can_block_functions:
                if code.co_name in names and code.co_filename.replace("\\", "/").endswith(file):
                    return True
            if place is None and self._belongs(code.co_filename) is Side.USERS:
                place = Place(name, code.co_filename, frame.f_lineno)
            frame = frame.f_back
        if place is not None and place[1:] not in self._known:
            self._known.add(place[1:])
            self._report(place)
        return True

    def _belongs(self, file: str) -> "Side":
        if file not in self._sides:
            self._sides[file] = _side(file)
        return self._sides[file]


class Side(Enum):
    """Whose a file is. What is called from `OURS` is not the user's doing: Demotic's own code,
    and the import system, which reads each module once."""

    USERS = auto()
    LIBRARY = auto()
    OURS = auto()


def _side(name: str) -> Side:
    file = Path(name)
    if name.startswith("<frozen importlib"):
        return Side.OURS
    if file.is_relative_to(PACKAGE):  # before the libraries: an installed Demotic is among them
        return Side.USERS if file.is_relative_to(PACKAGE / "example") else Side.OURS
    if name.startswith("<") or {"site-packages", "dist-packages"} & set(file.parts):
        return Side.LIBRARY
    is_python = file.is_relative_to(sysconfig.get_path("stdlib"))
    return Side.LIBRARY if is_python else Side.USERS
