"""Reading query parameters."""

import pytest
from starlette.requests import Request

from demotic.domain.errors import BadInput
from demotic.web.queries import flag, integer, words


def request(query: str) -> Request:
    """A request with a query."""
    return Request({"type": "http", "headers": [], "query_string": query.encode()})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", False),
        ("f=true", True),
        ("f=1", True),
        ("f=False", False),
        ("f=0", False),
        ("f=", False),
    ],
)
def test_a_flag_is_true_or_false(query: str, expected: bool) -> None:
    assert flag(request(query), "f") is expected


def test_a_flag_that_is_neither_is_bad_input() -> None:
    with pytest.raises(BadInput, match="`f` must be true or false, not 'maybe'"):
        flag(request("f=maybe"), "f")


def test_an_integer_has_a_default_and_bounds() -> None:
    assert integer(request(""), "n", 10, 1, 20) == 10
    assert integer(request("n=20"), "n", 10, 1, 20) == 20
    with pytest.raises(BadInput, match="`n` must be between 1 and 20, not 21"):
        integer(request("n=21"), "n", 10, 1, 20)
    with pytest.raises(BadInput, match="`n` must be an integer, not 'x'"):
        integer(request("n=x"), "n", 10, 1, 20)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", []),
        ("m=a", ["a"]),
        ("m=a,b", ["a", "b"]),
        ("m=a&m=b&ms=c", ["a", "b", "c"]),
        ('m=["a","b"]', ["a", "b"]),
    ],
)
def test_words_come_single_repeated_with_commas_or_as_json(query: str, expected: list[str]) -> None:
    assert words(request(query), "m", "ms") == expected


@pytest.mark.parametrize("query", ["m=[1]", "m=[", 'm=["a"'])
def test_words_that_are_no_names_are_bad_input(query: str) -> None:
    with pytest.raises(BadInput, match="`m` must be names"):
        words(request(query), "m")
