"""What becomes of a thread when a run on it has come to its end, on a connection."""

import apsw

from demotic.storage.sqlite import checkpoint_removal, copying
from demotic.storage.sqlite.rows import ENDS_THREAD
from demotic.storage.sqlite.statements import Q, every


def leave(c: apsw.Connection, thread_id: str, kind: int, now_us: int) -> bool:
    """End the thread of a run of this kind that has ended, if it is to end with it; whether it
    has.

    A thread that the run only names stays where others have a run on it by then.
    """
    if not kind or (kind == ENDS_THREAD and every(c, Q.unfinished_runs, (thread_id,))):
        return False
    c.execute(Q.end_temporary_thread, (thread_id, now_us))
    if kind == ENDS_THREAD:
        copying.complete_from(c, thread_id)
        for query in (Q.delete_thread_tags, Q.delete_thread_values, Q.delete_thread_schedules):
            c.execute(query, (thread_id,))
    checkpoint_removal.delete_thread(c, thread_id)
    return True
