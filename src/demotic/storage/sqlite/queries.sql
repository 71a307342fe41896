-- Statements of the run, thread, assistant and feed operations. Parameters are bound, always.

-- name: insert_assistant
INSERT INTO assistant (id, agent, name, description, config, context, metadata, version,
                       created_us, updated_us)
VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
ON CONFLICT (id) DO NOTHING
RETURNING 1

-- name: set_assistant
UPDATE assistant
SET agent = ?2, name = ?3, description = ?4, config = ?5, context = ?6, metadata = ?7, version = ?8,
    updated_us = ?9
WHERE id = ?1

-- name: insert_version
INSERT INTO assistant_version (assistant_id, version, agent, name, description, config, context,
                               metadata, created_us)
SELECT id, version, agent, name, description, config, context, metadata, updated_us
FROM assistant WHERE id = ?

-- name: newest_version
SELECT max(version) FROM assistant_version WHERE assistant_id = ?

-- name: list_versions
SELECT assistant_id, agent, name, description, config, context, metadata, version, created_us,
       created_us
FROM assistant_version
WHERE assistant_id = ?1 AND json_within(metadata, ?2)
ORDER BY version DESC LIMIT ?3 OFFSET ?4

-- name: choose_version
UPDATE assistant
SET agent = v.agent, name = v.name, description = v.description, config = v.config,
    context = v.context, metadata = v.metadata, version = v.version, updated_us = ?3
FROM assistant_version v
WHERE assistant.id = ?1 AND v.assistant_id = ?1 AND v.version = ?2
RETURNING 1

-- name: delete_assistant
DELETE FROM assistant WHERE id = ?

-- name: get_assistant
SELECT id, agent, name, description, config, context, metadata, version, created_us, updated_us
FROM assistant WHERE id = ?1 AND json_within(metadata, ?2)

-- name: insert_thread
INSERT INTO thread (id, metadata, config, state, epoch, agent, temporary, created_us, updated_us,
                    state_updated_us, life_us, pruning, expires_us)
VALUES (?1, ?2, '{}', ?3, ?4, ?5, ?6, ?7, ?7, ?7, ?8, ?9, ?7 + ?8)
ON CONFLICT (id) DO NOTHING
RETURNING 1

-- name: insert_thread_tag
INSERT OR IGNORE INTO thread_tag (key, value, created_us, thread_id)
SELECT ?1, ?2, created_us, id FROM thread WHERE id = ?3 AND temporary = 0

-- name: delete_thread_tags
DELETE FROM thread_tag WHERE thread_id = ?

-- name: delete_thread_values
DELETE FROM thread_value WHERE thread_id = ?

-- name: delete_thread_schedules
DELETE FROM schedule WHERE thread_id = ?

-- name: is_over
-- Whether a thread has ended and is there for its runs' sake only.
SELECT 1 FROM thread WHERE id = ? AND temporary IN (2, 3)

-- name: get_tombstone
SELECT epoch FROM tombstone WHERE thread_id = ?

-- name: insert_tombstone
INSERT INTO tombstone (thread_id, epoch, deleted_us) VALUES (?1, ?2, ?3)
ON CONFLICT (thread_id) DO UPDATE SET epoch = max(epoch, ?2), deleted_us = ?3

-- name: get_thread
SELECT t.id, t.metadata, t.config, t.agent, t.state, t.values_document, t.interrupts, t.error,
       t.created_us, t.updated_us, t.state_updated_us, t.reason, t.life_us, t.pruning, t.expires_us
FROM thread t
WHERE t.id = ?1 AND t.temporary < 2 AND json_within(t.metadata, ?2)

-- name: list_threads
-- The threads of a JSON list of ids, in its order, with their values' documents if asked to.
SELECT t.id, t.metadata, t.config, t.agent, t.state, t.values_document, t.interrupts, t.error,
       t.created_us, t.updated_us, t.state_updated_us, t.reason, t.life_us, t.pruning, t.expires_us,
       d.data
FROM json_each(?1) AS wanted
CROSS JOIN thread t ON t.id = wanted.value
LEFT JOIN document d ON ?2 AND d.thread_id = t.id AND d.digest = t.values_document
ORDER BY wanted.key

-- name: get_thread_to_run
SELECT metadata, epoch, rest FROM thread
WHERE id = ?1 AND temporary < 2 AND json_within(metadata, ?2)

-- name: mark_thread_busy
UPDATE thread
SET state = 'busy', metadata = ?2, agent = ?3, updated_us = ?4, config = ?5,
    expires_us = ?4 + life_us
WHERE id = ?1

-- name: occupy_thread
UPDATE thread SET state = 'busy', updated_us = ?2 WHERE id = ?1

-- name: raise_epoch
UPDATE thread SET epoch = epoch + 1 WHERE id = ? RETURNING epoch

