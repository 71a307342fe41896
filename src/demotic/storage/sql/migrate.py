"""Migrations: numbered plain SQL files, each applied once and in order."""

import re
from importlib.resources import files
from typing import NamedTuple

_FILE = re.compile(r"^(\d{3})_\w+\.sql$")


class Migration(NamedTuple):
    """One numbered step of a backend's schema."""

    number: int
    name: str
    sql: str


def migrations(package: str) -> list[Migration]:
    """All migrations of a backend package (its folder `migrations/`), in order."""
    found = sorted(
        Migration(int(match[1]), entry.name, entry.read_text("utf-8"))
        for entry in files(package).joinpath("migrations").iterdir()
        if (match := _FILE.match(entry.name))
    )
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"The migrations of {package} are not numbered 1, 2, 3, …")
    return found
