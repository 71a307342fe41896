"""What LangGraph API 0.16 offers and this server does not yet: data, answered with 501."""

from demotic.web.deferral import Deferred

OPERATIONS = (
    Deferred("POST", "/a2a/{assistant_id}", "speak A2A with an assistant"),
    Deferred("GET", "/.well-known/agent-card.json", "show an A2A agent card"),
    Deferred("POST", "/mcp/", "speak MCP"),
    Deferred("GET", "/mcp/", "open an MCP stream"),
    Deferred("DELETE", "/mcp/", "end an MCP session"),
    Deferred("POST", "/ui/{graph_id}", "serve user interface components"),
)