-- name: rest_thread
UPDATE thread
SET state = ?2, rest = ?3, values_document = coalesce(?4, values_document), interrupts = ?5,
    error = ?6, updated_us = ?7, state_updated_us = ?7, reason = ?8, expires_us = ?7 + life_us,
    untagged = untagged OR (?4 IS NOT NULL AND ?4 IS NOT values_document)
WHERE id = ?1

-- name: change_thread_metadata
UPDATE thread SET metadata = ?2, updated_us = ?3 WHERE id = ?1

-- name: set_life
UPDATE thread SET life_us = ?2, pruning = ?3, expires_us = ?4 + ?2 WHERE id = ?1

-- name: touch_thread
UPDATE thread SET updated_us = ?2, expires_us = ?2 + life_us WHERE id = ?1

-- name: settle_thread
UPDATE thread
SET state = CASE WHEN EXISTS (SELECT 1 FROM run WHERE thread_id = ?1
                              AND state IN ('queued', 'running')
                              AND assistant_id <> '') THEN 'busy' ELSE rest END,
    updated_us = ?2
WHERE id = ?1

-- name: end_temporary_thread
-- Its run may be readable for longer: then so is what it refers to.
UPDATE thread
SET temporary = CASE WHEN (SELECT max(temporary) FROM run WHERE thread_id = ?1) > 1 THEN 3 ELSE 2 END,
    state = 'idle', updated_us = ?2
WHERE id = ?1

-- name: delete_thread
DELETE FROM thread WHERE id = ? RETURNING epoch

-- name: checkpoint_position
SELECT (SELECT checkpoint_id FROM checkpoint_head WHERE thread_id = ?1 AND ns = ''),
       (SELECT max(ordinal) FROM checkpoint_head WHERE thread_id = ?1)

-- name: insert_write
-- A run without an assistant is the lease of a change of state: no caller sees it.
INSERT INTO run (id, thread_id, assistant_id, agent, state, head, ready_us, request, metadata,
                 busy_policy, temporary, reply_format, epoch, worker, lease_us, created_us,
                 updated_us)
VALUES (?1, ?2, '', ?3, 'running', 0, ?7, '{}', '{}', 'reject', 0, '{}', ?4, ?5, ?6, ?7, ?7)

-- name: give_thread_agent
UPDATE thread SET agent = coalesce(agent, ?2) WHERE id = ?1

-- name: get_write_agent
SELECT agent FROM run WHERE id = ?

-- name: unfinished_runs
SELECT id, state, ready_us, assistant_id = '', callback IS NOT NULL FROM run
WHERE thread_id = ? AND state IN ('queued', 'running', 'waiting') ORDER BY ordinal

-- name: insert_run
INSERT INTO run (id, thread_id, assistant_id, agent, state, head, ready_us, request, metadata,
                 busy_policy, temporary, reply_format, attempt, epoch, worker, lease_us, claimed,
                 base, seen, created_us, updated_us, started_us, callback, before)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
        ?21, ?22, ?23, CASE ?17 WHEN 0 THEN NULL ELSE (SELECT json_array(rest, hex(values_document),
             interrupts, error) FROM thread WHERE id = ?2) END)

-- name: resume_run
UPDATE run
SET state = ?2, reason = NULL, request = ?3, ready_us = ?4, updated_us = ?4, claimed = 0, cancel = NULL,
    attempt = 0, losses = 0, head = 0,
    leg = (SELECT epoch FROM thread WHERE id = run.thread_id)
WHERE id = ?1

-- name: next_claimable
SELECT id FROM run
WHERE state = 'queued' AND head = 1 AND ready_us <= ?1
  AND agent IN (SELECT value FROM json_each(?2))
ORDER BY ready_us, ordinal LIMIT 1

-- name: claim_run
UPDATE run
SET state = ?2, attempt = attempt + 1, epoch = ?3, worker = ?4, lease_us = ?5,
    base = CASE claimed WHEN 0 THEN ?6 ELSE base END,
    before = coalesce(before, (SELECT json_array(rest, hex(values_document), interrupts, error)
                               FROM thread WHERE id = run.thread_id)),
    claimed = 1, seen = ?7, updated_us = ?8, started_us = coalesce(started_us, ?8)
WHERE id = ?1

-- name: get_run
SELECT id, thread_id, assistant_id, agent, state, reason, request, metadata, busy_policy,
       temporary, reply_format, attempt, epoch, error, created_us, updated_us, started_us, callback
FROM run WHERE id = ? AND assistant_id <> ''

-- name: get_base
SELECT base, leg FROM run WHERE id = ?

-- name: is_within
-- Whether a thread, ended or not, belongs to a scope.
SELECT 1 FROM thread WHERE id = ?1 AND json_within(metadata, ?2)


-- name: list_runs
SELECT id, thread_id, assistant_id, agent, state, reason, request, metadata, busy_policy,
       temporary, reply_format, attempt, epoch, error, created_us, updated_us, started_us, callback
