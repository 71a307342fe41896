"""The whole application: what the configuration puts around the dialects."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from demotic.config import Config, GraphSpec, HeaderSpec, HttpSpec, Settings, read_settings
from demotic.config.listeners import Listener
from demotic.dialects.acp.contracts import Contracts
from demotic.domain.errors import AgentError
from demotic.engine.core import Engine
from demotic.server import Hosting, load_custom_app, make_app, make_apps
from demotic.web.custom_app import CustomApp, WithState
from dialects.langgraph.langgraph_http import AGENT, UNKNOWN, run_body
from house import House

KEYS = ("alice=secret-of-alice",)
ALICE = {"x-api-key": "secret-of-alice"}


def configured(**http: Any) -> Config:
    """A configuration with this `http`."""
    path = Path("langgraph.json")
    graphs = {AGENT: GraphSpec("agent.py:graph")}
    return Config(path=path, directory=Path(), graphs=graphs, http=HttpSpec(**http))


def settings_of(**changed: Any) -> Settings:
    """Settings, with the host of the test client allowed."""
    read = read_settings({}, {}, {"data_dir": Path("data")})
    return replace(read, allowed_hosts=("test",), **changed)


def hosting(engine: Engine) -> Hosting:
    """An engine whose agents have no manifests."""
    return Hosting(engine, Contracts(engine.descriptions.schemas_of, {}))


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """A client of an application."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def app_of(
    house: House, custom: Starlette | None = None, keys: tuple[str, ...] = (), **http: Any
) -> ASGIApp:
    """The whole application around a house."""
    settings = settings_of(api_keys=keys)
    wrapped = CustomApp(custom) if custom else None
    return make_app(hosting(house.engine), configured(**http), settings, wrapped)


class Item(BaseModel):
    """A body of the user's."""

    name: str


class Run(BaseModel):
    """A shape that has the name of one of ours."""

    speed: int


