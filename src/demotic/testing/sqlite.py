"""What tests on SQLite need beyond the ports."""

import apsw

from demotic.domain.runs import LeaseKey
from demotic.storage.sqlite.database import Database

_THREAD = """
INSERT INTO thread (id, metadata, config, state, epoch, created_us, updated_us, state_updated_us)
VALUES (?, '{}', '{}', 'busy', 0, 0, 0, 0) ON CONFLICT DO NOTHING
"""
_OTHERS = "UPDATE run SET state = 'failed' WHERE thread_id = ? AND state = 'running'"
_RUN = """
INSERT INTO run (id, thread_id, assistant_id, agent, state, ready_us, request, metadata,
                 busy_policy, temporary, reply_format, epoch, created_us, updated_us)
VALUES (?, ?, 'assistant', 'agent', 'running', 0, '{}', '{}', 'enqueue', 0, '{}', ?, 0, 0)
ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, state = 'running'
"""


def hold_lease(database: Database, key: LeaseKey) -> LeaseKey:
    """Make the key's run the one that runs on its thread, without a worker or a queue."""

    def job(connection: apsw.Connection) -> None:
        connection.execute(_THREAD, (key.thread_id,))
        connection.execute(_OTHERS, (key.thread_id,))
        connection.execute(_RUN, (key.run_id, key.thread_id, key.epoch))

    database.write("hold_lease", job).result()
    return key
