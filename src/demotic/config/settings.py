"""The server's settings: flags, variables, defaults."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from demotic.config.lifetimes import from_text
from demotic.config.listeners import Listener, read_listeners
from demotic.config.model import ORIGIN, PREFIX, ConfigError, ThreadTtl


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the server runs. `log_json` None: JSON lines unless it logs to a terminal;
    `log_color` None: colours on a terminal; `root_aliases` None: as the file says."""

    host: str
    port: int
    data_dir: Path
    slots: int
    synchronous: str
    drain_s: float
    retention_s: float
    run_s: float
    body_limit: int
    log_level: str
    log_json: bool | None
    log_color: bool | None = None
    stuck_limit: int = 0
    blocked_s: float = 300.0
    mount_prefix: str = ""
    root_aliases: bool | None = None
    cors_origins: tuple[str, ...] = ()
    local_origins: bool = True
    allowed_hosts: tuple[str, ...] = ()
    api_keys: tuple[str, ...] = ()
    webhook_secrets: tuple[bytes, ...] = ()
    webhook_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    webhook_log_s: float = 259_200.0
    schedules: bool = True
    look_s: float = 5.0
    compat: str = "today"
    thread_ttl: ThreadTtl | None = None
    listeners: tuple[Listener, ...] = ()


def _whole(low: int, high: int | None = None) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.isascii() and text.lstrip("-").isdigit() else low - 1
        if number < low or (high is not None and number > high):
            raise ValueError(f"a whole number from {low}" + (f" to {high}" if high else " up"))
        return number

    return parse


def _seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise ValueError("a number of seconds, 0 or more")
    return number


def _pause(text: str) -> float:
    if (seconds := _seconds(text)) == 0:
        raise ValueError("a number of seconds, more than 0")
    return seconds


def _patience(text: str) -> float:
    number = _seconds(text)
    if number < 1:
        raise ValueError("a number of seconds, 1 or more")
    return number


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        for choice in choices:
            if choice.lower() == text.lower():
                return choice
        raise ValueError("one of " + ", ".join(choices))

    return parse


