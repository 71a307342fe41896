-- The first schema. Times are microseconds since 1970 (UTC); JSON is text, packed data is blob.

CREATE TABLE assistant (
    id          TEXT PRIMARY KEY,
    agent       TEXT NOT NULL,
    name        TEXT NOT NULL,
    description TEXT,
    config      TEXT NOT NULL,
    context     TEXT NOT NULL,
    metadata    TEXT NOT NULL,
    version     INTEGER NOT NULL,
    created_us  INTEGER NOT NULL,
    updated_us  INTEGER NOT NULL
) WITHOUT ROWID;

-- Every version of each assistant; the row above is a copy of the current one.
CREATE TABLE assistant_version (
    assistant_id TEXT NOT NULL REFERENCES assistant (id) ON DELETE CASCADE,
    version      INTEGER NOT NULL,
    agent        TEXT NOT NULL,
    name         TEXT NOT NULL,
    description  TEXT,
    config       TEXT NOT NULL,
    context      TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    created_us   INTEGER NOT NULL,
    PRIMARY KEY (assistant_id, version)
) WITHOUT ROWID;

-- state is what callers see: busy while a run is queued or running, else rest.
CREATE TABLE thread (
    id               TEXT PRIMARY KEY,
    metadata         TEXT NOT NULL,
    config           TEXT NOT NULL,
    state            TEXT NOT NULL CHECK (state IN ('idle', 'busy', 'interrupted', 'error')),
    rest             TEXT NOT NULL DEFAULT 'idle',
    epoch            INTEGER NOT NULL,
    agent            TEXT,
    values_document  BLOB,
    interrupts       TEXT,
    error            TEXT,
    reason           TEXT,
    -- 0: kept; 1: deleted with its run's end; 2: ended, kept a while for returning followers
    temporary        INTEGER NOT NULL DEFAULT 0,
    created_us       INTEGER NOT NULL,
    updated_us       INTEGER NOT NULL,
    state_updated_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX thread_created ON thread (created_us, id) WHERE temporary = 0;
-- It holds all that a search may filter by state or sort by: whatever changes of that changes
-- updated_us, too.
CREATE INDEX thread_updated ON thread (updated_us, id, state, created_us, state_updated_us)
    WHERE temporary = 0;
CREATE INDEX thread_ended ON thread (updated_us) WHERE temporary = 2;

-- Top-level scalar entries of thread.metadata, so that a search by metadata uses an index; of
-- kept threads only (temporary = 0), and in the order that a search has by default.
CREATE TABLE thread_tag (
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    thread_id  TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    PRIMARY KEY (key, value, created_us, thread_id)
) WITHOUT ROWID;
CREATE INDEX thread_tag_thread ON thread_tag (thread_id);

-- A deleted thread's last epoch: the same id, created again, must start above it.
CREATE TABLE tombstone (
    thread_id  TEXT PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    deleted_us INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE run (
    ordinal      INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    thread_id    TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    assistant_id TEXT NOT NULL,
    agent        TEXT NOT NULL,
    state        TEXT NOT NULL,
    reason       TEXT,
    head         INTEGER NOT NULL DEFAULT 0,
    ready_us     INTEGER NOT NULL,
    request      TEXT NOT NULL,
    metadata     TEXT NOT NULL,
    busy_policy  TEXT NOT NULL,
    temporary    INTEGER NOT NULL,
    reply_format TEXT NOT NULL,
    attempt      INTEGER NOT NULL DEFAULT 0,
    losses       INTEGER NOT NULL DEFAULT 0,
    epoch        INTEGER NOT NULL DEFAULT 0,
    worker       TEXT,
    lease_us     INTEGER,
    claimed      INTEGER NOT NULL DEFAULT 0,
    base         TEXT,
    seen         INTEGER,
    -- what the thread showed before the first claim, for a rollback (JSON)
    before       TEXT,
    cancel       TEXT,
    output       BLOB,
    interrupts   TEXT,
    shown        TEXT,
    pending      INTEGER NOT NULL DEFAULT 0,
    error        TEXT,
    created_us   INTEGER NOT NULL,
    updated_us   INTEGER NOT NULL
);
CREATE INDEX run_thread ON run (thread_id, ordinal);
CREATE INDEX run_queue ON run (ready_us, ordinal) WHERE state = 'queued' AND head = 1;
CREATE INDEX run_lease ON run (lease_us) WHERE state = 'running';
-- At most one run of a thread is running: the rule stands in the schema, too.
CREATE UNIQUE INDEX run_one_per_thread ON run (thread_id) WHERE state = 'running';
CREATE INDEX run_unfinished ON run (thread_id, ordinal)
    WHERE state IN ('queued', 'running', 'waiting');

-- Requests that were admitted under an idempotency key.
CREATE TABLE idempotency (
    key        TEXT PRIMARY KEY,
    digest     BLOB NOT NULL,
    run_id     TEXT NOT NULL,
    created_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_us);

-- Documents (run outputs, thread values) are content-addressed per thread.
CREATE TABLE document (
    thread_id TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    digest    BLOB NOT NULL,
    data      BLOB NOT NULL,
    PRIMARY KEY (thread_id, digest)
) WITHOUT ROWID;

-- The feed: one row per packed batch of events, keyed by its first position.
CREATE TABLE feed (
    thread_id  TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    seq        INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL,
    run_id     TEXT NOT NULL,
    written_us INTEGER NOT NULL,
    packed     BLOB NOT NULL,
    PRIMARY KEY (thread_id, seq)
) WITHOUT ROWID;
CREATE INDEX feed_written ON feed (written_us);

CREATE TABLE checkpoint (
    thread_id TEXT NOT NULL,
    ns        TEXT NOT NULL,
    id        TEXT NOT NULL,
    ordinal   INTEGER NOT NULL,
    parent_id TEXT,
    run_id    TEXT,
    epoch     INTEGER,
    body      BLOB NOT NULL,
    roots     BLOB NOT NULL,
    metadata  TEXT NOT NULL,
    inherited TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (thread_id, ns, id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX checkpoint_ordinal ON checkpoint (thread_id, ordinal);
CREATE INDEX checkpoint_order ON checkpoint (thread_id, ns, ordinal);
CREATE INDEX checkpoint_run ON checkpoint (run_id) WHERE run_id IS NOT NULL;

CREATE TABLE checkpoint_head (
    thread_id     TEXT NOT NULL,
    ns            TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    ordinal       INTEGER NOT NULL,
    PRIMARY KEY (thread_id, ns)
) WITHOUT ROWID;

-- The run is part of the key: a later run's resume value lies beside an earlier run's.
CREATE TABLE checkpoint_write (
    thread_id     TEXT NOT NULL,
    ns            TEXT NOT NULL,
    checkpoint_id TEXT NOT NULL,
    task_id       TEXT NOT NULL,
    idx           INTEGER NOT NULL,
    run_id        TEXT NOT NULL DEFAULT '',
    epoch         INTEGER NOT NULL DEFAULT 0,
    task_path     TEXT NOT NULL,
    channel       TEXT NOT NULL,
    data          BLOB NOT NULL,
    roots         BLOB NOT NULL,
    PRIMARY KEY (thread_id, ns, checkpoint_id, task_id, idx, run_id)
) WITHOUT ROWID;
CREATE INDEX checkpoint_write_run ON checkpoint_write (run_id) WHERE run_id <> '';

CREATE TABLE checkpoint_value (
    thread_id TEXT NOT NULL,
    digest    BLOB NOT NULL,
    data      BLOB NOT NULL,
    PRIMARY KEY (thread_id, digest)
) WITHOUT ROWID;
