"""Where this server answers otherwise than LangGraph API 0.16 did, and why."""

IGNORED = {
    "langgraph_auth_user": "of its authentication",
    "langgraph_auth_user_id": "of its authentication",
    "langgraph_auth_permissions": "of its authentication",
    "langgraph_request_id": "its own book-keeping",
    "__request_start_time_ms__": "its own book-keeping",
    "__after_seconds__": "its own book-keeping",
    "user_id": "of its authentication",
    "langgraph_api_version": "tells of a server that this is not",
    "langgraph_plan": "tells of a server that this is not",
    "langgraph_host": "tells of a server that this is not",
    "langgraph_api_url": "tells of a server that this is not",
    "lc_versions": "depends on the release of LangChain",
    "ls_integration": "depends on the release of LangChain",
    "ls_provider": "depends on the release of LangChain",
    "ls_model_type": "depends on the release of LangChain",
    "parent_ids": "a run of LangChain's own has none in some releases",
}
"""Keys that may differ wherever they are."""

OTHER_STATUS: dict[int, tuple[int, str]] = {
    48: (200, "PATCH of a state is kept for clients of 0.1.0"),
    82: (200, "PATCH of a state is kept for clients of 0.1.0"),
    **dict.fromkeys(
        (199, 200, 201), (200, "calls to this machine are allowed here, as in 243 to 245")
    ),
    252: (200, "`keep_latest` is supported in every storage"),
    113: (200, "an empty body is an empty object where every field may be left out"),
    194: (422, "an unknown action is told, whatever has become of the run"),
    55: (200, "a search by values is no server error where a thread has none"),
    89: (200, "a search by values is no server error where a thread has none"),
    152: (404, "a run that was deleted cannot be joined"),
    186: (404, "a run that never was cannot be joined"),
    269: (200, "`before` takes a checkpoint"),
    270: (200, "`before` takes the id of 0.1.0"),
    273: (422, "values that the graph cannot take are the caller's mistake"),
}
"""Exchanges that are answered with another status."""

STREAMED = {
    "input.requested": {"+ .value": "where the Python SDK looks for what `payload` holds"},
}
"""Fields of events of the streaming protocol that are told here only, by the event's method."""

ORDERED_OTHERWISE = {
    237: "a question is told when its run has paused: after the last state, so it can be answered",
}
"""Event streams whose events come in another order."""

ALSO_STREAMED = frozenset({"checkpoints", "custom", "tasks", "updates"})
"""Channels that were asked for in a recording and on which the server told nothing."""

NOT_SENT = {
    **dict.fromkeys((240, 241, 242), "MCP and A2A are planned"),
    **dict.fromkeys((117, 118, 119), "the recorded server had no graph `chat` then"),
    **dict.fromkeys((21,), "deletes the assistant that later exchanges need"),
    **dict.fromkeys((260, 261), "aliases for clients of other protocols are served there"),
}
"""Exchanges that are not sent again."""

ANYWHERE = {
    ".kwargs.config.configurable.__pregel_node_finished": "internals of a run that has begun",
    ".kwargs.config.metadata.langgraph_version": "added to the stored request when a run begins",
    ".kwargs.config.metadata.run_attempt": "added to the stored request when a run begins",
}
"""Ends of paths that may differ in any exchange."""

_COPY = {
    "+ .config.configurable": "a copy has the configuration of its source",
    "+ .values": "a copy shows the values that it has",
}
_STATE = {"+ .metadata.zz": "a change of a state's metadata is kept, and copied"}
_RUN = {
    "+ [].kwargs.config.metadata.graph_id": "runs without a thread tell their graph, too",
    "+ [].metadata.graph_id": "runs without a thread tell their graph, too",
}
_PLACE = {"+ .checkpoint.checkpoint_ns": "a checkpoint always tells its namespace"}

SHAPES: dict[int, dict[str, str]] = {
    10: {"+ [].updated_at": "a version is an assistant like any other"},
    44: _PLACE,
    50: _COPY,
    51: _STATE,
    78: _PLACE,
    84: _COPY,
    85: _STATE,
    103: {
        "+ .kwargs.config.metadata.graph_id": "runs without a thread tell their graph, too",
        "+ .metadata.graph_id": "runs without a thread tell their graph, too",
    },
    104: _RUN,
    150: {"= .status (busy, idle)": "a thread is free when its run was deleted"},
    203: {
        "- .__error__": "a run ends well although nobody keeps its feedback; a header says so",
        "+ .x": "a run ends well although nobody keeps its feedback; a header says so",
    },
    217: {"~  (NoneType, object)": "a namespace may come as a repeated parameter"},
    231: dict.fromkeys(
        ("- .error", "- .message", "+ .meta", "+ .result", "= .type (error, success)"),
        "the command is there",
    ),
    259: {"+ .services.storage": "tells what was asked"},
}
"""Differences of shape and of words that are meant, by exchange, with the reason."""
