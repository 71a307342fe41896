"""Which events a subscription wants."""

import pytest
from langgraph_sdk.stream.subscription import namespace_matches

from demotic.dialects.streaming.channels import CHANNELS, Filter, checked, path_of
from demotic.domain.errors import BadInput

PATHS: list[tuple[str, ...]] = [
    (),
    ("agent:1",),
    ("agent:2",),
    ("other:1",),
    ("agent:1", "inner:7"),
    ("agent:1", "inner:7", "deep:9"),
]

PREFIXES: list[list[tuple[str, ...]]] = [
    [],
    [()],
    [("agent",)],
    [("agent:1",)],
    [("agent:3",)],
    [("agent", "inner")],
    [("agent:1", "inner"), ("other",)],
]


@pytest.mark.requirement("streaming.channels.namespaces")
@pytest.mark.requirement("streaming.channels.depth")
@pytest.mark.parametrize("prefixes", PREFIXES)
@pytest.mark.parametrize("depth", [None, 0, 1, 2])
def test_namespaces_match_as_in_the_official_client(
    prefixes: list[tuple[str, ...]], depth: int | None
) -> None:
    shown = Filter(frozenset({"values"}), prefixes, depth)
    theirs = [list(each) for each in prefixes]
    for path in PATHS:
        expected = namespace_matches(list(path), theirs, depth)
        assert shown.matches("values", path) == expected, (path, prefixes, depth)


@pytest.mark.requirement("streaming.channels.namespaces")
def test_a_part_matches_without_its_tasks_id_and_with_no_other() -> None:
    shown = Filter(frozenset({"values"}), [("agent",)])
    assert shown.matches("values", ("agent:1f0c", "tools:2"))
    assert not shown.matches("values", ("agents:1",))
    assert not Filter(frozenset({"values"}), [("agent:2",)]).matches("values", ("agent:1",))


@pytest.mark.requirement("streaming.channels.depth")
def test_depth_counts_levels_below_a_namespace() -> None:
    shown = Filter(frozenset({"values"}), [("agent",)], 1)
    assert [shown.matches("values", path) for path in PATHS] == [
        False,
        True,
        True,
        False,
        True,
        False,
    ]


@pytest.mark.requirement("streaming.channels.custom")
def test_named_custom_channels_are_part_of_custom() -> None:
    everything, one = Filter(frozenset({"custom"})), Filter(frozenset({"custom:a"}))
    assert [everything.wants(each) for each in ("custom", "custom:a", "values")] == [1, 1, 0]
    assert [one.wants(each) for each in ("custom", "custom:a", "custom:b")] == [0, 1, 0]


@pytest.mark.requirement("streaming.channels.bad")
@pytest.mark.parametrize("channels", [[], ["value"], ["custom:"], ["values"] * 101, [""]])
def test_channels_that_there_are_not_are_refused_with_those_that_there_are(
    channels: list[str],
) -> None:
    with pytest.raises(BadInput, match="channels"):
        checked(channels)


def test_all_channels_are_accepted() -> None:
    assert checked([*CHANNELS, "custom:x"]) == {*CHANNELS, "custom:x"}
    assert path_of("") == () and path_of("a:1|b:2") == ("a:1", "b:2")
