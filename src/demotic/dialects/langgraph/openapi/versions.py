"""The tables in the words of an earlier version: its defaults, its short answers, its errors."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from demotic.dialects.langgraph.compat import Compat, Reply
from demotic.dialects.langgraph.render_threads import FOR_NONE
from demotic.web.openapi.describing import NAMES, OBJECT, TEXT, Answer, Described, Words, shape
from demotic.web.openapi.document import Tables

DEFAULTS = ("multitask_strategy", "on_disconnect")
DELETED, CANCELLING = 204, 202
KEEPS_204 = ("/store/items", "/runs/cancel")
"""Operations that answer 204 in every version."""

PLACE = shape(
    "One thing that is wrong with a request.",
    ("loc", "msg", "type"),
    loc={**NAMES, "items": {"type": ["string", "integer"]}, "description": "Where it is."},
    msg={**TEXT, "description": "What is wrong and how to mend it."},
    type={**TEXT, "description": "The same for programs."},
)

DETAIL = {
    "anyOf": [TEXT, {"type": "array", "items": PLACE}],
    "description": "What went wrong, for people; for a bad request, a list of places.",
}

FILLED: Mapping[type, Mapping[str, Any]] = {
    str: {**TEXT, "description": "Empty for none."},
    dict: {**OBJECT, "description": "Empty for none."},
}


def in_words_of(compat: Compat, tables: Tables) -> Tables:
    """The tables of a version."""
    return replace(
        tables,
        title=f"{tables.title}, as of {compat.name}",
        operations={
            key: _operation(compat, told) if key[1] not in KEEPS_204 else told
            for key, told in tables.operations.items()
        },
        fields={struct: _fields(compat, told) for struct, told in tables.fields.items()},
        components=_components(compat, tables.components),
    )


def _operation(compat: Compat, told: Described) -> Described:
    short = {DELETED: compat.gone, CANCELLING: compat.cancelling}
    answers: dict[int, Answer] = {}
    for status, answer in told.answers.items():
        reply = short.get(status, Reply(status))
        if reply.status == status:
            answers[status] = answer
        elif reply.status not in told.answers:
            answers[reply.status] = Answer(answer.text, OBJECT)
    return told._replace(answers=answers)


def _fields(compat: Compat, told: Mapping[str, Words]) -> Mapping[str, Words]:
    return {
        name: Words(words.text, {**words.more, "default": getattr(compat, name)})
        if name in DEFAULTS
        else words
        for name, words in told.items()
    }


def _components(compat: Compat, components: Mapping[str, Any]) -> Mapping[str, Any]:
    changes: dict[str, Mapping[str, Any]] = {}
    if compat.lists_errors:
        changes["Error"] = {"detail": DETAIL}
    if compat.fills_states:
        changes["ThreadState"] = {name: FILLED[type(none)] for name, none in FOR_NONE.items()}
    return {
        **components,
        **{name: _with(components[name], fields) for name, fields in changes.items()},
    }


def _with(schema: Mapping[str, Any], fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**schema, "properties": {**schema["properties"], **fields}}
