"""Schemas of bodies that two dialects share: objects with the fields of both.

They are written out, not left to `allOf`: generators of clients read that as either of the two
where both tell of one field.
"""

from collections.abc import Mapping
from typing import Any

from demotic.web.openapi.describing import Schema, ref

AGENT_PROTOCOL = "AgentProtocol"
"""What the names of its schemas begin with; those of both begin with `Alias`."""


class SchemaUnion:
    """Makes them of the schemas of both, among which they are put under names of their own."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.schemas: dict[str, Schema] = dict(schemas)

    def of(self, one: Schema, other: Schema) -> Schema:
        """A schema that both describe: the fields of either, and for what both have, the words of
        the first."""
        if "$ref" in one and "$ref" in other:
            return self._named(*(each["$ref"].rpartition("/")[2] for each in (one, other)))
        if "items" in one and "items" in other:
            return {**one, "items": self.of(one["items"], other["items"])}
        if "properties" in one and "properties" in other:
            return self._object(one, other)
        return one

    def _named(self, one: str, other: str) -> Schema:
        [plain] = (each for each in (one, other) if each.startswith(AGENT_PROTOCOL))
        name = f"Alias{plain.removeprefix(AGENT_PROTOCOL)}"
        if name not in self.schemas:
            self.schemas[name] = self.of(self.schemas[one], self.schemas[other])
        return ref(name)

    def _object(self, one: Schema, other: Schema) -> dict[str, Any]:
        mine, theirs = one["properties"], other["properties"]
        shared = {name: self.of(mine[name], theirs[name]) for name in mine if name in theirs}
        required = dict.fromkeys([*one.get("required", ()), *other.get("required", ())])
        told = {**one, "properties": {**theirs, **mine, **shared}}
        return {**told, "required": [*required]} if required else told
