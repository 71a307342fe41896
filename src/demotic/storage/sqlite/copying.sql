-- name: insert_target
-- The thread to be, hidden; its lifetime begins when it is whole.
INSERT INTO thread (id, metadata, config, state, epoch, agent, values_document, created_us,
                    updated_us, state_updated_us, temporary, life_us, pruning, untagged)
SELECT ?2, metadata, config, 'idle', ?3, agent, values_document, ?4, ?4, ?4, 4, life_us, pruning,
       values_document IS NOT NULL
FROM thread WHERE id = ?1
ON CONFLICT (id) DO NOTHING
RETURNING 1;

-- name: begin
INSERT INTO thread_copy (target_id, source_id, upto)
VALUES (?1, ?2, (SELECT coalesce(max(ordinal), 0) FROM checkpoint WHERE thread_id = ?2))
RETURNING upto;

-- name: is_temporary
SELECT temporary > 0 FROM thread WHERE id = ?;

-- name: in_progress
SELECT 1 FROM thread_copy WHERE target_id = ? AND complete = 0;

-- name: of_source
SELECT target_id, upto FROM thread_copy WHERE source_id = ? AND complete = 0;

-- name: set_complete
UPDATE thread_copy SET complete = 1 WHERE target_id = ?;

-- name: window
-- The ordinal up to which the next checkpoints are copied together.
SELECT ordinal FROM checkpoint
WHERE thread_id = ?1 AND ordinal > ?2 AND ordinal <= ?3 ORDER BY ordinal LIMIT 1 OFFSET ?4;

-- name: copy_checkpoints
-- LangGraph keeps the thread's id in the metadata, too. The copies belong to no run.
INSERT INTO checkpoint
    (thread_id, ns, id, ordinal, parent_id, run_id, epoch, body, roots, metadata, inherited)
SELECT :target, ns, id, ordinal, parent_id, NULL, 0, body, roots,
    CASE json_extract(metadata, '$.thread_id') WHEN :source
        THEN json_set(metadata, '$.thread_id', :target) ELSE metadata END,
    inherited
FROM checkpoint WHERE thread_id = :source AND ordinal > :after AND ordinal <= :upto
ON CONFLICT DO NOTHING;

-- name: copy_writes
-- Epochs of the source mean nothing in the target: of each slot the row that is read is copied.
INSERT INTO checkpoint_write
    (thread_id, ns, checkpoint_id, task_id, idx, run_id, epoch, task_path, channel, data, roots)
SELECT :target, ns, checkpoint_id, task_id, idx, '', 0, task_path, channel, data, roots
FROM (
    SELECT w.*, row_number() OVER (
        PARTITION BY w.ns, w.checkpoint_id, w.task_id, w.idx
        ORDER BY CASE WHEN w.idx < 0 THEN -w.epoch ELSE w.epoch END, w.run_id) AS place
    FROM checkpoint AS c
    CROSS JOIN checkpoint_write AS w
        ON w.thread_id = c.thread_id AND w.ns = c.ns AND w.checkpoint_id = c.id
    WHERE c.thread_id = :source AND c.ordinal > :after AND c.ordinal <= :upto)
WHERE place = 1
ON CONFLICT DO NOTHING;

-- name: next_values
SELECT digest, length(data) FROM checkpoint_value
WHERE thread_id = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3;

-- name: copy_values
INSERT INTO checkpoint_value (thread_id, digest, data)
SELECT :target, digest, data FROM checkpoint_value
WHERE thread_id = :source AND digest > :after AND digest <= :upto
ON CONFLICT DO NOTHING;

-- name: copy_all_values
INSERT INTO checkpoint_value (thread_id, digest, data)
SELECT :target, digest, data FROM checkpoint_value WHERE thread_id = :source
ON CONFLICT DO NOTHING;

-- name: copy_document
INSERT OR IGNORE INTO document (thread_id, digest, data)
SELECT ?2, digest, data FROM document WHERE thread_id = ?1 AND digest = ?3;

-- name: copy_all_documents
INSERT OR IGNORE INTO document (thread_id, digest, data)
SELECT ?2, digest, data FROM document WHERE thread_id = ?1;

-- name: reveal
UPDATE thread SET temporary = 0, expires_us = ?2 + life_us WHERE id = ?1 RETURNING metadata;

-- name: end
DELETE FROM thread_copy WHERE target_id = ?;

-- name: unfinished
SELECT id FROM thread WHERE temporary = 4;
