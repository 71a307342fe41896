"""Vectors in SQLite: the extension that compares them."""

import apsw

from demotic.domain.errors import StorageUnavailable

FIX = (
    "`store.index` needs the package sqlite-vec. Install it (pip install sqlite-vec), or remove "
    "`store.index` from the configuration."
)


def load(c: apsw.Connection) -> None:
    """Give a connection the functions that compare vectors. Raises `StorageUnavailable`."""
    try:
        # Only where there is an index: it may be missing. It has no types.
        import sqlite_vec  # type: ignore[import-untyped]

        c.enable_load_extension(True)
        c.load_extension(sqlite_vec.loadable_path())
        c.enable_load_extension(False)
    except (ImportError, AttributeError, apsw.Error) as error:
        raise StorageUnavailable(f"Vectors cannot be compared: {error}. {FIX}") from error


def check(c: apsw.Connection) -> None:
    """Raises `StorageUnavailable` unless this connection can compare vectors."""
    try:
        c.execute("SELECT vec_version()").fetchone()
    except apsw.SQLError:
        raise StorageUnavailable(
            "This database was opened without vectors: open it with `vectors=True`."
        ) from None
