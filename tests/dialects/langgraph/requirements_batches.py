"""What the LangGraph dialect promises about several runs, and about the rarer options of one."""

from dialects.langgraph.promises import API, Requirement, operation

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.batch.create": operation(
        "POST", "/runs/batch", "starts several stateless runs, all or none"
    ),
    "langgraph.batch.refused": Requirement(
        "Demotic", "one bad body refuses the whole batch, and its index is told"
    ),
    "langgraph.batch.idempotency": Requirement(
        "Demotic, header Idempotency-Key", "the same batch sent again is the same runs"
    ),
    "langgraph.batch.cancel": operation(
        "POST", "/runs/cancel", "cancels runs by status, or those of a thread by id"
    ),
    "langgraph.batch.cancel.forms": Requirement(
        f"{API}, RunsCancel, observed", "404 where there is none; both forms, or neither, are 422"
    ),
    "langgraph.batch.cancel.action": Requirement(
        f"{API}, POST /runs/cancel, action", "keeps what was done, or undoes it"
    ),
    "langgraph.batch.cancel.many": Requirement(
        "Demotic", "any number is cancelled, and none begins meanwhile"
    ),
    "langgraph.options.feedback_keys": Requirement(
        f"{API}, RunCreateStateful.feedback_keys",
        "accepted and ignored, which the header `Warning` tells",
    ),
    "langgraph.options.langsmith_tracer": Requirement(
        "langgraph-sdk (Python) 0.4, LangSmithTracing",
        "says where the trace goes; where nothing is traced, the header `Warning` tells",
    ),
    "langgraph.options.strict_resume": Requirement(
        "langgraph-sdk (Python) 0.4, strict_resume",
        "an answer to what is not asked fails the run and leaves the thread as it was",
    ),
    "langgraph.options.stateless": Requirement(
        "LangGraph API 0.1.0, RunCreate and RunStream; 0.16, RunCreateStateless.command",
        "a stateless run honours interrupts, command and policy, and refuses a checkpoint",
    ),
    "langgraph.options.checkpoint_during": Requirement(
        f"{API}, checkpoint_during", "the older form of durability: false saves at the end only"
    ),
    "langgraph.runs.list.filters": Requirement(
        f"{API}, GET /threads/{{thread_id}}/runs, status and select",
        "every status filters; fields are chosen by repeated names, commas or a JSON array",
    ),
    "langgraph.runs.stream_by_id.ended": Requirement(
        f"{API}, Location of POST /runs/stream",
        "a stateless run that has ended can be come back to for a while",
    ),
}
