"""The HTTP application: every dialect on its place, behind everything that a request must pass."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from demotic.config import Config, CorsSpec, HeaderSpec, HttpSpec, Settings
from demotic.dialects.acp.routes import AcpDialect
from demotic.dialects.acp.versions import NEWEST
from demotic.dialects.acp.versions import VERSIONS as ACP_VERSIONS
from demotic.dialects.agent_protocol.errors import ERRORS as AGENT_PROTOCOL_ERRORS
from demotic.dialects.agent_protocol.routes import AgentProtocolDialect
from demotic.dialects.langgraph.choices import STAMPS
from demotic.dialects.langgraph.compat import VERSIONS
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.dialects.streaming.routes import StreamingDialect
from demotic.engine.core import Engine
from demotic.logs import AccessLog
from demotic.server.alias_document import with_aliases
from demotic.server.aliases import Aliases
from demotic.server.engine import Hosting
from demotic.web.bodies import BodyLimit
from demotic.web.counting import RequestCounts
from demotic.web.custom_app import CustomApp, Guard, joined
from demotic.web.headers import HeaderRule, PassedHeaders
from demotic.web.hosts import METHODS, Cors, HostGuard
from demotic.web.keys import KeyGuard, key_digests
from demotic.web.parts import DisabledParts
from demotic.web.ports import ByPort
from demotic.web.routing import WholeMount


def make_apps(
    hosting: Hosting, config: Config, settings: Settings, custom: CustomApp | None = None
) -> ASGIApp:
    """`make_app`, and beside it the dialects that have an address of their own."""
    counts = RequestCounts()
    app = make_app(hosting, config, settings, custom, counts)
    if not settings.listeners:
        return app
    apps = {
        each.port: guarded_app(
            _alone(each.dialect, hosting, counts),
            config,
            replace(settings, host=each.host),
            None,
            counts,
            mounts=("",),
        )
        for each in settings.listeners
    }
    return ByPort(app, apps)


def _alone(name: str, hosting: Hosting, counts: RequestCounts) -> ASGIApp:
    """A dialect at the root, by its name among `config.DIALECTS`."""
    engine = hosting.engine
    name, _, version = name.partition("-")
    if name == "ap":
        return agent_protocol(lambda: engine).app
    if name == "acp":
        spoken = next((each for each in ACP_VERSIONS if each.name == version), NEWEST)
        return AcpDialect(lambda: engine, hosting.contracts, spoken).app
    streaming = StreamingDialect(lambda: engine, STAMPS)
    dialect = LangGraphDialect(
        lambda: engine,
        VERSIONS[version or "today"],
        also=streaming.operations,
        told=streaming.tables,
        counts=counts,
    )
    return Starlette(
        routes=[*dialect.routes, *streaming.sockets],
        exception_handlers=dialect.exception_handlers,
    )


def make_app(
    hosting: Hosting,
    config: Config,
    settings: Settings,
    custom: CustomApp | None = None,
    counts: RequestCounts | None = None,
) -> ASGIApp:
    """The HTTP application: LangGraph's API at the root, or below the prefix that is set, the
    other dialects on mounts of their own; behind the user's own application if there is one.
    `counts`: where requests are counted, together with those of other addresses."""
    counts = counts or RequestCounts()
    engine = hosting.engine
    aliases = _aliases(hosting, config, settings)

    def with_more(document: dict[str, Any]) -> dict[str, Any]:
        document = with_aliases(document, aliases.operations) if aliases else document
        return joined(document, custom.document()) if custom else document

    streaming = StreamingDialect(lambda: engine, STAMPS)
    dialect = LangGraphDialect(
        lambda: engine,
        VERSIONS[settings.compat],
        also=streaming.operations,
        told=streaming.tables,
        extend=with_more,
        counts=counts,
    )
    prefix = settings.mount_prefix or config.http.mount_prefix
    beside = dialect_mounts(hosting)
    routes = [*beside, *dialect.routes, *streaming.sockets, *(aliases.routes if aliases else ())]
    ours: ASGIApp = Starlette(
        routes=[Mount(prefix, routes=routes)] if prefix else routes,
        exception_handlers=dialect.exception_handlers,
    )
    mounts = [prefix, *(f"{prefix}{each.path}" for each in beside)]
    return guarded_app(ours, config, settings, custom, counts, mounts=mounts)


def agent_protocol(engine: Callable[[], Engine]) -> AgentProtocolDialect:
    """The Agent Protocol, with the streaming protocol among its paths."""
    streaming = StreamingDialect(engine, {}, AGENT_PROTOCOL_ERRORS)
    return AgentProtocolDialect(
        engine,
        also=[*streaming.operations, *streaming.upgrades],
        sockets=streaming.sockets,
        told=streaming.tables,
    )


def _aliases(hosting: Hosting, config: Config, settings: Settings) -> Aliases | None:
    """The paths of other dialects at the root, unless they are switched off."""
    asked = settings.root_aliases
    if not (config.http.root_aliases if asked is None else asked):
        return None
    return Aliases(lambda: hosting.engine, hosting.contracts)


def dialect_mounts(hosting: Hosting) -> list[Mount]:
    """The dialects that have a mount of their own."""
    engine = hosting.engine
    return [
        WholeMount("/ap", agent_protocol(lambda: engine).app),
        *(
            WholeMount(version.mount, AcpDialect(lambda: engine, hosting.contracts, version).app)
            for version in ACP_VERSIONS
        ),
    ]


def guarded_app(
    app: ASGIApp,
    config: Config,
    settings: Settings,
    custom: CustomApp | None,
    counts: RequestCounts,
    *,
    mounts: Sequence[str],
) -> ASGIApp:
    """An application of ours behind everything that a request must pass first."""
    http = config.http
    if http.disabled:
        app = DisabledParts(app, disabled=http.disabled, mounts=mounts)
    app = PassedHeaders(app, rule=_rule(http.configurable_headers))
    app = _behind(app, _key_guard(settings, http, custom, mounts), http, custom)
    app = HostGuard(
        app,
        bound=settings.host,
        names=settings.allowed_hosts,
        cors=_cors(http.cors, settings),
        dev=settings.local_origins,
    )
    app = BodyLimit(app, max_bytes=settings.body_limit)
    return AccessLog(app, shown=_rule(http.logging_headers), told=counts.add)


def _behind(app: ASGIApp, guard: Guard | None, http: HttpSpec, custom: CustomApp | None) -> ASGIApp:
    """An application of ours behind the user's own and the check of API keys."""
    if guard is None:
        return custom.compose(app) if custom else app
    if custom is None:
        return guard(app)
    return guard(custom.compose(app)) if http.auth_first else custom.compose(app, guard)


def _key_guard(
    settings: Settings, http: HttpSpec, custom: CustomApp | None, mounts: Sequence[str]
) -> Guard | None:
    if not settings.api_keys:
        return None
    digests = key_digests(settings.api_keys)
    if custom is None or http.custom_route_auth:
        return partial(KeyGuard, digests=digests, mounts=mounts)
    return partial(KeyGuard, digests=digests, mounts=mounts, is_open=custom.owns)


def _rule(spec: HeaderSpec) -> HeaderRule:
    return HeaderRule(spec.includes, spec.excludes)


def _cors(spec: CorsSpec, settings: Settings) -> Cors:
    return Cors(
        origins=spec.allow_origins or settings.cors_origins,
        pattern=spec.allow_origin_regex,
        methods=spec.allow_methods or METHODS,
        headers=spec.allow_headers,
        exposed=spec.expose_headers,
        credentials=spec.allow_credentials is not False,
        max_age_s=Cors().max_age_s if spec.max_age is None else spec.max_age,
    )
