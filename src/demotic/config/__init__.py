"""What the user has set: `langgraph.json`, read as it is, and the server's settings."""

from demotic.config.file import find_config, read_config
from demotic.config.keys import BUILD_ONLY, FILE_FORMS, NOT_YET
from demotic.config.listeners import DIALECTS, Listener
from demotic.config.model import (
    FILE_NAME,
    Config,
    ConfigError,
    CorsSpec,
    GraphSpec,
    HeaderSpec,
    HttpSpec,
    ThreadTtl,
    Webhooks,
)
from demotic.config.settings import (
    COMPAT,
    LOG_LEVELS,
    SETTINGS,
    Setting,
    Settings,
    read_settings,
)
from demotic.config.variables import VARIABLES, Variable

__all__ = [
    "COMPAT",
    "DIALECTS",
    "BUILD_ONLY",
    "COMPAT",
    "FILE_FORMS",
    "FILE_NAME",
    "LOG_LEVELS",
    "NOT_YET",
    "SETTINGS",
    "VARIABLES",
    "Config",
    "ConfigError",
    "CorsSpec",
    "GraphSpec",
    "HeaderSpec",
    "HttpSpec",
    "Listener",
    "Setting",
    "Settings",
    "ThreadTtl",
    "Variable",
    "Webhooks",
    "find_config",
    "read_config",
    "read_settings",
]
