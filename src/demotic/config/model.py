"""What a configuration is, once it is read."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demotic.domain.errors import DemoticError

FILE_NAME = "langgraph.json"
ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s*]+", re.IGNORECASE)
PREFIX = re.compile(r"(/[\w.~-]+)+/?")


class ConfigError(DemoticError):
    """The configuration cannot be used.

    `problems` are all that were found, `warnings` what there was to warn of besides.
    """

    def __init__(
        self, message: str, problems: Sequence[str] = (), warnings: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.problems = tuple(problems) or (message,)
        self.warnings = tuple(warnings)


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """Where a graph is: `path.py:attribute` or `package.module:attribute`."""

    target: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class ThreadTtl:
    """What becomes of threads that say nothing else: after `default_ttl` minutes (None: never),
    by `strategy`; looked for every `sweep_interval_minutes`, `sweep_limit` threads at a time."""

    default_ttl: float | None = None
    strategy: str = "delete"
    sweep_interval_minutes: float = 5.0
    sweep_limit: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A `langgraph.json`. `import_paths` are to come first on `sys.path`, in this order."""

    path: Path
    directory: Path
    graphs: Mapping[str, GraphSpec]
    import_paths: tuple[Path, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    env_file: Path | None = None
    allowed_types: tuple[tuple[str, str], ...] = ()
    cors_origins: tuple[str, ...] = ()
    mount_prefix: str = ""
    thread_ttl: ThreadTtl | None = None
    warnings: tuple[str, ...] = ()

    def environment(self, real: Mapping[str, str]) -> dict[str, str]:
        """The variables of the file under those of the real environment."""
        return {**self.env, **real}

    def enter(self) -> None:
        """Give this process the file's variables and import paths."""
        os.environ.update(self.environment(os.environ))
        wanted = [str(path) for path in self.import_paths]
        sys.path[:] = wanted + [entry for entry in sys.path if entry not in wanted]
