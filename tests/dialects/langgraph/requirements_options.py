"""What the LangGraph dialect promises about options: the same on every operation that has them."""

from dialects.langgraph.promises import API, Requirement

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.options.asked": Requirement(
        f"{API}, RunCreateStateful, RunCreateStateless, RunBatchCreate, CronCreate, CronPatch",
        "every option of a run reaches the agent, whichever operation starts the run",
    ),
    "langgraph.options.refused": Requirement(
        "Demotic", "an option without a meaning for an operation is refused and documented as such"
    ),
    "langgraph.options.hints": Requirement(
        f"{API}, on_completion, if_not_exists, on_disconnect",
        "how to treat what an operation never meets (a thread of its own, no thread, a follower) "
        "is checked and changes nothing",
    ),
}
