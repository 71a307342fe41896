-- Runs go on in a new leg when they are resumed, and may outlive their temporary thread.

-- What the run wrote up to this epoch belongs to earlier legs.
ALTER TABLE run ADD COLUMN leg INTEGER NOT NULL DEFAULT 0;

-- run.temporary 2, thread.temporary 3: the run stays readable by its id for the retention time.
DROP INDEX thread_ended;
CREATE INDEX thread_ended ON thread (temporary, updated_us) WHERE temporary > 0;
CREATE INDEX run_assistant ON run (assistant_id, ordinal);
