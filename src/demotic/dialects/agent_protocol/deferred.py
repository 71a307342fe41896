"""What the Agent Protocol offers and this server does not yet: data, answered with 501."""

from demotic.web.deferral import Deferred

OPERATIONS = (
    Deferred("POST", "/threads/{thread_id}/stream", "subscribe to a thread's events"),
    Deferred("GET", "/threads/{thread_id}/stream", "talk to a thread by WebSocket"),
    Deferred("POST", "/threads/{thread_id}/commands", "send a command to a thread"),
    Deferred("PUT", "/store/items", "store an item"),
    Deferred("DELETE", "/store/items", "delete an item"),
    Deferred("GET", "/store/items", "read an item"),
    Deferred("POST", "/store/items/search", "search items"),
    Deferred("POST", "/store/namespaces", "list namespaces of items"),
)

RUN_OPTIONS = ("webhook",)
"""Fields of a run's body that are planned: given with any value but null, 501."""