FROM run
WHERE thread_id = ?1 AND assistant_id <> '' AND (?2 IS NULL OR state IN (SELECT value FROM json_each(?2)))
ORDER BY ordinal DESC LIMIT ?3 OFFSET ?4

-- name: fenced_run
SELECT temporary, cancel, callback IS NOT NULL FROM run
WHERE id = ?1 AND thread_id = ?2 AND epoch = ?3 AND state = 'running'

-- name: renew_lease
UPDATE run SET lease_us = ?4
WHERE id = ?1 AND thread_id = ?2 AND epoch = ?3 AND state = 'running' RETURNING 1

-- name: release_run
UPDATE run SET state = ?2, worker = NULL, lease_us = NULL, updated_us = ?3, losses = ?4
WHERE id = ?1
RETURNING callback IS NOT NULL

-- name: end_run
UPDATE run
SET state = ?2, reason = ?3, head = 0, worker = NULL, lease_us = NULL, output = ?4,
    interrupts = ?5, shown = ?6, pending = ?7, error = ?8, updated_us = ?9
WHERE id = ?1
RETURNING callback IS NOT NULL

-- name: set_run_state
UPDATE run SET state = ?2, reason = ?3, head = 0, updated_us = ?4 WHERE id = ?1
RETURNING callback IS NOT NULL

-- name: store_cancel
UPDATE run SET cancel = ?2, updated_us = ?3 WHERE id = ?1

-- name: delete_run
DELETE FROM run WHERE id = ?

-- name: delete_run_feed
DELETE FROM feed WHERE thread_id = ? AND run_id = ?

-- name: elect_head
WITH best AS (SELECT ordinal FROM run
              WHERE thread_id = ?1 AND state = 'queued'
              ORDER BY ready_us > ?2, ready_us * (ready_us > ?2), ordinal LIMIT 1)
UPDATE run SET head = NOT head
WHERE thread_id = ?1 AND state = 'queued' AND head <> (ordinal = (SELECT ordinal FROM best))
  AND NOT EXISTS (SELECT 1 FROM run WHERE thread_id = ?1 AND state = 'running')
RETURNING head

-- name: demote_delayed
-- The + keeps it from run_queue, where the heads of all threads are.
UPDATE run SET head = 0 WHERE thread_id = ? AND state = 'queued' AND +head = 1

-- name: restore_thread
UPDATE thread
SET rest = json_extract(?2, '$[0]'), values_document = nullif(unhex(json_extract(?2, '$[1]')), x''),
    interrupts = json_extract(?2, '$[2]'), error = json_extract(?2, '$[3]'),
    state_updated_us = ?3, reason = 'rollback', untagged = 1
WHERE id = ?1

-- name: get_before
SELECT before, callback IS NOT NULL FROM run WHERE id = ?

-- name: get_idempotent
SELECT digest, run_id FROM idempotency WHERE key = ?1 AND created_us >= ?2

-- name: put_idempotent
INSERT INTO idempotency (key, digest, run_id, created_us) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (key) DO UPDATE SET digest = ?2, run_id = ?3, created_us = ?4

-- name: trim_idempotent
DELETE FROM idempotency WHERE created_us < ?

-- name: expired_runs
SELECT r.id, r.thread_id, r.losses, r.seen, r.cancel, r.base, r.assistant_id = ''
FROM run r
WHERE r.state = 'running' AND (r.lease_us < ?1 OR (?2 IS NOT NULL AND r.worker <> ?2))

-- name: get_outcome
SELECT state, reason, output, interrupts, shown, error, pending, thread_id FROM run WHERE id = ?

-- name: insert_document
INSERT OR IGNORE INTO document (thread_id, digest, data) VALUES (?, ?, ?)

-- name: get_document
SELECT data FROM document WHERE thread_id = ? AND digest = ?

-- name: append_batch
INSERT INTO feed (thread_id, seq, last_seq, run_id, written_us, packed)
VALUES (?, ?, ?, ?, ?, ?)

-- name: read_batches
SELECT run_id, packed FROM feed
WHERE thread_id = ?1 AND last_seq > ?2 AND (?3 IS NULL OR run_id = ?3)
ORDER BY seq

-- name: trim_batches
DELETE FROM feed WHERE (thread_id, seq) IN
    (SELECT thread_id, seq FROM feed WHERE written_us < ? ORDER BY written_us LIMIT 1000)

-- name: trim_tombstones
DELETE FROM tombstone WHERE deleted_us < ?1 AND epoch < ?2

-- name: ended_temporary_threads
SELECT id FROM thread
WHERE (temporary = 2 AND updated_us < ?1)
   OR (temporary = 3 AND updated_us < ?2)
   OR (temporary = 1 AND updated_us < ?2 AND NOT EXISTS (
          SELECT 1 FROM run WHERE thread_id = thread.id AND state IN ('queued', 'running')))
LIMIT 200
