"""The server's settings: flags, variables, defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demotic.config.lifetimes import from_text
from demotic.config.model import ORIGIN, PREFIX, ConfigError, ThreadTtl


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the server runs. `log_json` None: JSON lines unless it logs to a terminal;
    `log_color` None: colours on a terminal."""

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
    mount_prefix: str = ""
    cors_origins: tuple[str, ...] = ()
    local_origins: bool = True
    allowed_hosts: tuple[str, ...] = ()
    thread_ttl: ThreadTtl | None = None


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


LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, its flag if it has one, its default, what it means.

    `shown` says what the default is where it depends on something.
    """

    name: str
    env: str
    flag: str | None
    default: Any
    meaning: str
    parse: Callable[[str], Any] = str
    shown: str = ""


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
        raise ConfigError(f"{source}: must be {error}; it is '{given}'.") from None
