"""How an assistant's settings change."""

from typing import Any

import pytest

from demotic.domain.assistants import Assistant, AssistantChange, changed, is_reserved, mirrored

OLD = Assistant(
    id="a",
    agent="echo",
    name="n",
    description="d",
    config={"tags": ["t"], "configurable": {"k": 1}},
    context={"k": 1},
    metadata={"m": 1},
    version=3,
    created_us=1,
    updated_us=1,
)


def after(**change: Any) -> Assistant:
    """The assistant after a change."""
    return changed(OLD, AssistantChange(**change), owned={"owner": "o"}, version=4, now_us=9)


def test_only_what_is_given_changes() -> None:
    new = after(name="x")
    assert (new.name, new.description, new.config, new.context) == (
        "x",
        OLD.description,
        OLD.config,
        OLD.context,
    )
    assert (new.version, new.updated_us, new.created_us) == (4, 9, 1)


def test_metadata_is_merged_and_what_is_owned_stays() -> None:
    new = after(metadata={"n": 2, "owner": "thief"})
    assert new.metadata == {"m": 1, "n": 2, "owner": "o"}


@pytest.mark.parametrize(
    ("change", "config", "context"),
    [
        ({"config": {"configurable": {"k": 2}}}, {"configurable": {"k": 2}}, {"k": 2}),
        ({"config": {"tags": ["u"]}}, {"tags": ["u"]}, {}),
        ({"context": {"k": 2}}, {"tags": ["t"], "configurable": {"k": 2}}, {"k": 2}),
        ({"context": {}}, {"tags": ["t"]}, {}),
        (
            {"config": {"tags": ["u"]}, "context": {"k": 2}},
            {"tags": ["u"], "configurable": {"k": 2}},
            {"k": 2},
        ),
    ],
)
def test_config_and_context_go_together(
    change: dict[str, Any], config: dict[str, Any], context: dict[str, Any]
) -> None:
    new = after(**change)
    assert (new.config, new.context) == (config, context)


def test_a_context_does_not_reach_what_only_the_server_sets() -> None:
    assert mirrored({}, {"langgraph_auth_user": "root"}).config == {}
    assert is_reserved("checkpoint_id") and not is_reserved("user_id")
