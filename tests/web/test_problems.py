"""Error answers and routes."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from demotic.domain import errors
from demotic.web.problems import ErrorTable, exception_handlers, find, problem_body
from demotic.web.routing import Operation, routes, unshadowed

TABLE: ErrorTable = {
    errors.NotFound: (404, "not_found"),
    errors.BadInput: (422, "bad_input"),
    errors.StorageUnavailable: (503, "storage_unavailable"),
}


def app_that_raises(error: Exception | None) -> Starlette:
    """An app with one path."""

    async def handler(request: Request) -> Response:
        if error:
            raise error
        return PlainTextResponse(request.method)

    operations = [Operation("GET", "/x", handler), Operation("POST", "/x", handler)]
    return Starlette(routes=routes(operations, TABLE), exception_handlers=exception_handlers(TABLE))


async def ask(app: Starlette, method: str = "GET", path: str = "/x") -> httpx.Response:
    """The app's answer."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path)


def test_the_error_body_suits_every_dialects_clients() -> None:
    assert problem_body("c", "m") == {"detail": "m", "code": "c", "message": "m", "metadata": {}}


@pytest.mark.parametrize(
    ("error", "status", "code", "message"),
    [
        (errors.NotFound("gone"), 404, "not_found", "gone"),
        (errors.ThreadNotFound(), 404, "not_found", "There is no such thread."),
        (errors.BadInput("`x` is missing"), 422, "bad_input", "`x` is missing"),
        (
            errors.AgentError("secret"),
            500,
            "internal_error",
            "An agent could not be loaded or built.",
        ),
    ],
)
async def test_an_engine_error_is_answered_as_its_nearest_class_in_the_table(
    error: errors.DemoticError, status: int, code: str, message: str
) -> None:
    answer = await ask(app_that_raises(error))
    assert answer.status_code == status
    assert answer.json() == problem_body(code, message)


async def test_a_storage_error_says_when_to_come_back_and_hides_where_the_storage_is() -> None:
    answer = await ask(app_that_raises(errors.StorageUnavailable("postgres://user:secret@db")))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "secret" not in answer.text


async def test_an_unexpected_error_is_answered_without_its_message() -> None:
    answer = await ask(app_that_raises(RuntimeError("secret")))
    assert answer.status_code == 500
    assert answer.json() == problem_body("internal_error", "Internal server error")


async def test_unknown_paths_and_methods_are_answered_in_json() -> None:
    app = app_that_raises(None)
    missing = await ask(app, path="/nope")
    assert (missing.status_code, missing.json()["detail"]) == (404, "Not Found")
    wrong = await ask(app, "DELETE")
    assert (wrong.status_code, wrong.json()["detail"]) == (405, "Method Not Allowed")
    assert {each.strip() for each in wrong.headers["allow"].split(",")} == {"GET", "HEAD", "POST"}


async def test_a_path_dispatches_by_method_and_head_is_a_get() -> None:
    app = app_that_raises(None)
    assert (await ask(app, "POST")).text == "POST"
    assert (await ask(app, "HEAD")).status_code == 200


def test_an_operation_cannot_be_given_twice() -> None:
    async def handler(request: Request) -> Response:
        return Response()

    with pytest.raises(ValueError, match="GET /x is given twice"):
        routes([Operation("GET", "/x", handler)] * 2, TABLE)


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["/a/{x}", "/b", "/a/c"], ["/a/c", "/a/{x}", "/b"]),
        (["/{x}/{y}", "/a/{y}", "/a/b"], ["/a/b", "/a/{y}", "/{x}/{y}"]),
        (["/a/{x}/c", "/a/b"], ["/a/{x}/c", "/a/b"]),
    ],
)
def test_literal_paths_go_before_parameters_that_match_them(
    paths: list[str], expected: list[str]
) -> None:
    assert unshadowed(paths) == expected


def test_an_error_without_a_row_is_an_internal_one() -> None:
    assert find(errors.LeaseLost(), TABLE) == (500, "internal_error")


def test_a_long_message_loses_its_middle() -> None:
    told = problem_body("c", "a" * 10_000 + "z")["detail"]
    assert len(told) < 1000
    assert told.startswith("aaa") and told.endswith("az")
