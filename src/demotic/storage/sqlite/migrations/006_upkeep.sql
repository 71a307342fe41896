-- Lifetimes of threads, threads that are being copied, and an index of values.

-- What is taken (pruning) life_us after the last run or change of state; expires_us is when.
ALTER TABLE thread ADD COLUMN life_us INTEGER;
ALTER TABLE thread ADD COLUMN pruning TEXT CHECK (pruning IN ('delete', 'keep_latest'));
ALTER TABLE thread ADD COLUMN expires_us INTEGER;
CREATE INDEX thread_expires ON thread (expires_us) WHERE expires_us IS NOT NULL;

-- Threads that are being copied. Until it is whole the target has temporary = 4, which nobody
-- sees. Of the source's checkpoints those up to an ordinal belong to the copy.
CREATE TABLE thread_copy (
    target_id TEXT PRIMARY KEY REFERENCES thread (id) ON DELETE CASCADE,
    source_id TEXT NOT NULL,
    upto      INTEGER NOT NULL,
    complete  INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX thread_copy_source ON thread_copy (source_id);

-- Top-level scalar entries of the threads' values, as thread_tag has those of their metadata.
-- They are brought up to date by the search that wants them: untagged = 1 until then.
CREATE TABLE thread_value (
    key        TEXT NOT NULL,
    value      TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    thread_id  TEXT NOT NULL REFERENCES thread (id) ON DELETE CASCADE,
    PRIMARY KEY (key, value, created_us, thread_id)
) WITHOUT ROWID;
CREATE INDEX thread_value_thread ON thread_value (thread_id);
ALTER TABLE thread ADD COLUMN untagged INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET untagged = 1 WHERE values_document IS NOT NULL;
CREATE INDEX thread_untagged ON thread (id) WHERE untagged = 1 AND temporary = 0;
