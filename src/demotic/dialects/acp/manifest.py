"""A graph's manifest: the file that says what the graph itself does not tell an ACP client.

Both forms that AGNTCY's tools write are read: `{metadata, specs}`, which is also the form of an
ACP descriptor, and the older and newer agent manifests around it (a record with `extensions`,
one of which holds the specs as `data.acp`). Every part may be left out. What is for deployment
is none of this server's business.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from demotic.dialects.acp.schemas import Schema, check_schema
from demotic.domain.errors import AgentError, BadInput
from demotic.web.bodies import explain

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A kind of interrupt: its name, and the schemas of what is asked and of the answer."""

    type: str
    asked: Schema
    answer: Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a manifest says; None where it says nothing, so that the graph itself is asked."""

    name: str | None = None
    version: str | None = None
    url: str | None = None
    description: str | None = None
    threads: bool | None = None
    callbacks: bool | None = None
    values: bool | None = None
    custom: bool | None = None
    input: Schema | None = None
    output: Schema | None = None
    config: Schema | None = None
    state: Schema | None = None
    update: Schema | None = None
    questions: Sequence[Question] | None = None


SILENT = Manifest()
"""The manifest of a graph that has none."""


class _Ref(Struct, forbid_unknown_fields=True):
    name: str | None = None
    version: str | None = None
    url: str | None = None


class _Metadata(Struct, forbid_unknown_fields=True):
    ref: _Ref | None = None
    description: str | None = None


class _Streaming(Struct, forbid_unknown_fields=True):
    values: bool | None = None
    custom: bool | None = None


class _Capabilities(Struct, forbid_unknown_fields=True):
    threads: bool | None = None
    interrupts: bool | None = None
    callbacks: bool | None = None
    streaming: _Streaming | None = None


class _Interrupt(Struct, forbid_unknown_fields=True):
    interrupt_type: str
    interrupt_payload: Object
    resume_payload: Object


class _Specs(Struct, forbid_unknown_fields=True):
    capabilities: _Capabilities | None = None
    input: Object | None = None
    output: Object | None = None
    config: Object | None = None
    thread_state: Object | None = None
    custom_streaming_update: Object | None = None
    interrupts: list[_Interrupt] | None = None


class _File(Struct):
    metadata: _Metadata | None = None
    specs: _Specs | None = None


def read_manifest(file: Path) -> Manifest:
    """The manifest in a file. Raises `AgentError`, naming file and place."""
    try:
        return parse_manifest(json.loads(file.read_text(encoding="utf-8-sig")))
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise AgentError(f"{file}: {place}: not JSON: {error.msg}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise AgentError(f"{file}: the file cannot be read: {error}") from None
    except BadInput as error:
        raise AgentError(f"{file}: {error.message}") from None


def parse_manifest(data: Any) -> Manifest:
    """A manifest from its JSON. Raises `BadInput`, naming the place."""
    try:
        file = msgspec.convert(_unwrapped(data), _File)
    except msgspec.ValidationError as error:
        raise BadInput(explain(str(error))) from None
    metadata, specs = file.metadata or _Metadata(), file.specs or _Specs()
    ref, can = metadata.ref or _Ref(), specs.capabilities or _Capabilities()
    _check(specs, can)
    streaming = can.streaming or _Streaming()
    if can.streaming is not None:  # a mode that is not named there is not supported
        streaming = _Streaming(values=bool(streaming.values), custom=bool(streaming.custom))
    return Manifest(
        name=ref.name,
        version=ref.version,
        url=ref.url,
        description=metadata.description,
        threads=can.threads,
        callbacks=can.callbacks,
        values=streaming.values,
        custom=streaming.custom,
        input=specs.input,
        output=specs.output,
        config=specs.config,
        state=specs.thread_state,
        update=specs.custom_streaming_update,
        questions=_questions(specs, can),
    )


def _unwrapped(data: Any) -> Any:
    """The `{metadata, specs}` of a manifest; a record has it among its extensions."""
    if not isinstance(data, dict) or not isinstance(data.get("extensions"), list):
        return data
    for extension in data["extensions"]:
        found = extension.get("data") if isinstance(extension, dict) else None
        if isinstance(found, dict) and "acp" in found:
            ref = {"name": data.get("name"), "version": data.get("version")}
            metadata = {"ref": ref, "description": data.get("description")}
            return {"metadata": metadata, "specs": found["acp"]}
    raise BadInput("`extensions` holds no manifest: one of them must have `data.acp`.")


def _questions(specs: _Specs, can: _Capabilities) -> Sequence[Question] | None:
    if specs.interrupts is None:
        return () if can.interrupts is False else None
    return [
        Question(each.interrupt_type, each.interrupt_payload, each.resume_payload)
        for each in specs.interrupts
    ]


def _check(specs: _Specs, can: _Capabilities) -> None:
    """The rules of ACP 0.2.3, AgentACPSpec, and that every schema is one."""
    types = [each.interrupt_type for each in specs.interrupts or ()]
    if twice := {each for each in types if types.count(each) > 1}:
        raise BadInput(f"`specs.interrupts` names {sorted(twice)[0]!r} twice: names are unique.")
    if types and can.interrupts is False:
        raise BadInput("`specs.interrupts` needs `specs.capabilities.interrupts`: set it to true.")
    if specs.thread_state is not None and can.threads is False:
        raise BadInput("`specs.thread_state` needs `specs.capabilities.threads`: set it to true.")
    if specs.custom_streaming_update is not None and can.streaming and not can.streaming.custom:
        raise BadInput(
            "`specs.custom_streaming_update` needs `specs.capabilities.streaming.custom`: set it "
            "to true."
        )
    for name in ("input", "output", "config", "thread_state", "custom_streaming_update"):
        check_schema(f"specs.{name}", getattr(specs, name))
    for place, each in enumerate(specs.interrupts or ()):
        check_schema(f"specs.interrupts[{place}].interrupt_payload", each.interrupt_payload)
        check_schema(f"specs.interrupts[{place}].resume_payload", each.resume_payload)
