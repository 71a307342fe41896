"""What the LangGraph dialect promises about crons."""

from dialects.langgraph.promises import API, Requirement, operation

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.crons.create_on_thread": operation(
        "POST", "/threads/{thread_id}/runs/crons", "schedules runs on a thread"
    ),
    "langgraph.crons.create": operation(
        "POST", "/runs/crons", "schedules runs that get a thread each"
    ),
    "langgraph.crons.search": operation(
        "POST", "/runs/crons/search", "finds crons page by page, sorted, with chosen fields"
    ),
    "langgraph.crons.count": operation("POST", "/runs/crons/count", "counts crons"),
    "langgraph.crons.get": operation("GET", "/runs/crons/{cron_id}", "shows a cron"),
    "langgraph.crons.change": operation(
        "PATCH", "/runs/crons/{cron_id}", "changes a cron; 400 where nothing is to change"
    ),
    "langgraph.crons.delete": operation("DELETE", "/runs/crons/{cron_id}", "deletes a cron"),
    "langgraph.crons.fires": Requirement(
        f"{API}, Cron.next_run_date", "a run starts at each instant and tells its cron"
    ),
    "langgraph.crons.row": Requirement(
        f"{API}, Cron, observed",
        "the payload is what was given, with the assistant's id and the cron's; null for no thread "
        "and no end",
    ),
    "langgraph.crons.assistant": Requirement(
        f"{API}, CronCreate.assistant_id", "a UUID or a graph's name"
    ),
    "langgraph.crons.schedule": Requirement(
        f"{API}, CronCreate.schedule, observed",
        "five fields, or six with seconds last; a bad one is 422 and names the field; none is 422, "
        "though 0.1.0 has no such field",
    ),
    "langgraph.crons.timezone": Requirement(
        f"{API}, CronCreate.timezone", "a zone of the IANA database; UTC by default"
    ),
    "langgraph.crons.end_time": Requirement(
        f"{API}, CronCreate.end_time, CronPatch.end_time", "none starts after it; null clears it"
    ),
    "langgraph.crons.enabled": Requirement(
        f"{API}, CronCreate.enabled", "one that is not enabled starts nothing"
    ),
    "langgraph.crons.on_run_completed": Requirement(
        f"{API}, CronCreate.on_run_completed",
        "a run's own thread is deleted or kept; not for crons on a thread",
    ),
    "langgraph.crons.run_fields": Requirement(
        f"{API}, CronCreate, ThreadCronCreate", "a cron's runs take the fields of a run's body"
    ),
    "langgraph.crons.multitask_strategy": Requirement(
        f"{API}, ThreadCronCreate.multitask_strategy", "what a run does on a busy thread"
    ),
    "langgraph.crons.ends_with": Requirement(
        "Demotic", "a cron ends with its thread and with its assistant"
    ),
    "langgraph.crons.off": Requirement(
        "Demotic, FF_CRONS_ENABLED", "where crons are off, none is taken and /info says so"
    ),
}
