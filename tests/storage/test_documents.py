"""Documents come back as they were, and a list that grows costs what is new."""

from collections.abc import Iterator
from typing import Any

import apsw
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demotic.storage.sqlite import documents
from demotic.storage.sqlite.database import Database

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
STATES = st.dictionaries(
    st.text(max_size=4), st.lists(JSON, max_size=90) | JSON, max_size=4
) | st.lists(JSON, max_size=90)


def prepared(c: apsw.Connection) -> apsw.Connection:
    """With threads `t` and `u`."""
    for name in "tu":
        c.execute(
            """INSERT INTO thread (id, metadata, config, state, epoch, created_us, updated_us,
                                   state_updated_us) VALUES (?, '{}', '{}', 'idle', 1, 1, 1, 1)""",
            (name,),
        )
    return c


@pytest.fixture
def connection() -> Iterator[apsw.Connection]:
    """A database with two threads."""
    database = Database(None)
    yield database.write("prepare", prepared).result()
    database.close()


def message(n: int) -> dict[str, Any]:
    """A message of some length."""
    return {"id": str(n), "type": "human", "content": f"message {n} " * 20}


def size(c: apsw.Connection) -> int:
    """Bytes of all documents."""
    return int(c.execute("SELECT sum(length(data)) + 40 * count(*) FROM document").get or 0)


@settings(max_examples=150, deadline=None)
@given(STATES)
def test_every_document_comes_back_as_it_was(state: Any) -> None:
    database = Database(None)
    limit = documents.LONG
    documents.LONG = 1  # every one is looked at for lists
    try:

        def there_and_back(c: apsw.Connection) -> bytes | None:
            prepared(c)
            data = orjson.dumps(state)
            digest = documents.save(c, "t", data)
            assert documents.save(c, "t", data) == digest
            return documents.load(c, "t", digest)

        assert database.write("test", there_and_back).result() == orjson.dumps(state)
    finally:
        documents.LONG = limit
        database.close()


def test_a_list_that_grows_costs_what_is_new(connection: apsw.Connection) -> None:
    messages = [message(n) for n in range(10_000)]
    state = orjson.dumps({"messages": messages, "summary": "s"})
    documents.save(connection, "t", state)
    whole = size(connection)
    assert whole < 1.2 * len(state)
    for n in range(10):
        messages.append(message(10_000 + n))
        documents.save(connection, "t", orjson.dumps({"messages": messages, "summary": str(n)}))
    assert (size(connection) - whole) / 10 < 8_000


def test_a_copied_document_is_whole_without_its_source(connection: apsw.Connection) -> None:
    state = orjson.dumps([message(n) for n in range(500)])
    digest = documents.save(connection, "t", state)
    for each in documents.rows_of(connection, "t", digest):
        connection.execute(
            "INSERT INTO document SELECT 'u', digest, data FROM document "
            "WHERE thread_id = 't' AND digest = ?",
            (each,),
        )
    connection.execute("DELETE FROM document WHERE thread_id = 't'")
    assert documents.load(connection, "u", digest) == state
    assert documents.load(connection, "t", digest) is None


def test_a_split_document_can_be_searched(connection: apsw.Connection) -> None:
    digest = documents.save(connection, "t", orjson.dumps({"m": [message(n) for n in range(99)]}))
    asked = "SELECT document_within('t', ?, ?)"
    for id, found in (("98", True), ("99", False)):
        wanted = orjson.dumps({"m": [{"id": id}]}).decode()
        assert bool(connection.execute(asked, (digest, wanted)).get) is found
