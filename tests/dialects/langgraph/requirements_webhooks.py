"""What the LangGraph dialect promises of webhooks."""

from dialects.langgraph.promises import API, Requirement

_LOG = "/webhooks/deliveries"
_AGAIN = f"{_LOG}/{{delivery_id}}/redeliver"

REQUIREMENTS: dict[str, Requirement] = {
    "langgraph.webhooks.list": Requirement(
        f"Demotic, GET {_LOG}", "lists webhooks with their attempts", ("GET", _LOG)
    ),
    "langgraph.webhooks.redeliver": Requirement(
        f"Demotic, POST {_AGAIN}", "sends a webhook again, under the same id", ("POST", _AGAIN)
    ),
    "langgraph.webhooks.end": Requirement(
        f"{API}, RunCreate.webhook", "the run is told once, when it has ended"
    ),
    "langgraph.webhooks.body": Requirement(
        f"{API}, observed", "the body is the run with its times, values and error"
    ),
    "langgraph.webhooks.interrupt": Requirement(
        f"{API}, observed", "a run that asks is a success; its values do not tell the question"
    ),
    "langgraph.webhooks.shown": Requirement(
        f"{API}, Run.kwargs.webhook", "a run shows where it is told"
    ),
    "langgraph.webhooks.refused": Requirement(
        f"{API}, observed", "a URL that is relative, or not public, is 422 with the reason"
    ),
    "langgraph.webhooks.https": Requirement(
        f"{API}, webhooks.url.require_https", "with rules for webhooks https is required by default"
    ),
    "langgraph.webhooks.signed": Requirement(
        "Standard Webhooks 1.0", "a webhook is signed where a secret is set"
    ),
    "langgraph.webhooks.retried": Requirement(
        "Demotic", "a receiver that is down gets it when it is up"
    ),
    "langgraph.webhooks.scope": Requirement(
        "Demotic", "a caller sees the webhooks of the threads that it may see"
    ),
}
