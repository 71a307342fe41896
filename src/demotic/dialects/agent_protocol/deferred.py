"""What the Agent Protocol offers and this server does not yet: data, answered with 501."""

from demotic.web.deferral import Deferred

OPERATIONS = (
    Deferred("POST", "/threads/{thread_id}/stream", "subscribe to a thread's events"),
    Deferred("GET", "/threads/{thread_id}/stream", "talk to a thread by WebSocket"),
    Deferred("POST", "/threads/{thread_id}/commands", "send a command to a thread"),
)
