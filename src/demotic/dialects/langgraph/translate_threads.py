"""From wire to engine words: threads, their lifetimes and the states they begin with; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from demotic.dialects.langgraph import paths, render, translate
from demotic.dialects.langgraph.choices import (
    IF_EXISTS,
    MAX_COUNT,
    MAX_EXTRACTED,
    MAX_TTL_MINUTES,
    PRUNINGS,
    SORT_ORDER,
    THREAD_SORT,
    THREAD_STATES,
)
from demotic.dialects.langgraph.wire import (
    StateUpdate,
    ThreadCount,
    ThreadCreate,
    ThreadPatch,
    ThreadSearch,
)
from demotic.dialects.langgraph.wire_threads import Superstep, SuperstepUpdate, ThreadPrune, Ttl
from demotic.domain import states
from demotic.domain.errors import BadInput
from demotic.domain.states import Superstep as Changes
from demotic.domain.threads import Lifetime, NewThread, Pruning, ThreadQuery
from demotic.web.choosing import choose, uuid

MINUTE_US = 60_000_000

INCLUDED = {"ttl": "ttl"}
"""What is shown of a thread only on request."""

NO_LENGTH = (
    "`ttl.ttl` must say after how many minutes: this server sets no default "
    "(`checkpointer.ttl.default_ttl` of its configuration)."
)


@dataclass(frozen=True, slots=True)
class View:
    """How threads are shown: selected fields (None: all), those on request, and extracts."""

    fields: Sequence[str] | None = None
    include: Collection[str] = ()
    extract: Mapping[str, paths.Path] = field(default_factory=dict)

    @property
    def needs_values(self) -> bool:
        """Whether the thread's values are shown, or a part of them."""
        extracted = any(path[0] == "values" for path in self.extract.values())
        return self.fields is None or "values" in self.fields or extracted


def new_thread(
    body: ThreadCreate, fresh_id: str, default: Lifetime | None
) -> tuple[NewThread, bool]:
    """POST /threads: the thread, and whether an existing one will do."""
    id = fresh_id if body.thread_id is None else uuid("thread", body.thread_id)
    or_existing = choose("if_exists", body.if_exists or "raise", IF_EXISTS)
    life = lifetime(body.ttl, default)
    return NewThread(id=id, metadata=body.metadata or {}, lifetime=life), or_existing


def thread_change(body: ThreadPatch, default: Lifetime | None) -> dict[str, Any]:
    """PATCH /threads/{thread_id}: the arguments of the engine's change."""
    return {"metadata": body.metadata or {}, "lifetime": lifetime(body.ttl, default)}


def lifetime(given: float | Ttl | None, default: Lifetime | None) -> Lifetime | None:
    """`ttl`, in minutes (0.016… are a second); what it leaves out is the server's default."""
    if given is None:
        return None
    ttl = given if isinstance(given, Ttl) else Ttl(given)
    pruning = choose("ttl.strategy", ttl.strategy or Pruning.DELETE, PRUNINGS)
    if ttl.ttl is None:
        if default is None:
            raise BadInput(NO_LENGTH)
        return replace(default, pruning=pruning)
    if not 0 < ttl.ttl <= MAX_TTL_MINUTES:
        raise BadInput(
            f"`ttl` must be a number of minutes above 0, at most {MAX_TTL_MINUTES}; not {ttl.ttl}."
        )
    return Lifetime(max(1, round(ttl.ttl * MINUTE_US)), pruning)


def graph(metadata: Mapping[str, Any]) -> str | None:
    """The graph that a thread's metadata names as its own, if any."""
    named = metadata.get("graph_id")
    return named if isinstance(named, str) else None


def bulk_update(body: StateUpdate, thread_id: str) -> tuple[list[Changes], dict[str, Any] | None]:
    """POST /threads/{id}/state: one update or several, and where the first is made."""
    if body.supersteps is None:
        return [[translate.state_update(body, thread_id)]], translate.state_start(body, thread_id)
    if body.values is not None or body.as_node is not None:
        raise BadInput("Give either `supersteps`, or `values` and `as_node` of one update.")
    if not body.supersteps:
        raise BadInput("`supersteps` is empty: name at least one.")
    return supersteps(body.supersteps), translate.state_start(body, thread_id)


def supersteps(given: Sequence[Superstep]) -> list[Changes]:
    """Supersteps, each of one update or several."""
    for number, step in enumerate(given):
        if not step.updates:
            raise BadInput(f"`supersteps[{number}].updates` is empty: name at least one update.")
    return [
        [_update(each, f"supersteps[{n}].updates[{m}]") for m, each in enumerate(step.updates)]
        for n, step in enumerate(given)
    ]


def _update(given: SuperstepUpdate, place: str) -> states.StateUpdate:
    if given.command is not None and given.values is not None:
        raise BadInput(f"`{place}`: give either `values` or `command`.")
    if not isinstance(given.values, (dict, list, type(None))):
        raise BadInput(f"`{place}.values` must be an object, an array of objects, or null.")
    command = None if given.command is None else translate.command(given.command, place)
    if command and "resume" in command:
        raise BadInput(f"`{place}.command` may update and go to nodes, but not resume.")
    return states.StateUpdate(values=given.values, command=command, as_node=given.as_node)


def pruned(body: ThreadPrune) -> tuple[list[str], Pruning]:
    """POST /threads/prune: which threads, and what is taken of them."""
    ids = [uuid("thread", id) for id in body.thread_ids]
    return ids, choose("strategy", body.strategy or Pruning.DELETE, PRUNINGS)


def counted(body: ThreadCount) -> ThreadQuery:
    """POST /threads/count: all matches are counted."""
    wanted = ThreadSearch(metadata=body.metadata, values=body.values, status=body.status)
    return replace(query(wanted, View()), limit=0, count_up_to=None)


def query(body: ThreadSearch, view: View) -> ThreadQuery:
    """POST /threads/search; newest first unless it says otherwise."""
    return ThreadQuery(
        ids=None if body.ids is None else [uuid("thread", id) for id in body.ids],
        metadata=body.metadata or {},
        values=body.values or {},
        state=None if body.status is None else choose("status", body.status, THREAD_STATES),
        limit=translate.limit(body.limit),
        offset=translate.offset(body.offset),
        sort_by=choose("sort_by", body.sort_by or "updated_at", THREAD_SORT),
        descending=choose("sort_order", body.sort_order or "desc", SORT_ORDER),
        bare=not view.needs_values,
        count_up_to=MAX_COUNT,
    )


def view(body: ThreadSearch) -> View:
    """POST /threads/search: how the threads are to be shown."""
    given = body.extract or {}
    if len(given) > MAX_EXTRACTED:
        raise BadInput(f"`extract` takes at most {MAX_EXTRACTED} paths, not {len(given)}.")
    return View(
        translate.selected(body.select, render.THREAD_SELECT),
        included(body.include or ()),
        {alias: paths.parse(path, render.THREAD_FIELDS) for alias, path in given.items()},
    )


def included(names: Sequence[str]) -> list[str]:
    """`include`: what is to be shown beyond the usual."""
    return [choose("include", name, INCLUDED) for name in names]
