"""Prompts."""

ROUTER_SYSTEM_PROMPT = "Is this about documents, or is more information needed?"
RESPONSE = "{greeting} From {count} document(s): {context}"
