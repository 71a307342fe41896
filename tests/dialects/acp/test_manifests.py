"""Manifest files: both of AGNTCY's forms, and what is wrong with a bad one."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from demotic.dialects.acp.manifest import SILENT, Manifest, parse_manifest, read_manifest
from demotic.domain.errors import AgentError, BadInput
from dialects.acp import graphs

TEXT = {"type": "string"}


@pytest.mark.requirement("acp.manifest.forms")
def test_a_record_with_extensions_is_read_like_the_plain_form() -> None:
    metadata, specs = graphs.MANIFEST["metadata"], graphs.MANIFEST["specs"]
    plain = parse_manifest({**graphs.MANIFEST, "deployment": {"anything": 1}})
    record = {
        "name": metadata["ref"]["name"],
        "version": metadata["ref"]["version"],
        "description": metadata["description"],
        "skills": [],
        "extensions": [
            {"name": "another", "data": {}},
            {"name": "manifest", "data": {"acp": specs, "deployment": {}}},
        ],
    }
    assert parse_manifest(record) == replace(plain, url=None)
    assert plain.questions and plain.questions[0].type == "shout"


@pytest.mark.requirement("acp.manifest.forms")
def test_every_part_may_be_left_out() -> None:
    empty: list[Any] = [{}, {"metadata": {}, "specs": {}}, {"metadata": {"ref": {}}}]
    for nothing in empty:
        assert parse_manifest(nothing) == SILENT
    assert parse_manifest({"specs": {"interrupts": []}}).questions == []
    without = {"specs": {"capabilities": {"interrupts": False}}}
    assert parse_manifest(without) == Manifest(questions=())
    one_mode = {"specs": {"capabilities": {"streaming": {"values": True}}}}
    assert parse_manifest(one_mode) == Manifest(values=True, custom=False)


def specs(**more: Any) -> Any:
    """A manifest with these specs."""
    return {"specs": more}


@pytest.mark.requirement("acp.manifest.wrong")
@pytest.mark.parametrize(
    ("manifest", "told"),
    [
        ([], "must be an object"),
        ({"specs": 1}, "`specs` must be an object"),
        ({"metadata": {"ref": {"name": 1}}}, "`metadata.ref.name` must be a string"),
        (specs(inputs={}), "unknown field `inputs`"),
        (specs(capabilities={"thread": True}), "unknown field `thread`"),
        (specs(input={"type": "strin"}), "`specs.input` is no JSON schema: .type"),
        (specs(output={"$ref": "#/$defs/none"}), "`specs.output` is no JSON schema"),
        (specs(config={"$ref": "http://127.0.0.1:9/x.json"}), "is not fetched"),
        (specs(interrupts=[{"interrupt_type": "a"}]), "interrupt_payload` is required"),
        (specs(interrupts=[graphs.SHOUT, graphs.SHOUT]), "'shout' twice"),
        (
            specs(interrupts=[{**graphs.SHOUT, "resume_payload": {"type": 1}}]),
            "`specs.interrupts[0].resume_payload` is no JSON schema",
        ),
        (specs(capabilities={"interrupts": False}, interrupts=[graphs.SHOUT]), "needs `specs.cap"),
        (specs(capabilities={"threads": False}, thread_state=TEXT), "needs `specs.capabilities.th"),
        (
            specs(capabilities={"streaming": {"custom": False}}, custom_streaming_update=TEXT),
            "needs `specs.capabilities.streaming.custom`",
        ),
        ({"extensions": []}, "holds no manifest"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_told_by_its_place(manifest: Any, told: str) -> None:
    with pytest.raises(BadInput) as error:
        parse_manifest(manifest)
    assert told in error.value.message


@pytest.mark.requirement("acp.manifest.wrong")
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "line 1, column 2: not JSON"),
        (b"\xff", "cannot be read"),
        (b'{"specs": 1}', "`specs` must be an object"),
    ],
)
def test_errors_name_the_file(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "manifest.json"
    file.write_bytes(content)
    with pytest.raises(AgentError) as error:
        read_manifest(file)
    assert error.value.message.startswith(str(file)) and told in error.value.message
    with pytest.raises(AgentError, match="cannot be read"):
        read_manifest(tmp_path / "none.json")


@pytest.mark.requirement("acp.manifest.configured")
def test_a_manifest_is_named_beside_its_graph_and_checked_with_it(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("async def graph(state): return {}\n")
    entry = {"path": "./agent.py:graph", "acp": "./manifest.json"}
    (tmp_path / "langgraph.json").write_text(json.dumps({"graphs": {"agent": entry}}))

    def validate() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "demotic", "validate"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50)

    missing = validate()
    assert missing.returncode == 1 and "graphs.agent.acp: there is no file" in missing.stderr
    (tmp_path / "manifest.json").write_text(json.dumps(specs(input=1)))
    wrong = validate()
    assert wrong.returncode == 1 and "`specs.input` must be an object" in wrong.stderr
    (tmp_path / "manifest.json").write_text(json.dumps(graphs.MANIFEST))
    assert validate().returncode == 0
