"""Long-term memory: items under namespaces, what is asked of them, and the rules they are kept by.

An item belongs to no thread. Its namespace is a path of labels, its key is unique there, and its
value is a JSON object.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Literal

from demotic.domain.errors import BadInput, NamespaceRefused
from demotic.domain.model import Json, Namespace

SEPARATOR = "."
"""What joins labels where a namespace is written as one text."""

ANY_LABEL = "*"
"""In a pattern of namespaces: any label."""


class Ttl(Enum):
    """How long an item is kept, where its `ttl_s` names no time."""

    DEFAULT = "default"


DEFAULT_TTL: Final = Ttl.DEFAULT

MAX_TTL_S = 100 * 366 * 86_400
MAX_PLACE = 2**63


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A stored item. `value` is the JSON of an object.

    `score` tells how near it comes to a search's text, 1 being the same (None: not compared).
    """

    namespace: Namespace
    key: str
    value: bytes
    created_us: int
    updated_us: int
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to store, in place of the one that is there.

    `index` names the fields by whose meaning it is found (None: those of the rules; False: it is
    not found by meaning). It expires `ttl_s` seconds after it was last stored or, where it is
    asked for, read (None: never).
    """

    namespace: Namespace
    key: str
    value: Mapping[str, Json]
    index: Literal[False] | Sequence[str] | None = None
    ttl_s: float | Ttl | None = DEFAULT_TTL


@dataclass(frozen=True, slots=True)
class ItemLookup:
    """An item to read. `refresh`: its time begins anew (None: as the rules say)."""

    namespace: Namespace
    key: str
    refresh: bool | None = None


@dataclass(frozen=True, slots=True)
class ItemRemoval:
    """An item to delete, if it is there."""

    namespace: Namespace
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemQuery:
    """Which items to list: those under `prefix` that the filters match.

    With a `text`, and an index, the nearest in meaning come first, then those that are not
    indexed; without, the latest stored. `refresh`: their time begins anew (None: as the rules
    say).
    """

    prefix: Namespace = ()
    filters: Mapping[str, Json] = field(default_factory=dict)
    text: str | None = None
    limit: int = 10
    offset: int = 0
    refresh: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceQuery:
    """Which namespaces to list, in order: those that begin and end with all the given patterns.

    In a pattern `*` stands for any label. What is deeper than `max_depth` is cut off and told
    once.
    """

    prefixes: Sequence[Namespace] = ()
    suffixes: Sequence[Namespace] = ()
    max_depth: int | None = None
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemIndex:
    """How items are found by meaning: vectors of `dims` numbers that `embed` makes of the texts at
    `fields` (`$`: the whole value)."""

    dims: int
    embed: str
    fields: Sequence[str] = ("$",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRules:
    """How items are kept: for how long by default (None: for ever), whether reading begins that
    time anew, how often what has expired is swept away, and the index (None: there is none)."""

    default_ttl_s: float | None = None
    refresh_on_read: bool = True
    sweep_s: float = 300.0
    index: ItemIndex | None = None

    def ttl_s(self, given: float | Ttl | None) -> float | None:
        """For how long an item is kept. Raises `BadInput` for no time at all."""
        ttl_s = self.default_ttl_s if isinstance(given, Ttl) else given
        if ttl_s is not None and not 0 < ttl_s <= MAX_TTL_S:
            raise BadInput(f"`ttl` must be more than 0 and at most {MAX_TTL_S // 60} minutes.")
        return ttl_s


def check_namespace(namespace: Namespace) -> None:
    """Raises `BadInput` for a label that is empty, holds a period, or is no text."""
    for label in namespace:
        if not label or SEPARATOR in label or not _is_text(label):
            raise BadInput(f"Namespace label {label!r} must be a non-empty string without periods")


def check_place(namespace: Namespace) -> None:
    """Raises `NamespaceRefused` where nothing can be stored, `BadInput` for a bad label."""
    if not namespace:
        raise NamespaceRefused("Namespace cannot be empty.")
    check_namespace(namespace)


def check_key(key: str) -> None:
    """Raises `BadInput` for a key that no database can hold."""
    if not _is_text(key):
        raise BadInput(f"`key` must be a text without NUL characters, not {key!r}.")


def check_page(limit: int, offset: int) -> None:
    """Raises `BadInput` for a page that cannot be."""
    for name, value in (("limit", limit), ("offset", offset)):
        if not 0 <= value < MAX_PLACE:
            raise BadInput(f"`{name}` must not be less than 0, or beyond 64 bits, as {value} is.")


def is_under(namespace: Namespace, prefix: Namespace) -> bool:
    """Whether a namespace begins with another's labels."""
    return namespace[: len(prefix)] == prefix


def is_wanted(namespace: Namespace, query: NamespaceQuery) -> bool:
    """Whether a namespace begins and ends as a query wants it."""
    return all(_fits(namespace, each) for each in query.prefixes) and all(
        _fits(namespace[::-1], each[::-1]) for each in query.suffixes
    )


def _fits(namespace: Namespace, pattern: Namespace) -> bool:
    return len(namespace) >= len(pattern) and all(
        wanted in (ANY_LABEL, label) for label, wanted in zip(namespace, pattern, strict=False)
    )


def _is_text(text: str) -> bool:
    """Whether a text is one in UTF-8, and has no NUL."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
