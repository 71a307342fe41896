"""From wire to engine words: threads."""

from typing import Any

import pytest

from demotic.dialects.langgraph import paths, translate_threads, wire, wire_threads
from demotic.dialects.langgraph.render import THREAD_FIELDS
from demotic.dialects.langgraph.translate_threads import MINUTE_US, View
from demotic.domain.errors import BadInput
from demotic.domain.lifecycle import ThreadState
from demotic.domain.states import StateUpdate
from demotic.domain.threads import Lifetime, Pruning
from demotic.web.answers import encode
from demotic.web.bodies import decode

THREAD = "01a2023b-64e9-7287-b6db-ed3fee48bd55"
OTHER = "b2fa941f-1485-4093-8bee-e6974e468c07"
WEEK = Lifetime(7 * 1440 * MINUTE_US, Pruning.KEEP_LATEST)


def created(**body: Any) -> tuple[Any, bool]:
    """The thread that a body asks for."""
    read = decode(encode(body), wire.ThreadCreate)
    return translate_threads.new_thread(read, THREAD, None)


def test_a_thread_gets_a_fresh_id_unless_one_is_given() -> None:
    new, or_existing = created(metadata={"a": 1})
    assert (new.id, new.metadata, or_existing, new.lifetime) == (THREAD, {"a": 1}, False, None)
    new, or_existing = created(thread_id=OTHER, if_exists="do_nothing")
    assert (new.id, or_existing) == (OTHER, True)


@pytest.mark.parametrize(
    "body",
    [
        {"thread_id": "nope"},
        {"if_exists": "bogus"},
        {"ttl": "5"},
        {"ttl": True},
        {"ttl": 0},
        {"ttl": -1},
        {"ttl": {"ttl": 10**12}},
        {"ttl": {"ttl": 5, "strategy": "bogus"}},
        {"ttl": {"strategy": "delete"}},
        {"supersteps": {}},
        {"supersteps": [{}]},
        {"supersteps": [{"updates": [{"values": {}}]}]},
    ],
)
def test_threads_that_cannot_be_created_as_asked(body: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        created(**body)


@pytest.mark.requirement("langgraph.threads.ttl")
def test_a_lifetime_is_minutes_or_minutes_and_a_strategy() -> None:
    five = Lifetime(5 * MINUTE_US)
    assert translate_threads.lifetime(5, None) == five
    assert created(ttl={"ttl": 5})[0].lifetime == five
    assert created(ttl=0.5)[0].lifetime == Lifetime(MINUTE_US // 2)
    kept = {"ttl": 5, "strategy": "keep_latest"}
    assert created(ttl=kept)[0].lifetime == Lifetime(5 * MINUTE_US, Pruning.KEEP_LATEST)
    assert translate_threads.lifetime(None, WEEK) is None, "the engine knows the default"


@pytest.mark.requirement("langgraph.threads.ttl.default")
def test_a_strategy_alone_takes_the_server_s_minutes() -> None:
    given = wire_threads.Ttl(strategy="delete")
    assert translate_threads.lifetime(given, WEEK) == Lifetime(WEEK.length_us, Pruning.DELETE)
    with pytest.raises(BadInput, match="default_ttl"):
        translate_threads.lifetime(given, None)


def searched(**body: Any) -> Any:
    """The query that a body asks for."""
    read = decode(encode(body), wire.ThreadSearch)
    return translate_threads.query(read, translate_threads.view(read))


def test_thread_searches_translate_their_words() -> None:
    query = searched(
        ids=[OTHER], status="busy", sort_by="state_updated_at", sort_order="asc", limit=5, offset=2
    )
    assert (query.ids, query.state) == ([OTHER], ThreadState.BUSY)
    assert (query.sort_by, query.descending) == ("state_updated", False)
    assert (query.limit, query.offset, query.count_up_to) == (5, 2, 10_000)
    bare = searched()
    assert (bare.ids, bare.sort_by, bare.descending, bare.limit) == (None, "updated", True, 10)
    count = translate_threads.counted(wire.ThreadCount(status="idle"))
    assert (count.limit, count.count_up_to, count.state) == (0, None, ThreadState.IDLE)


@pytest.mark.parametrize(
    ("body", "bare"),
    [
        ({}, False),
        ({"select": ["thread_id", "values"]}, False),
        ({"select": ["thread_id"]}, True),
        ({"select": ["thread_id"], "extract": {"a": "metadata.a"}}, True),
        ({"select": ["thread_id"], "extract": {"a": "values.a"}}, False),
    ],
)
def test_values_are_read_only_where_they_are_shown(body: Any, bare: bool) -> None:
    assert searched(**body).bare is bare


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 0},
        {"limit": 1001},
        {"offset": -1},
        {"status": "bogus"},
        {"sort_by": "bogus"},
        {"sort_order": "bogus"},
        {"ids": ["nope"]},
        {"select": ["bogus"]},
        {"include": ["bogus"]},
        {"extract": {"a": "bogus.a"}},
        {"extract": {"a": 1}},
        {"extract": {str(n): "values" for n in range(11)}},
    ],
)
def test_thread_searches_out_of_bounds_are_bad_input(body: Any) -> None:
    with pytest.raises(BadInput):
        searched(**body)


