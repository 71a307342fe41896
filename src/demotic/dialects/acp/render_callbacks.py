"""What callbacks tell in ACP's words; pure."""

from demotic.dialects.acp.choices import RUN_STATUS
from demotic.dialects.acp.render import run_json
from demotic.dialects.acp.versions import NEWEST
from demotic.domain.deliveries import Change
from demotic.web.answers import encode


def callback_json(change: Change, sent_us: int) -> bytes | None:
    """ACP 0.2.3, RunCreate.webhook: the RunStateful or RunStateless at every change of its status;
    None where ACP has one word for both states.

    The version that the run was made in makes no difference: earlier ones took objects only.
    """
    status = RUN_STATUS[change.run.state]
    if change.before is not None and RUN_STATUS[change.before] == status:
        return None
    stateful = "on_completion" not in change.run.reply_format["creation"]
    return encode(run_json(change.run, NEWEST, stateful=stateful))
