"""What the LangGraph dialect promises of runs: defaults, results, questions, cancels, statuses."""

from dialects.langgraph.promises import API, Requirement

SEEN = f"{API}, observed"

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.runs.defaults": Requirement(
        f"{API}, RunCreateStateful",
        "a run comes next on a busy thread and goes on without its client unless it says otherwise",
    ),
    "langgraph.runs.created": Requirement(
        SEEN, "the answer that creates a run shows it as it was admitted: `pending`"
    ),
    "langgraph.runs.headers": Requirement(
        SEEN,
        "`Content-Location` tells where a run is, `Location` where it is followed or waited for; "
        "both are relative, and stateless streams have a place of their own",
    ),
    "langgraph.runs.checkpoint": Requirement(
        f"{API}, checkpoint; LangGraph API 0.1.0, checkpoint_id",
        "a run from an earlier checkpoint, named in either form or both, is a branch; what was "
        "there stays",
    ),
    "langgraph.runs.context": Requirement(
        SEEN, "`config.configurable` and `context` mirror each other; both in one body are 400"
    ),
    "langgraph.runs.unknown": Requirement(
        f"{API}; Demotic, where the recorded server answers a join with 200",
        "an unknown thread, assistant or run is 404 on every path, streams and joins too",
    ),
    "langgraph.runs.enqueue": Requirement(
        f"{API}, multitask_strategy enqueue",
        "runs of a thread are carried out in order, one at a time",
    ),
    "langgraph.runs.result": Requirement(
        f"{SEEN}; Demotic, for runs that the thread has left behind",
        "wait and join answer the run's own last values, also later; those of the thread for a "
        "run that was cancelled before it had any; 200 and `__error__` for one that failed",
    ),
    "langgraph.runs.question": Requirement(
        SEEN,
        "a run that asks answers its values and `__interrupt__`, and `__interrupt__` alone to who "
        "joins later; its status is `success`",
    ),
    "langgraph.runs.new_input": Requirement(
        SEEN, "new input where the thread asks begins at the first step; the state stays"
    ),
    "langgraph.runs.breakpoints": Requirement(
        f"{API}, interrupt_before and interrupt_after, observed",
        "the run is a success, the thread interrupted without questions; input null goes on",
    ),
    "langgraph.runs.command": Requirement(
        f"{API}, Command",
        "`resume` is any JSON or answers by ids, `update` changes the state, `goto` leads to steps "
        "or sends them inputs of their own",
    ),
    "langgraph.runs.nothing_to_do": Requirement(
        SEEN, "no input, or an answer, on a thread without a state fails the run: `__error__`"
    ),
    "langgraph.runs.stateless_resume": Requirement(
        SEEN, "an answer without a thread is 400: there is nothing to resume"
    ),
    "langgraph.runs.stateless_end": Requirement(
        f"{API}, RunCreateStateless.on_completion delete",
        "a run can be read and joined while it is at work, and then vanishes with its thread",
    ),
    "langgraph.options.durability": Requirement(
        f"{API}, durability", "`sync` and `async` keep every state, `exit` the last one"
    ),
    "langgraph.runs.cancel.pending": Requirement(
        SEEN, "a run that has not begun is interrupted at once, or vanishes"
    ),
    "langgraph.runs.cancel.action": Requirement(
        "Demotic, where the recorded server takes any other action for `interrupt`",
        "`interrupt` by default, or `rollback`; nothing else is accepted and ignored",
    ),
    "langgraph.runs.time_limit": Requirement(
        f"{API}, BG_JOB_TIMEOUT_SECS", "a run that takes longer, a day by default, is a `timeout`"
    ),
    "langgraph.runs.retries": Requirement(
        f"{API}, BG_JOB_MAX_RETRIES; Demotic: the number is fixed",
        "a run whose server has died three times without progress is given up",
    ),
    "langgraph.statuses": Requirement(
        SEEN,
        "runs are pending, running, success, error, timeout or interrupted; their thread is busy, "
        "idle, error or interrupted with them",
    ),
    "langgraph.ids": Requirement(
        f"{SEEN}; Demotic: a copied thread's too",
        "threads and runs have UUIDv7; a graph's default assistant the UUIDv5 of its name",
    ),
    "langgraph.done": Requirement(
        f"{SEEN}, where the document says 200", "a delete answers 204, a cancel at once 202"
    ),
}
"""Joined into `requirements`."""