def _truth(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("true or false")


def _prefix(text: str) -> str:
    if not PREFIX.fullmatch(text):
        raise ValueError("a path, as in /agents")
    return text.rstrip("/")


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(each.strip() for each in text.split(",") if each.strip())
    if origins != ("*",) and not all(ORIGIN.fullmatch(each) for each in origins):
        raise ValueError("'*', or origins as in https://app.example.com, separated by commas")
    return origins


def _hosts(text: str) -> tuple[str, ...]:
    hosts = tuple(each.strip() for each in text.split(",") if each.strip())
    if any(each == "*" or "/" in each for each in hosts):
        raise ValueError("host names, as in agents.example.com or *.example.com, with commas")
    return hosts


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(each.strip() for each in text.split(",") if each.strip())
    if any(len(each.partition("=")[2] or each) < MIN_KEY for each in keys):
        raise ValueError(f"keys of {MIN_KEY} characters or more, separated by commas")
    return keys


MIN_KEY = 8  # characters of an API key: shorter ones are guessed


def _secrets(text: str) -> tuple[bytes, ...]:
    return tuple(map(_secret, text.split()))


def _secret(text: str) -> bytes:
    """A secret of Standard Webhooks: 24 to 64 bytes."""
    given = text.removeprefix("whsec_")
    try:
        secret = base64.b64decode(given + "=" * (-len(given) % 4), validate=True)
    except binascii.Error:
        secret = b""
    if not text.startswith("whsec_") or not 24 <= len(secret) <= 64:
        raise ValueError("`whsec_` and 24 to 64 bytes in base64, several with spaces between them")
    return secret


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError:
        raise ValueError("networks, as in 10.0.0.0/8, separated by commas") from None


COMPAT = ("today", "2024", "0.1.0")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its flag if it has one, its default, what it means.

    `shown` says what the default is where it depends on something. The value of a `secret` one
    is never shown.
    """

    name: str
    env: str
    flag: str | None
    default: Any
    meaning: str
    parse: Callable[[str], Any] = str
    shown: str = ""
    secret: bool = False


SETTINGS = (
    Setting("host", "LANGGRAPH_SERVER_HOST", "--host", "127.0.0.1", "The address to listen on."),
    Setting(
        "port", "PORT", "--port", 2024, "The port to listen on; 0: any free one.", _whole(0, 65535)
    ),
    Setting(
        "data_dir",
        "DEMOTIC_DATA_DIR",
        "--data-dir",
        None,
        "The directory that keeps threads, runs and state.",
        lambda text: Path(text).expanduser().resolve(),
        "`.demotic` beside the configuration file",
    ),
    Setting(
        "slots",
        "N_JOBS_PER_WORKER",
        "--n-jobs-per-worker",
        100,
        "How many runs are worked on at a time.",
        _whole(1),
    ),
    Setting(
        "synchronous",
        "DEMOTIC_SYNCHRONOUS",
        None,
        "normal",
        "`normal`: a commit survives a killed process; `full`: a power loss, too.",
        _one_of("normal", "full"),
    ),
    Setting(
        "drain_s",
        "BG_JOB_SHUTDOWN_GRACE_PERIOD_SECS",
        None,
        180.0,
        "How many seconds a stopping server gives its runs to reach a safe point.",
        _seconds,
        "180; `demotic dev`: 5",
    ),
    Setting(
        "retention_s",
        "DEMOTIC_EVENT_RETENTION_SECS",
        None,
        86400.0,
        "For how many seconds the events of a finished run can be replayed.",
        _seconds,
    ),
    Setting(
        "run_s",
        "BG_JOB_TIMEOUT_SECS",
        None,
        86400.0,
        "For how many seconds an attempt of a run may work; then the run ends as `timeout`.",
        _seconds,
    ),
    Setting(
        "stuck_limit",
        "DEMOTIC_STUCK_LIMIT",
        None,
        20,
        "How many tasks and threads of agents may go on after the end of their runs before the "
        "server starts itself again; 0: it never does.",
        _whole(0),
        "20; `demotic dev`: 0",
    ),
    Setting(
        "blocked_s",
        "DEMOTIC_BLOCKED_SECS",
        None,
        300.0,
        "For how many seconds an agent may block the event loop before the server starts itself "
        "again, unless `DEMOTIC_STUCK_LIMIT` is 0.",
        _patience,
    ),
    Setting(
        "thread_ttl",
        "LANGGRAPH_THREAD_TTL",
        None,
        None,
        "How long threads are kept after their last use: minutes, or the JSON of "
        "`checkpointer.ttl` in the file, over which it wins.",
        from_text,
        "until they are deleted",
    ),
    Setting(
        "body_limit",
        "HTTP_MAX_REQUEST_BODY_BYTES",
        None,
        300 * 1024 * 1024,
        "The largest request body, in bytes.",
        _whole(1),
    ),
    Setting(
        "log_level",
        "LOG_LEVEL",
        "--server-log-level",
        "INFO",
        "The least severe log line to write.",
        _one_of(*LOG_LEVELS),
    ),
    Setting(
        "log_json",
        "LOG_JSON",
        None,
        None,
        "Whether log lines are JSON.",
        _truth,
        "true unless the log goes to a terminal",
    ),
    Setting(
        "log_color",
        "LOG_COLOR",
        None,
        None,
        "Whether log lines that are not JSON have colours.",
        _truth,
        "true on a terminal, unless `NO_COLOR` is set",
    ),
    Setting(
        "mount_prefix",
        "MOUNT_PREFIX",
        None,
        "",
        "The path below which everything is served. Wins over `http.mount_prefix` in the file.",
        _prefix,
        "none",
    ),
    Setting(
        "root_aliases",
        "DEMOTIC_ROOT_ALIASES",
        None,
        None,
        "Whether paths of the Agent Protocol and ACP that LangGraph's API lacks are served at the "
        "root, too: see [aliases](http-langgraph.md#aliases). Wins over `http.root_aliases` in "
        "the file.",
        _truth,
        "true",
    ),
    Setting(
        "cors_origins",
        "CORS_ALLOW_ORIGINS",
        None,
        (),
        "Web origins whose pages may call the server, separated by commas. Counts where the file "
        "has no `http.cors.allow_origins`.",
        _origins,
        "none",
    ),
    Setting(
        "local_origins",
        "DEMOTIC_LOCAL_ORIGINS",
        None,
        True,
        "Whether web pages that this machine serves may call the server.",
        _truth,
        "true; `demotic serve`: false",
    ),
    Setting(
        "allowed_hosts",
        "DEMOTIC_ALLOWED_HOSTS",
        None,
        (),
        "Further host names the server answers to, separated by commas; `*.name` for all below "
        "one. Needed behind a proxy that passes its own name on.",
        _hosts,
        "none",
    ),
    Setting(
        "api_keys",
        "DEMOTIC_API_KEYS",
        None,
        (),
        "Keys that callers must send in `x-api-key`, separated by commas: `key`, or `caller=key`; "
        "a key may be given as `sha256:` and its hexadecimal digest.",
        _keys,
        "none: every request is accepted",
        secret=True,
    ),
    Setting(
        "webhook_secrets",
        "DEMOTIC_WEBHOOK_SECRET",
        None,
        (),
        "Signs webhooks, by the scheme of Standard Webhooks: `whsec_…`. Several, separated by "
        "spaces, sign each one.",
        _secrets,
        "none",
        secret=True,
    ),
    Setting(
        "webhook_networks",
        "DEMOTIC_WEBHOOK_NETWORKS",
        None,
        (),
        "Networks that webhooks may go to although they are not public, separated by commas, as "
        "in `10.0.0.0/8`.",
        _networks,
        "none",
    ),
    Setting(
        "webhook_log_s",
        "DEMOTIC_WEBHOOK_LOG_SECS",
        None,
        259_200.0,
        "For how many seconds a webhook that has ended stays in the log, and can be sent again.",
        _seconds,
    ),
    Setting(
        "schedules",
        "FF_CRONS_ENABLED",
        None,
        True,
        "Whether schedules start their runs; if not, none can be made.",
        _truth,
        "true",
    ),
    Setting(
        "look_s",
        "CRON_SCHEDULER_SLEEP_TIME",
        None,
        5.0,
        "How many seconds pass at most between two looks for what is due, should the machine's "
        "clock be set or the machine have slept. What is due starts at its instant all the same.",
        _pause,
    ),
    Setting(
        "compat",
        "DEMOTIC_COMPAT",
        "--compat",
        "today",
        "The version of LangGraph's API whose defaults and short answers the server has: "
        "`today`, `2024` or `0.1.0`. See [compatibility](compatibility.md).",
        _one_of(*COMPAT),
    ),
    Setting(
        "listeners",
        "DEMOTIC_LISTEN",
        "--listen",
        (),
        "Further addresses, each with one dialect at its root: `acp=127.0.0.1:8001`, several with "
        "commas between them. See [which dialect for whom](../explanation/which-dialect.md).",
        read_listeners,
        "none",
    ),
)
"""Every setting. A flag wins over its variable, the variable over the default."""


def read_settings(
    flags: Mapping[str, Any], environ: Mapping[str, str], defaults: Mapping[str, Any]
) -> Settings:
    """Settings from flags, variables and defaults, by the settings' names.

    `defaults` come before those of the table and must hold `data_dir`. Raises `ConfigError`.
    """
    return Settings(**{each.name: _setting(each, flags, environ, defaults) for each in SETTINGS})


def _setting(
    setting: Setting,
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> Any:
    given, source = flags.get(setting.name), setting.flag
    if given is None:
        given, source = environ.get(setting.env, "").strip() or None, setting.env
    if given is None:
        return defaults.get(setting.name, setting.default)
    try:
        return setting.parse(str(given))
    except ValueError as error:
        shown = "" if setting.secret else f"; it is '{given}'"
        raise ConfigError(f"{source}: must be {error}{shown}.") from None
