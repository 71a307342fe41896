"""What a configuration is, once it is read."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demotic.domain.errors import DemoticError
from demotic.domain.items import ItemRules

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
    """Where a graph is: `path.py:attribute` or `package.module:attribute`.

    `acp` is the file that says what the graph itself does not tell ACP's clients.
    """

    target: str
    description: str | None = None
    acp: Path | None = None


@dataclass(frozen=True, slots=True)
class HeaderSpec:
    """Names of request headers, `*` standing for any characters: the included ones that are not
    excluded."""

    includes: tuple[str, ...]
    excludes: tuple[str, ...] = ()


PASSED_HEADERS = HeaderSpec(("x-*",), ("x-api-key", "x-tenant-id", "x-service-key"))
"""Which headers reach a graph where nothing is said: as LangGraph API 0.16 does."""

NO_HEADERS = HeaderSpec(())


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsSpec:
    """Which web pages may call, and how; None or empty: the server's default."""

    allow_origins: tuple[str, ...] = ()
    allow_origin_regex: str | None = None
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool | None = None
    max_age: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSpec:
    """The whole key. `app` names an application of the user's, as a graph is named."""

    app: str | None = None
    disabled: frozenset[str] = frozenset()
    cors: CorsSpec = CorsSpec()
    configurable_headers: HeaderSpec = PASSED_HEADERS
    logging_headers: HeaderSpec = NO_HEADERS
    auth_first: bool = False
    custom_route_auth: bool = False
    mount_prefix: str = ""
    root_aliases: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """Where callbacks may go, and the headers that go with them. None: any domain, any port.

    `disabled`: none are made, and runs that ask for one are refused.
    """

    disabled: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    require_https: bool = False
    allowed_domains: tuple[str, ...] | None = None
    allowed_ports: tuple[int, ...] | None = None
    max_url_length: int = 65_536
    disable_loopback: bool = True


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
    http: HttpSpec = HttpSpec()
    memory: ItemRules = ItemRules()
    store: str | None = None
    webhooks: Webhooks = Webhooks()
    thread_ttl: ThreadTtl | None = None
    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that are read beside the graphs' code: itself, and those that it names."""
        named = [self.env_file, *(each.acp for each in self.graphs.values())]
        return tuple(dict.fromkeys([self.path, *(each for each in named if each is not None)]))

    def environment(self, real: Mapping[str, str]) -> dict[str, str]:
        """The variables of the file under those of the real environment."""
        return {**self.env, **real}

    def enter(self) -> None:
        """Give this process the file's variables and import paths."""
        os.environ.update(self.environment(os.environ))
        wanted = [str(path) for path in self.import_paths]
        sys.path[:] = wanted + [entry for entry in sys.path if entry not in wanted]
