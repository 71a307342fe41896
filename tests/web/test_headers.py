"""Request headers that reach an agent."""

import pytest

from demotic.web.headers import MAX_NAMES, HeaderRule


@pytest.mark.parametrize(
    ("includes", "excludes", "chosen"),
    [
        (["x-*"], [], {"x-user-id", "x-api-key"}),
        (["x-*"], ["x-api-*"], {"x-user-id"}),
        (["X-User-ID", "accept"], [], {"x-user-id", "accept"}),
        (["*"], ["*"], set()),
        ([], [], set()),
        (["x-user.id"], [], set()),
        (["*-id"], [], {"x-user-id"}),
    ],
)
def test_headers_are_chosen_by_name(
    includes: list[str], excludes: list[str], chosen: set[str]
) -> None:
    sent = [(b"X-User-Id", b"7"), (b"x-api-key", b"secret"), (b"accept", b"*/*")]
    rule = HeaderRule(includes, excludes)
    assert set(rule(sent)) == chosen
    assert set(rule(sent)) == chosen


def test_a_header_never_sets_what_only_the_server_sets() -> None:
    sent = [(b"thread_id", b"1"), (b"checkpoint_id", b"1"), (b"__x", b"1"), (b"user", b"me")]
    assert HeaderRule(["*"])(sent) == {"user": "me"}


def test_a_rule_remembers_a_bounded_number_of_names() -> None:
    rule = HeaderRule(["*"])
    for n in range(MAX_NAMES + 5):
        assert rule([(f"h{n}".encode(), b"v")]) == {f"h{n}": "v"}
