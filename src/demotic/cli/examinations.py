"""What `demotic doctor` looks at, and what it finds."""

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from importlib.util import cache_from_source
from pathlib import Path

import click

import demotic
from demotic.cli.listening import listen
from demotic.cli.serving import Plan, choose_config, origin_of, sought
from demotic.config import (
    FILE_FORMS,
    SETTINGS,
    VARIABLES,
    Config,
    ConfigError,
    Settings,
    read_settings,
)
from demotic.config.variables import variable_warnings
from demotic.domain.errors import StorageUnavailable

DATABASE = "demotic.db"
PATIENCE_S = 10.0  # for the check of the database
SECRET = re.compile(r"KEY|SECRET|TOKEN|PASSWORD|URI|HEADERS|AUTH|WEBHOOK|HTTP$|CHECKPOINTER|STORE")
PACKAGES = ("langgraph", "langgraph-checkpoint", "langchain-core", "langgraph-sdk", "uvicorn")
FAST_PYTHON = (3, 13)


class Status(StrEnum):
    """How it stands."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `fix` says what to do."""

    status: Status
    text: str
    fix: str = ""


Findings = Iterator[Finding]


def ok(text: str) -> Finding:
    """A finding that is as it should be."""
    return Finding(Status.OK, text)


def all_of(asked: Path | None, data_dir: str | None) -> Iterator[tuple[str, Findings]]:
    """Every examination, under its heading."""
    yield "Versions", _versions()
    read = _read(asked, data_dir)
    if isinstance(read, Finding):
        yield "Configuration", iter([read])
        return
    config, settings, findings = read
    yield "Configuration", iter(findings)
    yield "Data directory", _data_directory(settings.data_dir)
    yield "Port", _port(settings)
    environ = {**(config.env if config else {}), **os.environ}
    yield "Variables", _variables(environ)


def _versions() -> Findings:
    python = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info >= FAST_PYTHON:
        yield ok(f"Python {python}")
    else:
        yield Finding(
            Status.WARN,
            f"Python {python}",
            "Python 3.13 runs graphs about a third faster. Use it where you can.",
        )
    yield ok(f"demotic {demotic.__version__}")
    for package in PACKAGES:
        try:
            yield ok(f"{package} {version(package)}")
        except PackageNotFoundError:
            if package != "langgraph-sdk":  # only clients need it
                yield Finding(
                    Status.FAIL,
                    f"{package} is not installed",
                    f"{sys.executable} -m pip install {package}",
                )
    yield from _drivers()
    yield from _bytecode(Path(click.__file__))


def _bytecode(imported: Path) -> Findings:
    """Whether what is imported at a start is compiled already, or will be by the first one."""
    if sys.dont_write_bytecode and not Path(cache_from_source(str(imported))).exists():
        yield Finding(
            Status.WARN,
            "The packages are not compiled, and PYTHONDONTWRITEBYTECODE keeps them so: every start "
            "takes about twice as long",
            f"{sys.executable} -m compileall -q {imported.parents[1]}",
        )


def _drivers() -> Findings:
    import apsw  # where it is broken, the other lines still come

    yield ok(f"apsw {apsw.apsw_version()}, with SQLite {apsw.sqlite_lib_version()}")
    yield _vectors()
    if sys.platform == "win32":
        yield ok("asyncio's own event loop: there is no uvloop for Windows")
        return
    try:
        yield ok(f"uvloop {version('uvloop')}")
    except PackageNotFoundError:
        fix = f"{sys.executable} -m pip install uvloop"
        yield Finding(Status.FAIL, "uvloop is not installed", fix)


def _vectors() -> Finding:
    """What `store.index` needs; there are platforms that it is not made for."""
    try:
        return ok(f"sqlite-vec {version('sqlite-vec')}")
    except PackageNotFoundError:
        fix = f"{sys.executable} -m pip install sqlite-vec, if you use store.index"
        return Finding(Status.WARN, "sqlite-vec is not installed", fix)


Read = tuple[Config | None, Settings, list[Finding]]


