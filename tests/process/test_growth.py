"""What a turn of a long conversation costs on disk does not grow with the conversation."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.pregel import Pregel

from demotic.storage.sqlite.database import Database
from served import Served, served


def talk() -> Pregel[Any, Any, Any, Any]:
    """Answers each message with one of some length."""

    async def answer(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage(content="word " * 60, id=f"a{len(state['messages'])}")]}

    return StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()


def used(path: Path) -> int:
    """Bytes of all rows."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    pages = "SELECT sum(pgsize - unused) FROM dbstat"
    try:
        return int(connection.execute(pages).get or 0)
    finally:
        connection.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A database in a file."""
    database = Database(tmp_path / "demotic.db")
    yield database
    database.close()


async def turns(house: Served, thread: str, first: int, count: int) -> None:
    """Hold some turns of a conversation; each is streamed with its values."""
    for n in range(first, first + count):
        given = {"messages": [{"role": "user", "content": "hello " * 20, "id": f"u{n}"}]}
        await house.events(thread, input=given, modes=["values", "updates"])


async def test_a_turn_costs_the_same_at_the_beginning_and_after_many(
    database: Database, tmp_path: Path
) -> None:
    async with served(talk(), database) as house:
        thread = await house.thread()
        await turns(house, thread, 0, 40)
        at_40 = used(tmp_path / "demotic.db")
        await turns(house, thread, 40, 20)
        early = used(tmp_path / "demotic.db") - at_40
        await turns(house, thread, 60, 140)
        at_200 = used(tmp_path / "demotic.db")
        await turns(house, thread, 200, 20)
        late = used(tmp_path / "demotic.db") - at_200
    assert late < 1.3 * early, f"20 turns cost {early} bytes at first, {late} after 200"
