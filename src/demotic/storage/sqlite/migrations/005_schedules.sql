-- Runs that start by the clock. `run` is what each is asked for, `scope` on whose behalf (JSON).
CREATE TABLE schedule (
    id           TEXT PRIMARY KEY,
    assistant_id TEXT NOT NULL REFERENCES assistant (id) ON DELETE CASCADE,
    thread_id    TEXT REFERENCES thread (id) ON DELETE CASCADE,
    expression   TEXT NOT NULL,
    zone         TEXT,
    end_us       INTEGER,
    enabled      INTEGER NOT NULL,
    next_us      INTEGER,
    run          TEXT NOT NULL,
    scope        TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    reply_format TEXT NOT NULL,
    created_us   INTEGER NOT NULL,
    updated_us   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX schedule_due ON schedule (next_us) WHERE enabled = 1 AND next_us IS NOT NULL;
CREATE INDEX schedule_thread ON schedule (thread_id);
CREATE INDEX schedule_assistant ON schedule (assistant_id);
CREATE INDEX schedule_created ON schedule (created_us, id);