SHOWN: Any = {
    "values": {"messages": [{"content": "a"}, {"content": "b"}], "a.b": {"c[0]": 1}},
    "metadata": {"tags": ["x"]},
}


@pytest.mark.requirement("langgraph.threads.search.extract")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("values.messages[-1].content", "b"),
        ("values.messages[0]", {"content": "a"}),
        ("values.messages[2]", None),
        ("values.messages[-3]", None),
        ("values.messages.content", None),
        ("values[0]", None),
        ("values.nope.deeper", None),
        ('values["a.b"]["c[0]"]', 1),
        ("metadata.tags[0]", "x"),
        ("metadata", {"tags": ["x"]}),
        ("status", None),
    ],
)
def test_a_path_leads_to_a_part_of_a_thread_or_nowhere(path: str, found: Any) -> None:
    assert paths.follow(SHOWN, paths.parse(path, THREAD_FIELDS)) == found


@pytest.mark.parametrize(
    "path",
    ["", ".", ".values", "values.", "values[", "values[x]", "values[]", "values..a", 'values["a]']
    + ["values[1", "values['a']", "nope", "[0]", 'values["\\q"]', "values[99999999999]"],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadInput, match="extract"):
        paths.parse(path, THREAD_FIELDS)


def steps(*updates: Any) -> Any:
    """Supersteps as the wire has them, each of one update."""
    body = {"supersteps": [{"updates": [each]} for each in updates]}
    return decode(encode(body), wire.ThreadCreate).supersteps


@pytest.mark.requirement("langgraph.threads.supersteps")
def test_supersteps_are_updates_by_values_or_by_command() -> None:
    given = steps(
        {"values": {"x": 1}, "command": None, "as_node": "__input__"},
        {
            "values": None,
            "command": {"update": {"x": 2}, "goto": "b", "resume": None},
            "as_node": "a",
        },
    )
    assert translate_threads.supersteps(given) == [
        [StateUpdate(values={"x": 1}, as_node="__input__")],
        [StateUpdate(command={"update": {"x": 2}, "goto": "b"}, as_node="a")],
    ]


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"values": 5, "as_node": "a"}, r"supersteps\[1\].updates\[0\].values"),
        ({"values": {}, "command": {}, "as_node": "a"}, "either `values` or `command`"),
        ({"command": {"resume": 1}, "as_node": "a"}, "not resume"),
        ({"command": {"bogus": 1}, "as_node": "a"}, r"updates\[0\].command` knows"),
        ({"command": {"goto": 1}, "as_node": "a"}, r"command.goto"),
    ],
)
def test_supersteps_that_cannot_be_made_are_named(update: Any, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        translate_threads.supersteps(steps({"as_node": "a"}, update))


@pytest.mark.parametrize(
    "body",
    [
        {"supersteps": [], "values": None},
        {"supersteps": [{"updates": []}]},
        {"supersteps": [{"updates": [{"as_node": "a"}]}], "values": {}},
        {"supersteps": [{"updates": [{"as_node": "a"}]}], "as_node": "a"},
    ],
)
def test_one_update_or_several_but_not_both(body: Any) -> None:
    with pytest.raises(BadInput, match="supersteps"):
        translate_threads.bulk_update(decode(encode(body), wire.StateUpdate), THREAD)


def test_a_view_of_everything_needs_the_values() -> None:
    assert View().needs_values
