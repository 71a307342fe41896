"""What earlier versions of LangGraph's API do otherwise: data, one row per version.

A dialect is made for one row. Where versions only add, all of them are served alike: these are the
points at which the same request means something else, or its answer looks different.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Reply(NamedTuple):
    """An answer that tells nothing but that it was done."""

    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Compat:
    """One version's ways.

    `multitask_strategy` and `on_disconnect` hold where a request names none; `gone` answers a
    deletion, `cancelling` a cancel that does not wait. `lists_errors`: what is wrong with a
    request is told as a list of `{loc, msg, type}`. `fills_states`: its clients take no null in a
    state, so that a text or an object is empty where there is none.
    """

    name: str
    multitask_strategy: str = "enqueue"
    on_disconnect: str = "continue"
    gone: Reply = Reply(204)
    cancelling: Reply = Reply(202)
    lists_errors: bool = False
    fills_states: bool = False


TODAY = Compat("today")
"""LangGraph API 0.16, as its server does (observed)."""

_DONE = Reply(200, b"{}")

VERSIONS: Mapping[str, Compat] = {
    each.name: each
    for each in (
        TODAY,
        Compat("2024", "reject", "cancel", _DONE, _DONE),
        Compat("0.1.0", "reject", "cancel", _DONE, _DONE, lists_errors=True, fills_states=True),
    )
}
"""The versions by name: today's, that of November 2024 (44 operations), and 0.1.0 of June 2024 (31
operations), as their documents tell."""
