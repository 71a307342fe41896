"""The key `http` of `langgraph.json`: what is served, to whom, and what surrounds it."""

import json
import re
from collections.abc import Mapping
from typing import Any

from demotic.config.model import (
    NO_HEADERS,
    ORIGIN,
    PASSED_HEADERS,
    PREFIX,
    ConfigError,
    CorsSpec,
    HeaderSpec,
    HttpSpec,
)
from demotic.config.reading import Reading

EVERY_ORIGIN = "'*' lets every web site that you visit use your agents."
PARTS = ("a2a", "assistants", "mcp", "meta", "runs", "store", "threads", "ui", "webhooks")
"""Parts of the API that `http.disable_…` takes away."""

ORDERS = {"middleware_first": False, "auth_first": True}
"""Values of `http.middleware_order`, and whether authentication comes first."""

_CORS_EXAMPLES = {
    "allow_origins": '["https://app.example.com"]',
    "allow_methods": '["GET", "POST"]',
    "allow_headers": '["x-my-header"]',
    "expose_headers": '["x-my-header"]',
}
_HEADER_EXAMPLE = '["x-user-id", "my-prefix-*"]'


class HttpReading(Reading):
    """Reads the key."""

    def _http(self, data: Mapping[str, Any], environ: Mapping[str, str]) -> HttpSpec:
        disables = {f"disable_{part}": part for part in PARTS}
        own = {"app", "cors", "configurable_headers", "logging_headers", "middleware_order"}
        own |= {"enable_custom_route_auth", "mount_prefix", "root_aliases", *disables}
        http = self._part(data, "http", own)
        order = http.get("middleware_order") or "middleware_first"
        return HttpSpec(
            app=self._try(None, self._app, http.get("app")),
            disabled=frozenset(
                part
                for key, part in disables.items()
                if self._try(False, self._flag, http.get(key), f"http.{key}")
            ),
            cors=self._try(CorsSpec(), self._cors, http.get("cors"), environ),
            configurable_headers=self._headers(http, "configurable_headers", PASSED_HEADERS),
            logging_headers=self._headers(http, "logging_headers", NO_HEADERS),
            auth_first=self._try(False, self._order, order),
            custom_route_auth=self._try(
                False,
                self._flag,
                http.get("enable_custom_route_auth"),
                "http.enable_custom_route_auth",
            ),
            mount_prefix=self._try("", self._mount_prefix, http.get("mount_prefix") or ""),
            root_aliases=self._try(True, self._root_aliases, http.get("root_aliases")),
        )

    def _root_aliases(self, value: Any) -> bool:
        return value is None or self._flag(value, "http.root_aliases")

    def _app(self, value: Any) -> str | None:
        if value is None:
            return None
        place, colon, attribute = value.rpartition(":") if isinstance(value, str) else ("",) * 3
        if not (place and colon and attribute.isidentifier()):
            raise self._error(
                "http.app", f"must name an application, as in './web.py:app'; it is {value!r}."
            )
        return str(value)

    def _order(self, value: Any) -> bool:
        if value not in ORDERS:
            raise self._error("http.middleware_order", f"must be one of {', '.join(ORDERS)}.")
        return ORDERS[value]

    def _headers(self, http: Mapping[str, Any], name: str, default: HeaderSpec) -> HeaderSpec:
        key = f"http.{name}"
        if http.get(name) is None:
            return default
        nothing: dict[str, Any] = {}
        spec = self._try(nothing, self._object, http[name], key)
        self._check_keys(spec, f"{key}.", {"includes", "include", "excludes", "exclude"})

        def names(plural: str, singular: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
            value = spec.get(plural, spec.get(singular))
            if value is None:
                return otherwise
            none: tuple[str, ...] = ()
            found = self._try(none, self._texts, value, f"{key}.{plural}", _HEADER_EXAMPLE)
            return tuple(each.lower() for each in found)

        includes = names("includes", "include", default.includes)
        return HeaderSpec(includes, names("excludes", "exclude", default.excludes))

    def _cors(self, value: Any, environ: Mapping[str, str]) -> CorsSpec:
        key = "http.cors"
        if value is None and (text := environ.get("CORS_CONFIG", "").strip()):
            key = "CORS_CONFIG"
            try:
                value = json.loads(text)
            except json.JSONDecodeError as error:
                raise ConfigError(f"CORS_CONFIG: not JSON: {error.msg}.") from None
        cors = self._object(value or {}, key)
        self._check_keys(
            cors, f"{key}.", {*_CORS_EXAMPLES, "allow_credentials", "allow_origin_regex", "max_age"}
        )
        lists = {
            name: self._texts(cors.get(name) or [], f"{key}.{name}", example)
            for name, example in _CORS_EXAMPLES.items()
        }
        self._check_origins(f"{key}.allow_origins", lists["allow_origins"])
        credentials = cors.get("allow_credentials")
        return CorsSpec(
            **lists,
            allow_origin_regex=self._regex(cors.get("allow_origin_regex"), key),
            allow_credentials=(
                None if credentials is None else self._flag(credentials, f"{key}.allow_credentials")
            ),
            max_age=self._max_age(cors.get("max_age"), f"{key}.max_age"),
        )

    def _regex(self, value: Any, key: str) -> str | None:
        if value is None:
            return None
        try:
            return str(re.compile(value).pattern)
        except (TypeError, re.error) as error:
            raise self._error(
                f"{key}.allow_origin_regex", f"must be a regular expression: {error}."
            ) from None

    def _max_age(self, value: Any, key: str) -> int | None:
        if value is not None and (type(value) is not int or value < 0):
            raise self._error(key, "must be a number of seconds, 0 or more.")
        return value

    def _check_origins(self, key: str, origins: tuple[str, ...]) -> None:
        if origins == ("*",):
            self._warn(key, EVERY_ORIGIN)
            return
        for each in origins:
            self._check_origin(key, each)

    def _check_origin(self, key: str, origin: str) -> None:
        if origin == "*":
            raise self._error(
                key,
                "'*' beside other origins contradicts them: it allows every web site. "
                "Remove '*' to allow only the others, or the others to allow every one.",
            )
        if not ORIGIN.fullmatch(origin):
            raise self._error(
                key,
                f"'{origin}' is not an origin. An origin is a scheme, a host and perhaps a port, "
                "without a pattern or a path, as in 'https://app.example.com'.",
            )

    def _mount_prefix(self, value: Any) -> str:
        if not isinstance(value, str) or not (value == "" or PREFIX.fullmatch(value)):
            raise self._error("http.mount_prefix", "must be a path, as in '/agents'.")
        return value.rstrip("/")
