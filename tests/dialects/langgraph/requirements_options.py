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
    "langgraph.options.config": Requirement(
        f"{API}, Config; langchain-core 1, RunnableConfig",
        "every entry of `config` reaches the graph: the run's, or else its assistant's",
    ),
    "langgraph.options.checkpoint": Requirement(
        f"{API}, CheckpointConfig",
        "a state is meant by its id, by the map or by a config; contradictions are refused",
    ),
    "langgraph.options.subgraphs": Requirement(
        f"{API}, subgraphs of a state, in the query or the body",
        "the states of subgraphs are shown",
    ),
    "langgraph.options.hints": Requirement(
        f"{API}, on_completion, if_not_exists, on_disconnect",
        "how to treat what an operation never meets (a thread of its own, no thread, a follower) "
        "is checked and changes nothing",
    ),
}
