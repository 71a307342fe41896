"""The writer's connection: its jobs leave word of what others are to be told after the commit."""

import apsw


class Connection(apsw.Connection):
    """A connection with `news`: names that its jobs add, and that are told once they are
    committed. Jobs that are rolled back may leave a name too many; that does no harm."""

    def __init__(self, path: str) -> None:
        super().__init__(path, statementcachesize=256)
        self.news: set[str] = set()
