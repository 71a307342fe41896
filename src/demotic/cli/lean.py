"""Importing what a command needs in less time."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

UNSHOWN = "rich"
"""Where it is installed, structlog and httpx load all of it, a tenth of what a server takes to
start: one for tracebacks, which are written otherwise here, one for a command line of its own."""


@contextmanager
def lean() -> Iterator[None]:
    """What is imported within stays, so no garbage is looked for in it; and what would only
    be loaded for output that is never shown here counts as not installed."""
    is_hidden = UNSHOWN not in sys.modules
    if is_hidden:
        sys.modules[UNSHOWN] = cast(ModuleType, None)
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
        if is_hidden:
            del sys.modules[UNSHOWN]