def _read(asked: Path | None, data_dir: str | None) -> Read | Finding:
    """The configuration and the settings, and what there is to say of them."""
    try:
        path = choose_config(asked)
        flags = {"data_dir": data_dir}
        if path is None:
            missing = _no_config()
            default = {"data_dir": Path.cwd() / ".demotic"}
            return None, read_settings(flags, os.environ, default), [missing]
        config, settings = Plan(path, flags, {}).read()
    except ConfigError as error:
        return Finding(Status.FAIL, error.problems[0], "\n".join(error.problems[1:]))
    agents = ", ".join(config.graphs)
    findings = [ok(f"{origin_of(config)}: {agents}")]
    below = set(variable_warnings(config.environment(os.environ)))  # told under "Variables"
    findings += [Finding(Status.WARN, each) for each in config.warnings if each not in below]
    return config, settings, findings


def _no_config() -> Finding:
    return Finding(
        Status.WARN,
        f"There is no {sought(None)}",
        "`demotic dev` would serve the packaged example, `demotic serve` nothing. "
        "`demotic new` writes a project.",
    )


def _data_directory(directory: Path) -> Findings:
    place = next(each for each in (directory, *directory.parents) if each.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        yield Finding(
            Status.FAIL,
            f"{directory} cannot be written: {place} does not allow it",
            "Change its rights, or choose another directory with --data-dir.",
        )
        return
    if place != directory:
        yield ok(f"{directory} does not exist yet; it can be made")
        return
    yield ok(f"{directory} can be written")
    yield from _database(directory)


def _database(directory: Path) -> Findings:
    from demotic.storage.sqlite.inspection import holder, inspect, newest_schema

    if used := holder(directory):
        yield Finding(Status.WARN, used)
    if not (directory / DATABASE).exists():
        yield ok("There is no database in it yet")
        return
    try:
        found = inspect(directory / DATABASE, PATIENCE_S)
    except StorageUnavailable as error:
        yield Finding(Status.FAIL, error.message, "Restore the directory from a backup.")
        return
    yield _schema(found.schema, newest_schema())
    yield ok(f"{DATABASE} takes {found.size / 2**20:.1f} MiB")
    if found.problems is None:
        text = f"{DATABASE} is large: its check was not finished after {PATIENCE_S:.0f} s"
        yield Finding(Status.WARN, text)
    elif found.problems:
        fix = "Restore the directory from a backup."
        yield Finding(Status.FAIL, f"{DATABASE} is damaged: {'; '.join(found.problems)}", fix)
    else:
        yield ok(f"{DATABASE} is sound")


def _schema(found: int, newest: int) -> Finding:
    if found > newest:
        return Finding(
            Status.FAIL,
            f"The database has the schema {found}; this Demotic knows {newest}",
            "A newer Demotic wrote it: upgrade.",
        )
    if found < newest:
        return ok(f"The database has the schema {found}; the next start brings it to {newest}")
    return ok(f"The database has the schema {found}, the newest")


def _port(settings: Settings) -> Findings:
    try:
        listen(settings.host, settings.port).close()
    except ConfigError as error:
        yield Finding(Status.WARN, error.message)
        return
    yield ok(f"Port {settings.port} on {settings.host} is free")


def _variables(environ: dict[str, str]) -> Findings:
    """What is set of all that is read; secrets are not shown."""
    names = ["LANGGRAPH_CONFIG", *(each.env for each in SETTINGS), *FILE_FORMS]
    found = [name for name in names if environ.get(name, "").strip()]
    for name in found:
        yield ok(f"{name}={shown(name, environ[name])}")
    others = 0
    for variable in VARIABLES:
        for name in variable.names_in(environ):
            others += 1
            status = Status.WARN if variable.matters(environ[name]) else Status.OK
            value = shown(name, environ[name])
            yield Finding(status, f"{name}={value}", f"Not used here: {variable.instead}.")
    if not found and not others:
        yield ok("None of the variables that are read is set")


def shown(name: str, value: str) -> str:
    """A value as it may be shown."""
    if SECRET.search(name):
        return "(hidden)"
    return value if len(value) <= 80 else f"{value[:77]}..."
