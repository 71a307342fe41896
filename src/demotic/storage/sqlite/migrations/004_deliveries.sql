-- Callbacks of runs, and the outbox that tells them.

ALTER TABLE run ADD COLUMN callback TEXT;
-- When the run was first claimed.
ALTER TABLE run ADD COLUMN started_us INTEGER;

-- One row per change that is told. Nothing of it goes with its run or thread: it tells of those
-- that are gone, too.
CREATE TABLE delivery (
    ordinal    INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    run_id     TEXT NOT NULL,
    thread_id  TEXT NOT NULL,
    -- of the thread, as it was then: what scopes filter by
    metadata   TEXT NOT NULL,
    url        TEXT NOT NULL,
    -- scheme, host and port of the url
    receiver   TEXT NOT NULL,
    run_state  TEXT NOT NULL,
    change     BLOB NOT NULL,
    state      TEXT NOT NULL DEFAULT 'pending'
               CHECK (state IN ('pending', 'delivered', 'failed', 'refused')),
    -- 1: the first of its run that is pending; only such a one can be claimed
    head       INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    log        TEXT NOT NULL DEFAULT '[]',
    -- pending: when it may be claimed; claimed: when the claim ends
    due_us     INTEGER NOT NULL,
    since_us   INTEGER NOT NULL,
    worker     TEXT,
    claim      INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL
);
-- It holds the receiver, so that those of a receiver that is full are passed over quickly.
CREATE INDEX delivery_due ON delivery (due_us, ordinal, receiver)
    WHERE state = 'pending' AND head = 1;
CREATE INDEX delivery_run ON delivery (run_id, ordinal);
CREATE INDEX delivery_thread ON delivery (thread_id, ordinal);
CREATE INDEX delivery_state ON delivery (state, ordinal);
CREATE INDEX delivery_ended ON delivery (updated_us) WHERE state <> 'pending';
