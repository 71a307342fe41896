"""What the LangGraph dialect promises of every request, and of what users put around it."""

from dialects.langgraph.promises import API, Requirement

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.requests.accept": Requirement(
        "Demotic", "streams and JSON are served whatever `Accept` says"
    ),
    "langgraph.requests.empty": Requirement(
        "Clients made of published documents, in Python and Go",
        "a body may be left out where nothing in it is required, also where its type is named",
    ),
    "langgraph.requests.unknown_fields": Requirement(
        f"{API}, observed",
        "fields that there are not are left out, as `thread_id` of a stateless run",
    ),
    "langgraph.errors.shape": Requirement(
        "langgraph-sdk (Python) 0.4: `message`, then `detail`",
        "every error has a detail, a code, the same message, and metadata",
    ),
    "langgraph.keys": Requirement(
        "langgraph-sdk (Python) 0.4, api_key",
        "where keys are set, a request without one in `x-api-key` is 401",
    ),
    "langgraph.custom_app.routes": Requirement(
        f"{API}, http.app", "routes of the user's may lie under those built in, which stay"
    ),
    "langgraph.custom_app.middleware": Requirement(
        f"{API}, http.app", "middleware of the user's wraps what is built in, and may change a body"
    ),
    "langgraph.custom_app.streams": Requirement(
        f"{API}, http.app", "what the user's routes stream is not held back"
    ),
    "langgraph.custom_app.document": Requirement(
        f"{API}, http.app", "the document tells of the user's routes, too"
    ),
    "langgraph.factories": Requirement(
        f"{API}, graphs made by functions; langgraph-sdk (Python) 0.4, ServerRuntime",
        "they may take the config and the runtime and may be context managers; a thread's stored "
        "config makes its graph again",
    ),
}
"""Joined into `requirements`."""