def fastapi_app() -> FastAPI:
    """An application as users write them."""
    app = FastAPI()

    @app.get("/hello/{name}")
    async def hello(name: str) -> dict[str, str]:
        """Greets."""
        return {"hello": name}

    @app.post("/items")
    async def make(item: Item) -> Run:
        return Run(speed=len(item.name))

    @app.get("/threads/special")
    async def special() -> str:
        return "mine"

    @app.middleware("http")
    async def mark(request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["x-marked"] = "yes"
        return response

    return app


@pytest.mark.requirement("langgraph.custom_app.routes")
async def test_routes_of_the_user_come_first_and_ours_stay(house: House) -> None:
    async with client_of(app_of(house, fastapi_app())) as client:
        assert (await client.get("/hello/you")).json() == {"hello": "you"}
        assert (await client.get("/threads/special")).json() == "mine"
        assert (await client.post("/items", json={})).status_code == 422
        made = await client.post("/threads", json={})
        assert made.status_code == 200
        assert (await client.get(f"/threads/{made.json()['thread_id']}")).status_code == 200
        missing = await client.get("/nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


@pytest.mark.requirement("langgraph.custom_app.middleware")
async def test_middleware_of_the_user_wraps_our_routes_too(house: House) -> None:
    async with client_of(app_of(house, fastapi_app())) as client:
        for path in ("/hello/you", "/ok", "/nothing"):
            assert (await client.get(path)).headers["x-marked"] == "yes"
        waited = await client.post("/runs/wait", json=run_body(["emit", "values", {"x": 1}]))
        assert (waited.status_code, waited.headers["x-marked"]) == (200, "yes")
        streamed = await client.post("/runs/stream", json=run_body(["emit", "values", {"x": 1}]))
        assert "event: values" in streamed.text


@pytest.mark.requirement("langgraph.custom_app.middleware")
async def test_middleware_may_rewrite_a_body(house: House) -> None:
    class Rewriting:
        def __init__(self, app: ASGIApp) -> None:
            self.app = app

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            async def rewritten() -> Message:
                message = await receive()
                body = message.get("body", b"").replace(b"before", b"after")
                return {**message, "body": body}

            await self.app(scope, rewritten, send)

    custom = Starlette(middleware=[Middleware(Rewriting)])
    async with client_of(app_of(house, custom)) as client:
        made = await client.post("/threads", json={"metadata": {"when": "before"}})
        assert made.json()["metadata"] == {"when": "after"}


@pytest.mark.requirement("langgraph.custom_app.document")
async def test_the_document_tells_of_both(house: House) -> None:
    async with client_of(app_of(house, fastapi_app())) as client:
        document = (await client.get("/openapi.json")).json()
        validate(document)
        assert {"/hello/{name}", "/items", "/runs/wait"} <= document["paths"].keys()
        schemas = document["components"]["schemas"]
        assert "speed" in schemas["CustomRun"]["properties"]
        assert "run_id" in schemas["Run"]["properties"]
        assert "Custom" in (await client.get("/docs")).text


async def test_routes_of_plain_starlette_are_in_the_document(house: House) -> None:
    async def hello(request: Request) -> Response:
        """Says hello."""
        return PlainTextResponse("hello")

    custom = Starlette(routes=[Route("/hello/{n:int}", hello)])
    async with client_of(app_of(house, custom)) as client:
        document = (await client.get("/openapi.json")).json()
        validate(document)
        assert document["paths"]["/hello/{n}"]["get"]["summary"] == "Says hello."


async def test_the_lifespan_is_entered_and_its_state_reaches_routes(house: House) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
        seen.append("up")
        yield {"pool": "mine"}
        seen.append("down")

    async def show(request: Request) -> Response:
        return JSONResponse(request.state.pool)

    custom = CustomApp(Starlette(routes=[Route("/pool", show)], lifespan=lifespan))
    app = make_app(hosting(house.engine), configured(), settings_of(), custom)
    async with custom.lifespan() as state:
        async with client_of(WithState(app, state)) as client:
            assert (await client.get("/pool")).json() == "mine"
            assert (await client.get("/ok")).status_code == 200
    assert seen == ["up", "down"]


@pytest.mark.requirement("langgraph.custom_app.streams")
async def test_streams_of_the_user_are_not_buffered(house: House) -> None:
    async def numbers(request: Request) -> Response:
        async def parts() -> AsyncIterator[str]:
            yield "1"
            yield "2"

        return StreamingResponse(parts())

    app = app_of(house, Starlette(routes=[Route("/numbers", numbers)]))
    sent: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message.get("body"):
            sent.append(message["body"])

    scope = {
        "type": "http",
        "asgi": {"spec_version": "2.4"},
        "method": "GET",
        "path": "/numbers",
        "raw_path": b"/numbers",
        "query_string": b"",
        "headers": [(b"host", b"test")],
    }
    await app(scope, receive, send)
    assert sent == [b"1", b"2"]


@pytest.mark.requirement("langgraph.keys")
@pytest.mark.parametrize("auth_first", [False, True])
async def test_keys_guard_ours_and_custom_routes_only_on_request(
    house: House, auth_first: bool
) -> None:
    app = app_of(house, fastapi_app(), KEYS, auth_first=auth_first)
    async with client_of(app) as client:
        refused = await client.get("/info")
        assert refused.status_code == 401
        assert [*refused.json()] == ["detail", "code", "message", "metadata"]
        assert (await client.get("/info", headers=ALICE)).status_code == 200
        assert (await client.get("/hello/you")).status_code == 200
        assert (await client.get("/ok")).status_code == 200
    app = app_of(house, fastapi_app(), KEYS, auth_first=auth_first, custom_route_auth=True)
    async with client_of(app) as client:
        assert (await client.get("/hello/you")).status_code == 401
        assert (await client.get("/hello/you", headers=ALICE)).status_code == 200


@pytest.mark.parametrize(("auth_first", "marked"), [(False, True), (True, False)])
async def test_the_order_says_what_a_refused_request_has_passed(
    house: House, auth_first: bool, marked: bool
) -> None:
    async with client_of(app_of(house, fastapi_app(), KEYS, auth_first=auth_first)) as client:
        refused = await client.get("/info")
        assert (refused.status_code, "x-marked" in refused.headers) == (401, marked)


async def test_a_preflight_needs_no_key(house: House) -> None:
    headers = {"origin": "http://localhost:3000", "access-control-request-method": "POST"}
    async with client_of(app_of(house, keys=KEYS)) as client:
        answer = await client.options("/threads", headers=headers)
    assert answer.status_code == 204


async def test_headers_reach_the_graph_as_configured(house: House) -> None:
    sent = {"x-user-id": "7", "x-api-key": "no", "x-secret": "no"}
    rule = HeaderSpec(("x-*",), ("x-api-key", "x-secret"))
    async with client_of(app_of(house, configurable_headers=rule)) as client:
        body = run_body(config={"configurable": {"x-user-id": "8", "mine": 1}})
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        run = (await client.post(f"/threads/{thread}/runs", json=body, headers=sent)).json()
    configurable = run["kwargs"]["config"]["configurable"]
    assert (configurable["x-user-id"], configurable["mine"]) == ("7", 1)
    assert not {"x-api-key", "x-secret"} & configurable.keys()


async def test_headers_and_context_do_not_exclude_each_other(house: House) -> None:
    async with client_of(app_of(house)) as client:
        body = run_body(context={"language": "en"})
        thread = (await client.post("/threads", json={})).json()["thread_id"]
        answer = await client.post(f"/threads/{thread}/runs", json=body, headers={"x-user-id": "7"})
    assert (answer.status_code, answer.json()["kwargs"]["context"]) == (200, {"language": "en"})


async def test_disabled_parts_are_gone_below_the_prefix_too(house: House) -> None:
    app = app_of(house, disabled=frozenset({"assistants"}), mount_prefix="/agents")
    async with client_of(app) as client:
        assert (await client.post("/agents/assistants/search", json={})).status_code == 404
        assert (await client.post("/agents/threads", json={})).status_code == 200


def test_what_is_no_application_is_refused(tmp_path: Path) -> None:
    (tmp_path / "web_of_nothing.py").write_text("app = 1\n")
    config = replace(configured(app="./web_of_nothing.py:app"), directory=tmp_path)
    with pytest.raises(AgentError, match="must be a Starlette or FastAPI application"):
        load_custom_app(config)
    config = replace(configured(app="./web_of_nothing.py:nope"), directory=tmp_path)
    with pytest.raises(AgentError, match="has no 'nope'"):
        load_custom_app(config)


async def test_every_answered_request_is_counted_whatever_its_dialect(house: House) -> None:
    async with client_of(app_of(house, fastapi_app())) as client:
        for path in ("/threads/1", "/ap/threads/2", "/acp/threads/3", "/acp/0.2.1/threads/4"):
            assert (await client.get(path)).status_code == 422
        await client.get(f"/threads/{UNKNOWN}")
        await client.get(f"/threads/{UNKNOWN}")
        await client.put("/threads", json={})
        await client.head("/ok")
        for nowhere in ("/nothing", "/ap/nothing", "/hello/you"):
            await client.get(nowhere)
        await client.request("BREW", "/threads")
        await client.request("STEEP", "/nothing")
        told = (await client.get("/metrics?format=json")).json()
        again = (await client.get("/metrics?format=json")).json()
    counted = {
        (each["method"], each["path"], each["status"]): each["count"]
        for each in told["api"]["http_requests_total"]
    }
    assert counted == {
        ("GET", "/threads/{thread_id}", 422): 1,
        ("GET", "/threads/{thread_id}", 404): 2,
        ("GET", "/ap/threads/{thread_id}", 422): 1,
        ("GET", "/acp/threads/{thread_id}", 422): 1,
        ("GET", "/acp/0.2.1/threads/{thread_id}", 422): 1,
        ("PUT", "/threads", 405): 1,
        ("HEAD", "/ok", 200): 1,
        ("GET", "(other)", 404): 2,
        ("GET", "(other)", 200): 1,
        ("(other)", "/threads", 405): 1,
        ("(other)", "(other)", 404): 1,
    }
    shown = {"method": "GET", "path": "/metrics", "status": 200, "count": 1}
    assert shown in again["api"]["http_requests_total"]


async def test_metrics_need_a_key_and_are_part_of_meta(house: House) -> None:
    async with client_of(app_of(house, keys=KEYS)) as client:
        assert (await client.get("/metrics")).status_code == 401
        told = (await client.get("/metrics?format=json", headers=ALICE)).json()
        refused = {"method": "GET", "path": "(other)", "status": 401, "count": 1}
        assert told["api"]["http_requests_total"] == [refused]
    async with client_of(app_of(house, disabled=frozenset({"meta"}))) as client:
        refusal = await client.get("/metrics")
        assert (refusal.status_code, refusal.json()["code"]) == (404, "not_found")
        assert "disable_meta" in refusal.json()["detail"]


async def test_requests_to_an_address_of_its_own_are_counted_with_the_others(house: House) -> None:
    settings = settings_of(listeners=(Listener("ap", "127.0.0.1", 8124),))
    app = make_apps(hosting(house.engine), configured(), settings)
    async with client_of(app) as client:
        elsewhere = await client.get("http://test:8124/agents/nobody")
        told = (await client.get("/metrics?format=json")).json()
    counted = {"method": "GET", "path": "/agents/{agent_id}", "count": 1}
    (shown,) = told["api"]["http_requests_total"]
    assert shown == {**counted, "status": elsewhere.status_code}
