"""Reads the key `webhooks` of `langgraph.json`: what goes with callbacks, and where they may go."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from demotic.config.model import ConfigError, Webhooks

PREFIX = "LG_WEBHOOK_"
RESERVED = frozenset(
    "connection content-length content-type host transfer-encoding webhook-id webhook-signature"
    " webhook-timestamp".split()
)
KEYS = {"env_prefix", "headers", "url"}
URL_KEYS = {
    "allowed_domains",
    "allowed_ports",
    "disable_loopback",
    "max_url_length",
    "require_https",
}
LONGEST_URL = 65_536

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_PLACE = re.compile(r"\$\{\{(.*?)\}\}")
_VARIABLE = re.compile(r"\s*env\.([A-Za-z_][A-Za-z0-9_]*)\s*")
_DOMAIN = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")

MakeError = Callable[[str, str], ConfigError]
"""The error for a key, and what is wrong with it."""


def read_webhooks(
    value: Any,
    environ: Mapping[str, str],
    *,
    wrong: MakeError,
    attempt: Callable[..., Any],
    check_keys: Callable[[Mapping[str, Any], str, set[str]], None],
) -> Webhooks:
    """What the key holds; None: it is not there, and any public receiver may be called.

    `attempt(otherwise, read, *arguments)` gives what `read` does, and keeps what it raises;
    `check_keys` warns of keys that are not known.
    """
    if value is None:
        return Webhooks()
    data = _object(value, "webhooks", wrong)
    check_keys(data, "webhooks.", KEYS)
    url = attempt({}, _object, data.get("url") or {}, "webhooks.url", wrong)
    check_keys(url, "webhooks.url.", URL_KEYS)
    return Webhooks(
        headers=attempt({}, _headers, data, environ, wrong),
        require_https=attempt(True, _flag, url, "require_https", True, wrong),
        allowed_domains=attempt(None, _domains, url.get("allowed_domains"), wrong),
        allowed_ports=attempt(None, _ports, url.get("allowed_ports"), wrong),
        max_url_length=attempt(LONGEST_URL, _length, url.get("max_url_length"), wrong),
        disable_loopback=attempt(True, _flag, url, "disable_loopback", True, wrong),
    )


def _object(value: Any, key: str, wrong: MakeError) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong(key, "must be an object: {...}.")
    return value


def _headers(
    data: Mapping[str, Any], environ: Mapping[str, str], wrong: MakeError
) -> dict[str, str]:
    prefix = data.get("env_prefix", PREFIX)
    if not isinstance(prefix, str) or not prefix:
        raise wrong("webhooks.env_prefix", "must be a text that is not empty.")
    headers = _object(data.get("headers") or {}, "webhooks.headers", wrong)
    found: dict[str, str] = {}
    for name, value in headers.items():
        key = f"webhooks.headers.{name}"
        if not _NAME.fullmatch(name):
            raise wrong(key, "is not the name of a header.")
        if name.lower() in RESERVED:
            raise wrong(key, "is set by the server itself. Remove it.")
        if not isinstance(value, str):
            raise wrong(key, "must be a text.")
        found[name] = _filled(key, value, prefix, environ, wrong)
    return found


def _filled(key: str, text: str, prefix: str, environ: Mapping[str, str], wrong: MakeError) -> str:
    """A header's value, with the variables that it names."""

    def fill(place: re.Match[str]) -> str:
        named = _VARIABLE.fullmatch(place[1])
        if named is None:
            raise wrong(key, f"{place[0]} must be of the form ${{{{ env.{prefix}NAME }}}}.")
        name = named[1]
        if not name.startswith(prefix):
            raise wrong(
                key,
                f"may only name variables that begin with {prefix}; {name} does not. Rename it, "
                "or set webhooks.env_prefix.",
            )
        if name not in environ:
            raise wrong(key, f"names the variable {name}, which is not set. Set it.")
        return environ[name]

    filled = _PLACE.sub(fill, text)
    if not _VALUE.fullmatch(filled):
        raise wrong(key, "must be printable ASCII on one line, with its variables filled in.")
    return filled


def _flag(url: Mapping[str, Any], name: str, default: bool, wrong: MakeError) -> bool:
    value = url.get(name)
    if not isinstance(value, bool | None):
        raise wrong(f"webhooks.url.{name}", "must be true or false.")
    return default if value is None else value


def _domains(value: Any, wrong: MakeError) -> tuple[str, ...] | None:
    if value is None:
        return None
    domains = [each.lower() for each in _list(value, str, "allowed_domains", wrong)]
    for each in domains:
        if not _DOMAIN.fullmatch(each):
            raise wrong(
                "webhooks.url.allowed_domains",
                f"'{each}' must be a name, as in 'app.example.com', or '*.example.com' for all "
                "below one.",
            )
    return tuple(domains)


def _ports(value: Any, wrong: MakeError) -> tuple[int, ...] | None:
    if value is None:
        return None
    ports = _list(value, int, "allowed_ports", wrong)
    if not all(0 < each < 65536 for each in ports):
        raise wrong("webhooks.url.allowed_ports", "must list numbers from 1 to 65535.")
    return tuple(ports)


def _length(value: Any, wrong: MakeError) -> int:
    if value is None:
        return LONGEST_URL
    if type(value) is not int or not 0 < value <= LONGEST_URL:
        key = "webhooks.url.max_url_length"
        raise wrong(key, f"must be a whole number from 1 to {LONGEST_URL}.")
    return value


def _list(value: Any, kind: type, name: str, wrong: MakeError) -> list[Any]:
    if not isinstance(value, list) or not all(type(each) is kind for each in value):
        texts = {str: "texts", int: "whole numbers"}[kind]
        raise wrong(f"webhooks.url.{name}", f"must be a list of {texts}.")
    return value
