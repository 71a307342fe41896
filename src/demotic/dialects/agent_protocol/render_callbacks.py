"""What callbacks tell in this dialect's words; pure."""

from demotic.dialects.agent_protocol.render import run_json
from demotic.domain.deliveries import Change
from demotic.web.answers import encode


def callback_json(change: Change, sent_us: int) -> bytes:
    """Agent Protocol 0.1.6, RunCreate.webhook: the Run, as it was when it had finished."""
    return encode(run_json(change.run))
