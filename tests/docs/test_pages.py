"""Links resolve, and nothing on a page belongs to one machine only."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from demotic.dialects.acp.openapi.tables import tables
from demotic.dialects.acp.versions import NEWEST
from demotic.dialects.langgraph.routes import LangGraphDialect
from demotic.engine.core import Engine
from demotic.server.app import agent_protocol
from docs.pages import DOCS, PAGES, name_of, prose, read

LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
PATH = re.compile(r"(?<![\w.<>}:/*)\]…])/(\.?[A-Za-z_][\w.-]*)")
HOME = "home"  # only /home/me, the reader's own


def anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def links(page: Path) -> Iterator[tuple[str, str]]:
    """The relative links of a page: target and anchor."""
    for link in LINK.findall(prose(read(page))):
        if not re.match(r"[a-z]+:", link):
            target, _, fragment = link.partition("#")
            yield target, fragment


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_resolves(page: Path) -> None:
    for target, fragment in links(page):
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), f"{name_of(page)} links to {target}, which does not exist"
        if fragment:
            assert fragment in map(anchor, HEADING.findall(read(file)))


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached = set[Path]()
    left = [page for page in PAGES if name_of(page) == "README.md"]
    while left:
        page = left.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        left += [(page.parent / target).resolve() for target, _ in links(page) if target]
    assert {page for page in PAGES if page.is_relative_to(DOCS)} <= reached


def no_engine() -> Engine:
    """There is none: routes are only read."""
    raise RuntimeError


def first_segments() -> set[str]:
    """What the paths of the API begin with."""
    dialects = (LangGraphDialect(no_engine), agent_protocol(no_engine))
    served = [each for dialect in dialects for each in [*dialect.built, *dialect.planned]]
    paths = [each.path for each in served]
    paths += [NEWEST.mount, *(path for _, path in tables(NEWEST).operations)]
    return {"ap", *(path.split("/")[1] for path in paths)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_paths_are_routes_or_the_readers_own(page: Path) -> None:
    text = re.sub(r"https?://\S+|\]\([^)]*\)", "", read(page))
    assert set(PATH.findall(text)) <= {*first_segments(), HOME, "stream", "hello"}
    assert re.findall(r"/home/(?!me/)", text) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_needs_a_number_of_a_tracker(page: Path) -> None:
    assert re.findall(r"(?<![\w&/])#\d+", prose(read(page))) == []
