"""The rules that items are kept by."""

import pytest

from demotic.domain.errors import BadInput, NamespaceRefused
from demotic.domain.items import (
    DEFAULT_TTL,
    ItemRules,
    NamespaceQuery,
    check_key,
    check_namespace,
    check_page,
    check_place,
    is_wanted,
)
from demotic.domain.model import Namespace, Scope


@pytest.mark.parametrize("label", ["", "a.b", ".", "\0", "\ud800"])
def test_a_label_that_cannot_be_one_is_refused(label: str) -> None:
    for check in (check_namespace, check_place):
        with pytest.raises(BadInput, match="must be a non-empty string without periods"):
            check(("a", label))


def test_nothing_is_stored_at_the_root() -> None:
    check_namespace(())
    check_place(("a",))
    with pytest.raises(NamespaceRefused, match="cannot be empty"):
        check_place(())


@pytest.mark.parametrize("key", ["a\0", "\udfff"])
def test_a_key_that_no_database_holds_is_refused(key: str) -> None:
    check_key("")
    check_key("any text: ✓ . /")
    with pytest.raises(BadInput, match="`key`"):
        check_key(key)


@pytest.mark.parametrize("page", [(-1, 0), (0, -1), (2**63, 0), (0, 2**63)])
def test_a_page_that_cannot_be_is_refused(page: tuple[int, int]) -> None:
    check_page(0, 2**63 - 1)
    with pytest.raises(BadInput, match=r"`(limit|offset)` must not"):
        check_page(*page)


def test_a_time_to_live_is_what_is_given_or_the_default() -> None:
    rules = ItemRules(default_ttl_s=60)
    assert (rules.ttl_s(DEFAULT_TTL), rules.ttl_s(5), rules.ttl_s(None)) == (60, 5, None)
    assert ItemRules().ttl_s(DEFAULT_TTL) is None
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="`ttl` must be more than 0"):
            rules.ttl_s(wrong)


@pytest.mark.parametrize(
    ("namespace", "prefix", "suffix", "wanted"),
    [
        (("a", "b"), ("a",), (), True),
        (("a", "b"), ("a", "b", "c"), (), False),
        (("a", "b"), (), ("b",), True),
        (("a", "b"), (), ("a",), False),
        (("a", "b", "c"), ("*", "b"), ("*",), True),
        (("ab",), ("a",), (), False),
        ((), (), (), True),
    ],
)
def test_namespaces_match_patterns_label_by_label(
    namespace: Namespace, prefix: Namespace, suffix: Namespace, wanted: bool
) -> None:
    query = NamespaceQuery(prefixes=[prefix], suffixes=[suffix])
    assert is_wanted(namespace, query) is wanted


def test_a_scope_holds_what_is_below_its_namespaces() -> None:
    assert Scope().holds(())
    assert Scope().holds(("a",))
    assert not Scope(filters={"owner": "a"}).holds(("a",))
    hers = Scope(filters={"owner": "a"}, namespaces=[("a",)])
    assert [hers.holds(n) for n in [("a",), ("a", "b"), (), ("ab",)]] == [True, True, False, False]
