"""The manifest of promises, checked in both directions."""

from pathlib import Path

from demotic.dialects.streaming.commands import HTTP_HANDLERS
from demotic.dialects.streaming.errors import CODES, ERRORS
from demotic.domain import errors
from dialects.marks import marked
from dialects.streaming.requirements import ERRORS as PROMISED
from dialects.streaming.requirements import REQUIREMENTS

HERE = Path(__file__).parent


def test_every_promise_has_a_test_and_every_marked_test_a_promise() -> None:
    assert marked(HERE, "streaming.") == set(REQUIREMENTS)


def test_every_command_and_code_is_promised() -> None:
    sources = " ".join(each.source + each.behavior for each in REQUIREMENTS.values())
    for method in HTTP_HANDLERS:
        assert method in sources, method
    assert set(CODES.values()) == set(PROMISED)


def test_every_engine_error_has_a_status_and_a_code() -> None:
    for cls in vars(errors).values():
        if isinstance(cls, type) and issubclass(cls, errors.DemoticError):
            assert set(cls.__mro__) & set(ERRORS) and set(cls.__mro__) & set(CODES)
