"""The `config` of a run as callers send it: what may pass, and what only the server sets."""

from collections.abc import Mapping
from typing import Any

from demotic.domain.assistants import is_reserved
from demotic.domain.errors import BadInput

PASSED = ("tags", "metadata", "recursion_limit", "configurable", "run_name", "max_concurrency")
"""Keys that reach the agent. LangGraph API 0.16 documents tags, recursion_limit, configurable."""

_FORWARDED = "langgraph_checkpoint_ns"
"""In a config's metadata: RemoteGraph sends on the config of the graph that calls it."""

_ANSWERS = "__pregel_resume_map"
"""In `configurable`: what the calling graph was resumed with, by question."""


def clean(config: Mapping[str, Any] | None, thread_id: str | None) -> dict[str, Any]:
    """The config that may reach the agent. Raises `BadInput` for what only the server sets.

    Reserved keys in a config that RemoteGraph forwards belong to the calling graph's own run:
    those are left out, because no caller can choose them.
    """
    given = config or {}
    passed = {key: given[key] for key in PASSED if given.get(key) is not None}
    _check_types(passed)
    if "configurable" in passed:
        forwarded = _FORWARDED in passed.get("metadata", ())
        configurable = passed["configurable"]
        passed["configurable"] = _without_reserved(configurable, thread_id, forwarded)
    return passed


def calling_place(config: Mapping[str, Any]) -> str | None:
    """Where the calling graph has the RemoteGraph that sent this config; None for others'."""
    place = (config.get("metadata") or {}).get(_FORWARDED)
    return place if isinstance(place, str) else None


def calling_run(config: Mapping[str, Any]) -> str | None:
    """The run, of this server or another, in which a RemoteGraph sent this config."""
    run_id = (config.get("metadata") or {}).get("run_id")
    return run_id if calling_place(config) is not None and isinstance(run_id, str) else None


def forwarded_answers(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The answers that a calling graph was given, which RemoteGraph sends on in `configurable`.

    RemoteGraph (langgraph 1.2) tells in no other way that its own questions were answered: it
    sends the input once more.
    """
    answers = (config.get("configurable") or {}).get(_ANSWERS)
    found = calling_place(config) is not None and isinstance(answers, dict) and answers
    return answers if found else None


def _without_reserved(
    configurable: Mapping[str, Any], thread_id: str | None, forwarded: bool
) -> dict[str, Any]:
    for key, value in configurable.items():
        harmless = key == "thread_id" and thread_id is not None and value == thread_id
        if is_reserved(key) and not (forwarded or harmless):
            raise BadInput(
                f"`config.configurable.{key}` is set by the server: leave it out. The thread is "
                "named in the path, a checkpoint in `checkpoint`."
            )
    return {key: value for key, value in configurable.items() if not is_reserved(key)}


def _check_types(config: Mapping[str, Any]) -> None:
    for key in ("metadata", "configurable"):
        if not isinstance(config.get(key, {}), dict):
            raise BadInput(f"`config.{key}` must be an object.")
    tags = config.get("tags", [])
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise BadInput("`config.tags` must be an array of strings.")
    for key in ("recursion_limit", "max_concurrency"):
        value = config.get(key, 1)
        if type(value) is not int or value < 1:
            raise BadInput(f"`config.{key}` must be an integer above 0.")
    if not isinstance(config.get("run_name", ""), str):
        raise BadInput("`config.run_name` must be a string.")
