"""Calls every operation of a client that openapi-generator made of one of ACP's documents.

    python generated_client.py URL VARIANT

The client is the package `acp_client`, on the path. VARIANT is the suffix of its methods. Prints
the names of the operations that were called, and of all that there are.
"""

import json
import sys
from importlib import import_module
from inspect import signature
from typing import Any, get_args, get_origin

from process.acp_scripts.tour import STREAMS, Client, everything, plain, raw_events

APIS = ("AgentsApi", "ThreadsApi", "ThreadRunsApi", "StatelessRunsApi", "ServerApi")
OPEN = ("get_openapi_json", "get_docs")
"""What only our own document has; not called."""


class GeneratedClient(Client):
    """A client as it is made: an API class for each tag."""

    checks_ids = True

    def __init__(self, url: str, variant: str) -> None:
        package: Any = import_module("acp_client")
        super().__init__(url, variant, package)
        self._error = import_module("acp_client.exceptions").ApiException
        transport = package.ApiClient(package.Configuration(host=url))
        self._apis = [getattr(package, each)(transport) for each in APIS if hasattr(package, each)]

    def operations(self) -> list[str]:
        """All that there are."""
        names = {name for api in self._apis for name in dir(api)}
        return sorted(n for n in names if f"{n}_with_http_info" in names and n not in OPEN)

    def make(self, shape: str, **fields: Any) -> Any:
        """A body; our own document calls some by shorter names."""
        known = hasattr(self._models, shape)
        return super().make(shape if known else shape.removesuffix("Request"), **fields)

    def ask(self, name: str, *arguments: Any, **options: Any) -> tuple[int, Any]:
        """Status and content of an answer."""
        self.called.add(name)
        is_stream = name.startswith(STREAMS)
        (api,) = (each for each in self._apis if hasattr(each, name))
        # Published documents tell one event of a stream: what reads it whole cannot succeed.
        is_text = signature(getattr(api, name)).return_annotation is str
        raw = self.variant == "_without_preload_content" or (is_stream and not is_text)
        call = getattr(api, name + ("_without_preload_content" if raw else self.variant))
        ids = [each for each in arguments if isinstance(each, str)]
        bodies = dict(named(call, each) for each in arguments if not isinstance(each, str))
        try:
            answer = call(*ids, **bodies, **options, _request_timeout=20.0)
        except self._error as error:
            return error.status, json.loads(error.body)
        if raw:
            return answer.status, self._read(answer, is_stream)
        content = answer.data if self.variant else answer
        return 200, events(content.encode()) if is_stream else plain(content)

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, answer: Any, is_stream: bool) -> Any:
        body = answer.read()
        if is_stream and answer.status == 200:
            return events(body)
        return json.loads(body) if body else None


def events(body: bytes) -> list[Any]:
    """The data of a stream's events."""
    return [json.loads(each) for each in raw_events(body)]


def named(call: Any, body: Any) -> tuple[str, Any]:
    """A body by the name that a method has for it, as it is declared: itself, or, where it is
    plain data, one of several alternatives."""
    for name, parameter in signature(call).parameters.items():
        declared = parameter.annotation
        while get_origin(declared) is not dict and (arguments := get_args(declared)):
            declared = arguments[0]
        if declared is Any or isinstance(body, get_origin(declared) or declared):
            return name, body
        if isinstance(body, dict) and hasattr(declared, "from_json"):
            return name, declared(body)
    raise LookupError(f"{call} takes no {type(body)}")


def client(url: str) -> Client:
    """A client of a place."""
    return GeneratedClient(url, "")


def main(url: str, variant: str = "") -> None:
    """Call everything, and tell."""
    made = GeneratedClient(url, variant)
    print(json.dumps({"called": everything(made), "all": made.operations()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
