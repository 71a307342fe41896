"""Named queries: SQL lives in `.sql` files, each statement under a line `-- name: <name>`."""

import re
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The statements of one package's `.sql` files, as attributes by name."""

    def __init__(self, package: str, *file_names: str) -> None:
        self._by_name: dict[str, str] = {}
        for file_name in file_names:
            text = files(package).joinpath(file_name).read_text("utf-8")
            parts = _NAME.split(text)
            for name, statement in zip(parts[1::2], parts[2::2], strict=True):
                if name in self._by_name:
                    raise ValueError(f"Query {name!r} is defined twice in {package}.")
                self._by_name[name] = statement.strip().rstrip(";")

    def __getattr__(self, name: str) -> str:
        try:
            return self._by_name[name]
        except KeyError:
            raise AttributeError(f"There is no query named {name!r}.") from None

    @property
    def names(self) -> frozenset[str]:
        """The names of all statements."""
        return frozenset(self._by_name)
