"""What the operations on webhooks are for, take and answer."""

from collections.abc import Mapping

from demotic.dialects.langgraph.choices import MAX_LIMIT, MAX_OFFSET
from demotic.dialects.langgraph.openapi.operations import PAGE
from demotic.dialects.langgraph.translate_deliveries import STATES
from demotic.web.openapi.describing import (
    TEXT,
    UUID,
    Answer,
    Described,
    Parameter,
    Schema,
    chosen,
    listed,
    number,
    ref,
)

_WEBHOOKS = "Webhooks"
_SENDING = "Sent webhooks"  # not the operations' own: openapi-generator makes a module of each tag

OPERATIONS: Mapping[tuple[str, str], Described] = {
    ("GET", "/webhooks/deliveries"): Described(
        _WEBHOOKS,
        "List webhooks",
        listed("Delivery", "A page of the log, newest first.", *PAGE),
        parameters=(
            Parameter("run_id", "Only those of this run.", UUID),
            Parameter("thread_id", "Only those of this thread.", UUID),
            chosen("status", "Only those that stand so.", STATES),
            number("limit", "How many at most.", 1, MAX_LIMIT, 10),
            number("offset", "How many to skip.", 0, MAX_OFFSET, 0),
        ),
        detail="Of our own. The log is kept for three days, unless set otherwise.",
    ),
    ("POST", "/webhooks/deliveries/{delivery_id}/redeliver"): Described(
        _WEBHOOKS,
        "Send a webhook again",
        {202: Answer("It is pending, and due now.", ref("Delivery"))},
        (404,),
        detail="Of our own. However it went before; under the same `webhook-id`.",
    ),
}

_SENT = (
    ("webhook-id", "Names it, the same in every attempt.", True),
    ("webhook-timestamp", "When this attempt was made, in seconds since 1970.", True),
    ("webhook-signature", "By the scheme of Standard Webhooks, where a secret is set.", False),
)

WEBHOOKS: Mapping[str, Schema] = {
    "runEnded": {
        "post": {
            "tags": [_SENDING],
            "summary": "A run has ended",
            "description": "Sent to the `webhook` of a run, once, when it has ended.",
            "operationId": "webhook_run_ended",
            "parameters": [
                {"name": name, "in": "header", "required": must, "description": text}
                | {"schema": TEXT}
                for name, text, must in _SENT
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": ref("RunEnded")}},
            },
            "responses": {
                "2XX": {"description": "It is delivered."},
                "4XX": {"description": "It has failed, unless the status is 408, 409, 425 or 429."},
                "5XX": {"description": "It is sent again, for a day."},
            },
        }
    }
}
"""What the server sends."""

PATH_PARAMETERS: Mapping[str, tuple[str, Schema]] = {"delivery_id": ("The webhook.", UUID)}

TAGS: Mapping[str, str] = {
    _WEBHOOKS: "What was told to the receivers that runs name.",
    _SENDING: "What the server itself sends.",
}
