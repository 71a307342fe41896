"""Fixtures for tests against real servers; a failed test shows what they logged."""

from collections.abc import Generator, Iterator

import pytest

from process.serving import Server, known_servers

SHOWN = 4_000  # characters of each log


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests that neither stop it nor mind the state of others."""
    with Server(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture(scope="session")
def mortal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server behind `server`."""
    mortal = Server(tmp_path_factory.mktemp("data"))
    yield mortal
    mortal.kill()


@pytest.fixture
def server(mortal_server: Server) -> Server:
    """A server to be killed and started again; it has what earlier tests left there."""
    return mortal_server if mortal_server.is_running else mortal_server.start()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the servers' logs to the report of a failure."""
    report = yield
    if report.failed:
        for server in known_servers():
            if text := server.log_text():
                report.sections.append((f"log of the server on {server.port}", text[-SHOWN:]))
    return report
