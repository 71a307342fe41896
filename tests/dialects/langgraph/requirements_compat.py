"""What the LangGraph dialect promises to the clients of earlier versions."""

from dialects.langgraph.promises import Requirement

EARLY = "LangGraph API 0.1.0 (June 2024) and of November 2024"

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.compat.served": Requirement(
        "Demotic, --compat and DEMOTIC_COMPAT", "a server has the ways of the version it is told"
    ),
    "langgraph.compat.multitask_strategy": Requirement(
        f"{EARLY}, multitask_strategy", "a run on a busy thread is refused unless it says otherwise"
    ),
    "langgraph.compat.on_disconnect": Requirement(
        f"{EARLY}, on_disconnect", "a run ends with its client unless it says otherwise"
    ),
    "langgraph.compat.done": Requirement(
        f"{EARLY}, DELETE and cancel", "200 with {} for what is deleted or cancelled"
    ),
    "langgraph.compat.errors": Requirement(
        "LangGraph API 0.1.0, HTTPValidationError",
        "the detail of a 422 is a list of {loc, msg, type}",
    ),
    "langgraph.compat.document": Requirement(
        EARLY, "the document tells the version's defaults, statuses and errors"
    ),
    "langgraph.compat.states": Requirement(
        "LangGraph API 0.1.0, ThreadState",
        "no null in a state: what is not there is an empty text or object",
    ),
    "langgraph.compat.client.0.1.0": Requirement(
        "LangGraph API 0.1.0, every operation", "a client made of the document calls all it knows"
    ),
    "langgraph.compat.client.2024": Requirement(
        "LangGraph API of November 2024, every operation",
        "a Go client made of the document, as `langgraphgo` was, calls all it knows",
    ),
    "langgraph.compat.walk.0.1.0": Requirement(
        "LangGraph API 0.1.0, every operation", "its clients walk through all they know"
    ),
    "langgraph.compat.walk.2024": Requirement(
        "LangGraph API of November 2024 (the Go client's)",
        "its clients walk through all they know but the store",
    ),
}
