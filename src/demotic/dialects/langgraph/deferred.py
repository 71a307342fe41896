"""What LangGraph API 0.16 offers and this server does not yet: data, answered with 501."""

from demotic.web.deferral import Deferred

OPERATIONS = (
    Deferred("POST", "/threads/prune", "prune threads"),
    Deferred("GET", "/threads/{thread_id}/storage", "measure a thread"),
    Deferred("PATCH", "/threads/{thread_id}/state", "change the metadata of a thread's state"),
    Deferred("POST", "/threads/{thread_id}/runs/crons", "schedule runs on a thread"),
    Deferred("POST", "/runs/crons", "schedule runs"),
    Deferred("POST", "/runs/crons/search", "search schedules"),
    Deferred("POST", "/runs/crons/count", "count schedules"),
    Deferred("GET", "/runs/crons/{cron_id}", "show a schedule"),
    Deferred("PATCH", "/runs/crons/{cron_id}", "change a schedule"),
    Deferred("DELETE", "/runs/crons/{cron_id}", "delete a schedule"),
    Deferred("POST", "/runs/cancel", "cancel several runs"),
    Deferred("POST", "/runs/batch", "start several runs"),
    Deferred("PUT", "/store/items", "store an item"),
    Deferred("DELETE", "/store/items", "delete an item"),
    Deferred("GET", "/store/items", "read an item"),
    Deferred("POST", "/store/items/search", "search items"),
    Deferred("POST", "/store/namespaces", "list namespaces of items"),
    Deferred("POST", "/a2a/{assistant_id}", "speak A2A with an assistant"),
    Deferred("GET", "/.well-known/agent-card.json", "show an A2A agent card"),
    Deferred("POST", "/mcp/", "speak MCP"),
    Deferred("GET", "/mcp/", "open an MCP stream"),
    Deferred("DELETE", "/mcp/", "end an MCP session"),
    Deferred("GET", "/metrics", "show metrics"),
    Deferred("POST", "/ui/{graph_id}", "serve user interface components"),
)

RUN_OPTIONS = (
    "webhook",
    "feedback_keys",
    "strict_resume",
    "langsmith_tracer",
)
"""Fields of a run's body that are planned: given with any value but null or false, 501."""

THREAD_OPTIONS = ("ttl", "supersteps")
"""Fields of a thread's body that are planned."""
