"""The documents that LangGraph published, where `DEMOTIC_SPEC_DIR` names them: what a request may
hold, and what its answer must."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs

NULL_FOR_NONE = {
    ("ThreadState", "parent_checkpoint"): "the first state has no parent",
    ("ThreadState", "tasks.error"): "null for none (observed)",
    ("ThreadState", "tasks.checkpoint"): "null for none (observed)",
    ("ThreadState", "tasks.state"): "null for none (observed)",
    ("Thread", "values"): "null before the first run ends (observed)",
    ("Cron", "thread_id"): "null for a cron without a thread (observed)",
    ("Cron", "end_time"): "null for no end (observed)",
}
"""Fields that the documents print plain and LangGraph's own server answers with null, and why."""

MORE_NAMES = {("Run", "status"): ("running", "its client reads a plain string")}
"""Names that a document lacks among those to choose from, and why they are sent all the same."""

FOLDER = Path(os.environ.get("DEMOTIC_SPEC_DIR") or "absent") / "openapi"


class Published:
    """One version's document; where it is not there, everything is as it should be."""

    def __init__(self, version: str) -> None:
        file = FOLDER / f"langgraph-{version}.json"
        self._whole: Mapping[str, Any] | None = (
            json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None
        )
        self.seen: set[str] = set()
        if self._whole is not None:
            for schema, field in NULL_FOR_NONE:
                self._allow_null(self._whole["components"]["schemas"], schema, field)
            for (schema, field), (name, _) in MORE_NAMES.items():
                names = self._whole["components"]["schemas"][schema]["properties"][field]["enum"]
                names.append(name)

    def check_request(self, method: str, path: str, body: Any) -> None:
        """The version's clients may send this."""
        if (row := self._row(method, path)) is None or body is None:
            return
        (content,) = row["requestBody"]["content"].values()
        self._check(content["schema"], body)

    def check_answer(self, method: str, path: str, status: int, body: Any) -> None:
        """The version's clients expect this."""
        if (row := self._row(method, path)) is None:
            return
        assert str(status) in row["responses"], (status, body)
        for media, content in row["responses"][str(status)].get("content", {}).items():
            if media == "application/json":
                self._check(content["schema"], body)

    def _allow_null(self, schemas: dict[str, Any], schema: str, field: str) -> None:
        *outer, field = field.split(".")
        fields = schemas.get(schema, {}).get("properties", {})
        for each in outer:  # of the objects in an array
            fields = fields.get(each, {}).get("items", {}).get("properties", {})
        if field in fields:
            fields[field] = {"anyOf": [fields[field], {"type": "null"}]}

    def missed(self) -> set[str]:
        """Operations that no request was made for."""
        return {f"{method} {path}" for method, path, _ in self._rows()} - self.seen

    def _row(self, method: str, path: str) -> Mapping[str, Any] | None:
        """The operation that a request is for, the most literal path first."""
        sent = path.partition("?")[0].split("/")
        found = [
            (pattern.count("{"), pattern, row)
            for known, pattern, row in self._rows()
            if known == method and _matches(pattern.split("/"), sent)
        ]
        if not found:
            assert self._whole is None, f"{method} {path} is not in the document"
            return None
        _, pattern, row = min(found, key=lambda each: each[0])
        self.seen.add(f"{method} {pattern}")
        return row

    def _rows(self) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        for path, methods in (self._whole or {"paths": {}})["paths"].items():
            for method, row in methods.items():
                if method != "parameters":
                    yield method.upper(), path, row

    def _check(self, schema: Mapping[str, Any], value: Any) -> None:
        assert self._whole is not None
        jsonschema_rs.validate({**schema, "components": self._whole["components"]}, value)


def _matches(pattern: list[str], sent: list[str]) -> bool:
    return len(pattern) == len(sent) and all(
        part.startswith("{") or part == each for part, each in zip(pattern, sent, strict=True)
    )
