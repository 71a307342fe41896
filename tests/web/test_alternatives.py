"""Several types of one value, as alternatives."""

from typing import Any

import pytest

from demotic.web.openapi.alternatives import in_alternatives


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"type": "string"}, {"type": "string"}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        (
            {"type": ["object", "array", "null"], "items": {"type": "string"}, "description": "x"},
            {
                "description": "x",
                "anyOf": [
                    {"type": "object"},
                    {"type": "array", "items": {"type": "string"}},
                    {"type": "null"},
                ],
            },
        ),
        (
            {"properties": {"type": {"type": ["string", "integer"], "minimum": 1}}},
            {
                "properties": {
                    "type": {"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1}]}
                }
            },
        ),
        (
            {"type": ["string", "array"], "anyOf": [{"const": "x"}, {"type": "array"}]},
            {"anyOf": [{"const": "x"}, {"type": "array"}]},
        ),
        (
            {"default": {"type": ["string", "array"]}, "examples": [{"type": ["a", "b"]}]},
            {"default": {"type": ["string", "array"]}, "examples": [{"type": ["a", "b"]}]},
        ),
    ],
)
def test_a_schema_of_several_types_has_an_alternative_for_each(given: Any, told: Any) -> None:
    assert in_alternatives(given) == told
