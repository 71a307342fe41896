"""Descriptors: what an agent is and promises, from its graph and its manifest; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from demotic.dialects.acp.choices import KINDS
from demotic.dialects.acp.manifest import Manifest, Question
from demotic.dialects.acp.relaxing import configured, given, keys_of, taken
from demotic.dialects.acp.schemas import ANY_OBJECT, Schema
from demotic.domain.assistants import AgentSchemas, Assistant
from demotic.domain.ids import system_assistant_id

ANY_QUESTION = Question("interrupt", {}, {})
"""What a graph may ask that has no manifest: anything, answered by anything."""

BREAKPOINT = "breakpoint"
"""Type of the interrupt of a run that stopped at a breakpoint: it asks nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """What an agent takes, gives and can do.

    `output_keys` are those of the state that belong to the output (None: all of them);
    `questions` the kinds of interrupts; `modes` what can be streamed.
    """

    input: Schema
    output: Schema
    config: Schema
    state: Schema
    update: Schema
    questions: Sequence[Question]
    modes: Sequence[str]
    threads: bool
    callbacks: bool
    output_keys: frozenset[str] | None = None


def specs_of(schemas: AgentSchemas, manifest: Manifest) -> Specs:
    """What the manifest says; what it leaves open as the graph's types tell."""
    streams = {"values": manifest.values, "custom": manifest.custom}
    questions = [ANY_QUESTION] if manifest.questions is None else manifest.questions
    return Specs(
        input=_first(manifest.input, taken(schemas.input)),
        output=_first(manifest.output, given(schemas.output)),
        config=_first(manifest.config, configured(schemas.config, schemas.context)),
        state=_first(manifest.state, given(schemas.state)),
        update=_first(manifest.update, ANY_OBJECT),
        questions=questions,
        modes=[mode for mode in KINDS if streams[mode] is not False],
        threads=manifest.threads is not False,
        callbacks=manifest.callbacks is not False,
        output_keys=_output_keys(schemas),
    )


def _first(stated: Schema | None, told: Schema) -> Schema:
    return told if stated is None else stated


def _output_keys(schemas: AgentSchemas) -> frozenset[str] | None:
    """A graph's result shows its whole state; where its output is only a part, that is shown."""
    output, state = keys_of(schemas.output), keys_of(schemas.state)
    return output if output and output < state else None


def card(assistant: Assistant, manifest: Manifest) -> dict[str, Any]:
    """ACP 0.2.3, AgentMetadata. The manifest speaks for the graph's own agent; others, made over
    another dialect, have a name of theirs, and their version for one."""
    told = manifest if assistant.id == system_assistant_id(assistant.agent) else Manifest()
    ref = {
        "name": told.name or assistant.name,
        "version": told.version or f"{assistant.version}.0.0",
    }
    if told.url is not None:
        ref["url"] = told.url
    return {"ref": ref, "description": told.description or assistant.description or ""}


def agent_json(assistant: Assistant, manifest: Manifest) -> dict[str, Any]:
    """ACP 0.2.3, Agent."""
    return {"agent_id": assistant.id, "metadata": card(assistant, manifest)}


def descriptor_json(assistant: Assistant, manifest: Manifest, specs: Specs) -> dict[str, Any]:
    """ACP 0.2.3, AgentACPDescriptor."""
    told: dict[str, Any] = {
        "capabilities": {
            "threads": specs.threads,
            "interrupts": bool(specs.questions),
            "callbacks": specs.callbacks,
            "streaming": {mode: mode in specs.modes for mode in KINDS},
        },
        "input": specs.input,
        "output": specs.output,
        "config": specs.config,
    }
    if specs.threads:
        told["thread_state"] = specs.state
    if "custom" in specs.modes:
        told["custom_streaming_update"] = specs.update
    if specs.questions:
        told["interrupts"] = [
            {
                "interrupt_type": each.type,
                "interrupt_payload": each.asked,
                "resume_payload": each.answer,
            }
            for each in specs.questions
        ]
    return {"metadata": card(assistant, manifest), "specs": told}
